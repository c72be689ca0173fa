"""Simulation, evaluation, training, datasets, demo and benchmarks of fingertip_contact."""
