"""Fingertip measurements of each frame, and their history."""
