"""The overlay for people, and its video."""
