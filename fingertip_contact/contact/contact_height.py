"""Each finger's contact height: how high its visible surface stands over the desk while the pad touches it.

It depends on the finger, the hand, the camera and the posture, and is learnt while typing goes on. Taps end on the
desk, a hard stop: their lowest points lie close together, while dips of neighbours and near misses end anywhere above.
So the contact height is the mode at the lower end of the stops, found as the maximum a posteriori of a mixture.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.history import COLUMNS
from fingertip_contact.frames import FINGERS

# Stops remembered a finger: recent ones only, since posture drifts.
MEMORY = 24
GRID_M = np.arange(-0.012, 0.01201, 0.00025)
PRIOR_SIGMA_M = 0.0008
# A thumb lies on its side: its rim stands higher (rendered hands, 45 to 75 degrees: 1.2 to 5 mm), and differs more.
THUMB_MORE_M, THUMB_SIGMA_M = 0.0020, 0.0018
# The steeper the camera looks down, the more a bent finger hides of its tip: what the guess gains by the sine of the
# camera's elevation (45, 60, 75 degrees; rendered hands).
ELEVATIONS = np.sin(np.radians([45.0, 60.0, 75.0]))
STEEP_MORE_M = np.array([-0.0003, 0.0, 0.0018])
# Fingertips lower than this tell nothing of where they are seen from.
LEVEL_M = 0.002
# Scatter of the stops of taps; other stops end anywhere in this range above.
TAP_SIGMA_M = 0.0008
DIP_RANGE_M = 0.012
STRAY_PER_M = 5.0
# Log-odds that a stop is no tap before its motion is looked at.
DIP_LOG_ODDS = 0.5


@dataclass(frozen=True)
class Stop:
    """A turn of a finger: how high over the guess it was, and how likely it was a tap by all but its height."""

    over_guess_m: float
    tap_share: float


class ContactHeight:
    """The contact height of one finger, as a correction of a guess. sigma_m: how far off the guess may be."""

    def __init__(self, sigma_m: float) -> None:
        self._sigma_m = sigma_m
        self._stops: deque[Stop] = deque(maxlen=MEMORY)
        self.correction_m = 0.0
        self.weight = 0.0

    def add(self, stop: Stop, expected_m: float) -> None:
        """Take a stop in. expected_m: the correction that the other fingers of the hand make likely."""
        self._stops.append(stop)
        over_m = np.array([entry.over_guess_m for entry in self._stops])[:, None] - GRID_M
        share = np.array([entry.tap_share for entry in self._stops])[:, None]
        tap = np.exp(-0.5 * (over_m / TAP_SIGMA_M) ** 2) / (TAP_SIGMA_M * np.sqrt(2 * np.pi))
        dip = np.where(over_m > 0, 1.0 / DIP_RANGE_M, 0.0)
        likelihood = share * tap + (1 - share) * dip + STRAY_PER_M
        posterior = np.log(likelihood).sum(axis=0) - 0.5 * ((GRID_M - expected_m) / self._sigma_m) ** 2
        posterior = np.exp(posterior - posterior.max())
        self.correction_m = float((GRID_M * posterior).sum() / posterior.sum())
        self.weight = float(share.sum())


class ContactHeights:
    """The contact heights of all fingers: a guess, corrected by what was seen of the finger and of its hand."""

    def __init__(self, guess_m: float) -> None:
        self._guess_m = np.full(COLUMNS, guess_m)
        self._guess_m[:: len(FINGERS)] += THUMB_MORE_M
        self._steep_m = 0.0
        self._fingers = [
            ContactHeight(PRIOR_SIGMA_M if column % len(FINGERS) else THUMB_SIGMA_M) for column in range(COLUMNS)
        ]

    def see_from(self, visible_m: np.ndarray, along_axis_m: np.ndarray) -> None:
        """From how steep these fingertips are seen, (N,) each, see FingertipSamples, NaN unseen."""
        known = np.isfinite(visible_m) & (np.abs(along_axis_m) > LEVEL_M)
        if known.any():
            sines = np.sort(visible_m[known] / along_axis_m[known])
            sine = float(sines[len(sines) // 2])
            self._steep_m = float(np.interp(sine, ELEVATIONS, STEEP_MORE_M))

    def contact_m(self) -> np.ndarray:
        """The visible height of every finger in contact, as known now (COLUMNS,), metres."""
        corrections = [
            finger.correction_m if finger.weight else self._expected_m(column)
            for column, finger in enumerate(self._fingers)
        ]
        return self._guess_m + self._steep_m + np.array(corrections)

    def taps_known(self, column: int) -> float:
        """How many taps have told a finger's contact height, each counted as far as it was one."""
        return self._fingers[column].weight

    def learn(self, column: int, bottom_m: float, motion: float) -> None:
        """A stop teaches. bottom_m: where, over the contact height known now. motion: log-odds of a tap but for it."""
        share = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, motion - DIP_LOG_ODDS))))
        over_guess_m = bottom_m + self.contact_m()[column] - self._guess_m[column] - self._steep_m
        self._fingers[column].add(Stop(over_guess_m, share), self._expected_m(column))

    def _expected_m(self, column: int) -> float:
        """The correction that the other fingers of the hand make likely: their mean, as far as they have learnt."""
        first = column - column % len(FINGERS)
        others = [self._fingers[i] for i in range(first, first + len(FINGERS)) if i != column]
        weights = [finger.weight / (finger.weight + 1.0) for finger in others]
        return sum(w * finger.correction_m for w, finger in zip(weights, others, strict=True)) / (1.0 + sum(weights))
