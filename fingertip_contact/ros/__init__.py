"""ROS glue that every node shares."""
