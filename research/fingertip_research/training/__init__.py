"""Fine-tuning of the depth network: configuration, data, loss, loop, checkpoints. Needs the extra `train`."""
