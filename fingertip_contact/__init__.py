"""Fingertip contact detection: any flat surface becomes a keyboard."""
