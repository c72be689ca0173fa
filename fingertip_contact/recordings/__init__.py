"""Recordings: bags and their truth files."""
