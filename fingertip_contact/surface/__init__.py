"""The desk plane, and whether the camera is placed well over it."""
