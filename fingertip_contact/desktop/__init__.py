"""Typing into the desktop by a virtual keyboard: docs/desktop.md. ROS-free; `nodes/key_injector_node.py` feeds it."""
