"""A simulated D405 over a desk with typing hands."""
