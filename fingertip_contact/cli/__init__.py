"""The `fingertip-contact` command: one file a verb."""
