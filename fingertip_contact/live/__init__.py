"""Frames of a camera that is connected to this computer, or of a recording in its place. ROS-free."""
