"""The ROS nodes: glue between topics and the rest of the package."""

from fingertip_contact.runtime_tuning import limit_blas_threads

# Here, because a node's module imports numpy.
limit_blas_threads()
