"""Datasets in the layout of the published D405 set: read, write, convert, check, label, split."""
