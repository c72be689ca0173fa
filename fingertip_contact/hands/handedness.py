"""Left or right: evidence accumulated over time, because single frames are often wrong on curled fingers."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

from fingertip_contact.datatypes import Handedness
from fingertip_contact.numerics import sigmoid

# Log-odds. One observation counts for at most a probability of 0.95, and the sum for at most ten such observations, so
# that a mistake at the start is outvoted in a third of a second.
MAX_OBSERVATION_LOG_ODDS = 3.0
MAX_LOG_ODDS = 10 * MAX_OBSERVATION_LOG_ODDS
# Observations closer in time than this count in proportion to the interval between them, so that evidence does not
# accumulate faster at higher frame rates. A frame at 30 Hz, with some jitter, counts in full.
INDEPENDENT_INTERVAL_NS = 30_000_000
# Log-odds in favour of the present handedness, so that it does not flicker while the evidence is balanced.
HYSTERESIS_LOG_ODDS = 2 * MAX_OBSERVATION_LOG_ODDS


def update_log_odds(log_odds: float, right_probability: float, interval_ns: int | None = None) -> float:
    """Log-odds of "right" after one more observation.

    right_probability: of this observation, 0..1. interval_ns: since the last observation; None for the first one.
    """
    probability = min(max(right_probability, 1e-6), 1 - 1e-6)
    observation_log_odds = log(probability / (1 - probability))
    observation_log_odds = min(max(observation_log_odds, -MAX_OBSERVATION_LOG_ODDS), MAX_OBSERVATION_LOG_ODDS)
    weight = 1.0 if interval_ns is None else min(interval_ns / INDEPENDENT_INTERVAL_NS, 1.0)
    return min(max(log_odds + weight * observation_log_odds, -MAX_LOG_ODDS), MAX_LOG_ODDS)


def assign_handedness(log_odds: Sequence[float], previous: Sequence[Handedness | None]) -> list[Handedness]:
    """Left or right for each hand, from its log-odds of "right" and its previous handedness (None: not known yet).

    Two hands in view belong to one person: they get the assignment of left and right that fits both better.
    """
    hysteresis = {"right": HYSTERESIS_LOG_ODDS, "left": -HYSTERESIS_LOG_ODDS, None: 0.0}
    biased_log_odds = [value + hysteresis[handedness] for value, handedness in zip(log_odds, previous, strict=True)]
    if len(biased_log_odds) == 2:
        return ["right", "left"] if biased_log_odds[0] >= biased_log_odds[1] else ["left", "right"]
    return ["right" if value >= 0 else "left" for value in biased_log_odds]


def compute_handedness_probability(log_odds: float, handedness: Handedness) -> float:
    """The probability, 0..1, of a handedness under the accumulated evidence."""
    return sigmoid(log_odds if handedness == "right" else -log_odds)
