"""Which hand is the left one: evidence gathered over time, for one picture alone is often wrong on curled fingers."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from fingertip_contact.frames import Handedness

# Log-odds. One picture counts no more than a probability of 0.95, and the memory no more than ten such pictures, so
# that a mistake at the start is outvoted in a third of a second at 30 Hz.
PICTURE_LIMIT = 3.0
MEMORY_LIMIT = 10 * PICTURE_LIMIT
# What the name a hand already has is worth: it does not flicker where the evidence is balanced.
HABIT = 2 * PICTURE_LIMIT


def add_evidence(evidence: float, right: float) -> float:
    """Log-odds of "right" after one more picture that gave it the probability `right`, 0..1."""
    probability = min(max(right, 1e-6), 1 - 1e-6)
    picture = log(probability / (1 - probability))
    picture = min(max(picture, -PICTURE_LIMIT), PICTURE_LIMIT)
    return min(max(evidence + picture, -MEMORY_LIMIT), MEMORY_LIMIT)


def name_hands(evidence: Sequence[float], names: Sequence[Handedness | None]) -> list[Handedness]:
    """Left or right for each hand, from its log-odds of "right" and the name it had (None: none yet).

    Two hands in view belong to one person, so they get one name each, whichever way fits better together.
    """
    habits = {"right": HABIT, "left": -HABIT, None: 0.0}
    leaning = [value + habits[name] for value, name in zip(evidence, names, strict=True)]
    if len(leaning) == 2:
        return ["right", "left"] if leaning[0] >= leaning[1] else ["left", "right"]
    return ["right" if value >= 0 else "left" for value in leaning]


def certainty(evidence: float, name: Handedness) -> float:
    """The probability, 0..1, that gathered evidence gives to the name."""
    return 1 / (1 + exp(-evidence if name == "right" else evidence))
