"""Colour image to metric depth: Depth Anything V2, its checkpoints and runtimes, fusion with the sensor."""
