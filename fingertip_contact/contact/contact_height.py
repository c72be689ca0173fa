"""Each finger's contact height: how high its visible surface stands over the desk while the pad touches it."""

from __future__ import annotations

import math
from collections import deque

# Stops remembered a finger, and how many of them the geometric guess counts as.
MEMORY = 25
PRIOR_WEIGHT = 2.0
LOW_QUANTILE = 0.3


class ContactHeight:
    """Learns from the heights at which a finger stops: taps end on the desk, so the lowest stops are the contact."""

    def __init__(self) -> None:
        self._stops_m: deque[float] = deque(maxlen=MEMORY)

    def add(self, visible_m: float) -> None:
        """A tap-like stop at this visible height."""
        self._stops_m.append(visible_m)

    def estimate_m(self, prior_m: float) -> float:
        """The contact height, metres, between the guess prior_m and what was seen."""
        if not self._stops_m:
            return prior_m
        ordered = sorted(self._stops_m)
        low_m = ordered[math.floor(LOW_QUANTILE * (len(ordered) - 1))]
        weight = len(ordered) / (len(ordered) + PRIOR_WEIGHT)
        return weight * low_m + (1 - weight) * prior_m
