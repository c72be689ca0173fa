"""Images as messages carry them, compressed or not, without ROS: every form becomes the fields of sensor_msgs/Image."""
