"""The demonstration: simulated hands type, the real nodes read over real DDS, and the run is scored."""
