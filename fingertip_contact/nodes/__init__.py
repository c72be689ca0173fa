"""The ROS nodes: glue between topics and the rest of the package."""

import os

# OpenBLAS keeps its threads spinning for some 30 ms after every product of matrices, however small: at a camera's rate
# that is a core. One thread is as fast for what nodes multiply. It is read when numpy is loaded, so it is said here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
