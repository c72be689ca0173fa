"""The guided start: steps from a camera on a desk to a typed text, docs/setup.md. ROS-free; `cli/setup.py` runs it."""
