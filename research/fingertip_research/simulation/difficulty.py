"""How hard a recording is to read: the habits of its participant, the quality of its images, the state of its desk."""

from __future__ import annotations

from typing import Literal

Difficulty = Literal["calm", "normal", "hard"]
DIFFICULTIES: tuple[Difficulty, ...] = ("calm", "normal", "hard")


def parse_difficulty(name: str) -> Difficulty:
    """Raises ValueError for a name that is not one of DIFFICULTIES."""
    for difficulty in DIFFICULTIES:
        if difficulty == name:
            return difficulty
    raise ValueError(f"difficulty is {name}: choose one of {', '.join(DIFFICULTIES)}")
