"""Contact classifiers: which contact candidates are taps."""
