"""What a selftest needs without ROS: mutated files and their readers, stand-ins, processes; see ros.selftest."""
