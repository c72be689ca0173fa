"""What is known of each camera, and readers of cameras without ROS."""
