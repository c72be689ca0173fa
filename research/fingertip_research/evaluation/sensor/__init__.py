"""The simulated depth sensor beside real ones: targets, recordings, figures, pictures."""
