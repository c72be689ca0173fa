"""Which hand is the left one: evidence gathered over time, for one picture alone is often wrong on curled fingers."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from fingertip_contact.datatypes import Handedness

# Log-odds. One picture counts no more than a probability of 0.95, and the memory no more than ten such pictures, so
# that a mistake at the start is outvoted in a third of a second at 30 Hz.
MAX_FRAME_LOG_ODDS = 3.0
MAX_LOG_ODDS = 10 * MAX_FRAME_LOG_ODDS
# What the name a hand already has is worth: it does not flicker where the evidence is balanced.
HYSTERESIS_LOG_ODDS = 2 * MAX_FRAME_LOG_ODDS


def update_log_odds(log_odds: float, right_probability: float) -> float:
    """Log-odds of "right" after one more picture that gave it the probability `right_probability`, 0..1."""
    probability = min(max(right_probability, 1e-6), 1 - 1e-6)
    frame_log_odds = log(probability / (1 - probability))
    frame_log_odds = min(max(frame_log_odds, -MAX_FRAME_LOG_ODDS), MAX_FRAME_LOG_ODDS)
    return min(max(log_odds + frame_log_odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)


def assign_handedness(log_odds: Sequence[float], previous: Sequence[Handedness | None]) -> list[Handedness]:
    """Left or right for each hand, from its log-odds of "right" and the name it had (None: none yet).

    Two hands in view belong to one person, so they get one name each, whichever way fits better together.
    """
    hysteresis = {"right": HYSTERESIS_LOG_ODDS, "left": -HYSTERESIS_LOG_ODDS, None: 0.0}
    biased_log_odds = [value + hysteresis[handedness] for value, handedness in zip(log_odds, previous, strict=True)]
    if len(biased_log_odds) == 2:
        return ["right", "left"] if biased_log_odds[0] >= biased_log_odds[1] else ["left", "right"]
    return ["right" if value >= 0 else "left" for value in biased_log_odds]


def handedness_probability(log_odds: float, handedness: Handedness) -> float:
    """The probability, 0..1, that gathered evidence gives to the name."""
    return 1 / (1 + exp(-log_odds if handedness == "right" else log_odds))
