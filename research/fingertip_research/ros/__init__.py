"""ROS helpers of the demo, the benchmarks and the dataset recorder."""
