"""The ROS nodes: glue between topics and the rest of the package."""

from fingertip_contact.runtime_tuning import limit_blas_threads

# Here, because it has to precede numpy, which every node imports.
limit_blas_threads()
