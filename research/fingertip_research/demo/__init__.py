"""The demo: simulated hands type, the real nodes decode the text over DDS, and the run is scored."""
