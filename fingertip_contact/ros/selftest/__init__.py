"""Running nodes against faults: an artificial camera before them, a listener behind."""
