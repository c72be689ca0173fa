"""The research verbs of the `fingertip-contact` command."""
