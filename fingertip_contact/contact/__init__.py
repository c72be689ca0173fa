"""Hands and depth to contact events: surface, fingertip height, motion, state machine."""
