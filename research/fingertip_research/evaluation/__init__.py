"""Metrics of contact and typing, and the tables made of them."""
