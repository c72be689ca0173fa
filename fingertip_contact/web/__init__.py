"""A page and a websocket that show what is typed now: docs/web.md. ROS-free; `nodes/web_node.py` feeds it."""
