"""The nodes: glue between topics and the ROS-free rooms."""
