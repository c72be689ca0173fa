"""Ground truth of simulated recordings."""
