"""Consumers of key events in the same process; `registry.OUTPUTS` finds them by name."""
