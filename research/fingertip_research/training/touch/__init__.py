"""Fits the default contact classifier: an appearance network on crops, then trees over all cues."""
