"""Writes a recording again in the forms in which people have theirs."""
