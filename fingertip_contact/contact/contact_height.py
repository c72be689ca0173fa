"""Each finger's contact height: how high its visible surface stands over the desk while the pad touches it.

It depends on the finger, the hand, the camera and the posture, and is learnt while typing goes on. Taps end on the
desk, a hard stop: their lowest points lie close together, while dips of neighbours and near misses end anywhere above.
So the contact height is the mode at the lower end of the stops, found as the maximum a posteriori of a mixture.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

# Stops remembered a finger: recent ones only, since posture drifts.
MEMORY = 24
GRID_M = np.arange(-0.012, 0.01201, 0.00025)
PRIOR_SIGMA_M = 0.0022
# Scatter of the stops of taps, mean height of the other stops over the desk, share of stray ones a millimetre.
TAP_SIGMA_M = 0.0010
DIP_MEAN_M = 0.0045
STRAY_PER_M = 10.0


@dataclass(frozen=True)
class Stop:
    """A turn of a finger: how high over the guess it was, and how likely it was a tap by all but its height."""

    over_guess_m: float
    tap_share: float


class ContactHeight:
    """The contact height of one finger, as a correction of a geometric guess."""

    def __init__(self) -> None:
        self._stops: deque[Stop] = deque(maxlen=MEMORY)
        self.correction_m = 0.0
        self.weight = 0.0

    def add(self, stop: Stop, expected_m: float) -> None:
        """Take a stop in. expected_m: the correction that the other fingers of the hand make likely."""
        self._stops.append(stop)
        over_m = np.array([entry.over_guess_m for entry in self._stops])[:, None] - GRID_M
        share = np.array([entry.tap_share for entry in self._stops])[:, None]
        tap = np.exp(-0.5 * (over_m / TAP_SIGMA_M) ** 2) / (TAP_SIGMA_M * np.sqrt(2 * np.pi))
        dip = np.where(over_m > 0, np.exp(-np.maximum(over_m, 0) / DIP_MEAN_M) / DIP_MEAN_M, 0.0)
        likelihood = share * tap + (1 - share) * dip + STRAY_PER_M
        posterior = np.log(likelihood).sum(axis=0) - 0.5 * ((GRID_M - expected_m) / PRIOR_SIGMA_M) ** 2
        posterior = np.exp(posterior - posterior.max())
        self.correction_m = float((GRID_M * posterior).sum() / posterior.sum())
        self.weight = float(share.sum())
