"""Recordings: bags read and written without ROS, event files and JSON lines."""
