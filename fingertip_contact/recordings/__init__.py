"""Recordings: bags and their truth files, and datasets of pictures to train on."""
