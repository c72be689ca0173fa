"""What a selftest finds."""

from __future__ import annotations


class FindingError(AssertionError):
    """Something that has to hold and does not, in words."""


def require(condition: bool, message: str) -> None:
    """Raises FindingError with this message unless the condition holds."""
    if not condition:
        raise FindingError(message)
