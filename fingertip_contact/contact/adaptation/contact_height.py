"""Each finger's contact height: the height of its visible rim over the desk while the pad touches it.

It depends on the finger, the hand, the camera and the posture, and is estimated while the user types. Taps end on the
desk, so their lowest points lie close together; descents of coupled fingers and near misses end anywhere above. The
contact height is therefore the mode at the lower end of all candidates: the posterior mean of a mixture.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.datatypes import FINGERS
from fingertip_contact.numerics import sigmoid

# Observations per finger: recent ones only, since posture drifts.
MAX_OBSERVATIONS = 24
CORRECTION_GRID_M = np.arange(-0.012, 0.01201, 0.00025)
PRIOR_SIGMA_M = 0.0008
# A thumb lies on its side: its rim stands higher (rendered hands, 45 to 75 degrees: 1.2 to 5 mm), and differs more.
THUMB_OFFSET_M, THUMB_PRIOR_SIGMA_M = 0.0020, 0.0018
# The steeper the camera looks down, the more of its tip a bent finger hides: offset of the prior by the sine of the
# camera's elevation (45, 60, 75 degrees; rendered hands).
ELEVATION_SINES = np.sin(np.radians([45.0, 60.0, 75.0]))
ELEVATION_OFFSETS_M = np.array([-0.0003, 0.0, 0.0018])
# Below this height the elevation of the view cannot be estimated.
MIN_HEIGHT_FOR_ELEVATION_M = 0.002
# Scatter of the ends of taps; other descents end anywhere within this range above.
TAP_SIGMA_M = 0.0008
NON_TAP_RANGE_M = 0.012
OUTLIER_DENSITY_PER_M = 5.0
# Prior log-odds against a tap, before its motion is known.
NON_TAP_PRIOR_LOG_ODDS = 0.5


@dataclass(frozen=True)
class HeightObservation:
    """The end of a descent: its height over the prior, and the probability of a tap by everything but its height."""

    height_over_prior_m: float
    tap_probability: float


class ContactHeight:
    """The contact height of one finger, as a correction of the prior. sigma_m: standard deviation of the prior.

    weight: tap probabilities summed over the observations.
    """

    def __init__(self, sigma_m: float) -> None:
        self._sigma_m = sigma_m
        self._observations: deque[HeightObservation] = deque(maxlen=MAX_OBSERVATIONS)
        self.correction_m = 0.0
        self.weight = 0.0

    def add(self, observation: HeightObservation, expected_m: float) -> None:
        """Add an observation. expected_m: the correction predicted by the other fingers of the hand."""
        self._observations.append(observation)
        over_m = np.array([entry.height_over_prior_m for entry in self._observations])[:, None] - CORRECTION_GRID_M
        tap_probability = np.array([entry.tap_probability for entry in self._observations])[:, None]
        tap_density = np.exp(-0.5 * (over_m / TAP_SIGMA_M) ** 2) / (TAP_SIGMA_M * np.sqrt(2 * np.pi))
        non_tap_density = np.where(over_m > 0, 1.0 / NON_TAP_RANGE_M, 0.0)
        likelihood = tap_probability * tap_density + (1 - tap_probability) * non_tap_density + OUTLIER_DENSITY_PER_M
        posterior = np.log(likelihood).sum(axis=0) - 0.5 * ((CORRECTION_GRID_M - expected_m) / self._sigma_m) ** 2
        posterior = np.exp(posterior - posterior.max())
        self.correction_m = float((CORRECTION_GRID_M * posterior).sum() / posterior.sum())
        self.weight = float(tap_probability.sum())


class ContactHeights:
    """The contact heights of all fingers: a prior, corrected by observations of the finger and of its hand."""

    def __init__(self, prior_m: float) -> None:
        self._prior_m = np.full(FINGER_COUNT, prior_m)
        self._prior_m[:: len(FINGERS)] += THUMB_OFFSET_M
        self._elevation_offset_m = 0.0
        self._fingers = [
            ContactHeight(PRIOR_SIGMA_M if column % len(FINGERS) else THUMB_PRIOR_SIGMA_M)
            for column in range(FINGER_COUNT)
        ]

    def set_view_elevation(self, rim_height_m: np.ndarray, axial_height_m: np.ndarray) -> None:
        """Estimate the view's elevation from the two heights of each fingertip, (N,), NaN where missing; see
        FingertipSamples."""
        known = np.isfinite(rim_height_m) & (np.abs(axial_height_m) > MIN_HEIGHT_FOR_ELEVATION_M)
        if known.any():
            sines = np.sort(rim_height_m[known] / axial_height_m[known])
            sine = float(sines[len(sines) // 2])
            self._elevation_offset_m = float(np.interp(sine, ELEVATION_SINES, ELEVATION_OFFSETS_M))

    def estimate_contact_heights_m(self) -> np.ndarray:
        """(FINGER_COUNT,) rim height of every finger in contact, as known now, metres."""
        corrections = [
            finger.correction_m if finger.weight else self._predict_correction_m(column)
            for column, finger in enumerate(self._fingers)
        ]
        return self._prior_m + self._elevation_offset_m + np.array(corrections)

    def count_effective_taps(self, column: int) -> float:
        """Tap probabilities summed over the observations of a finger."""
        return self._fingers[column].weight

    def update(self, column: int, dwell_height_m: float, motion_llr: float) -> None:
        """Add a candidate. dwell_height_m: over the contact height as known now. motion_llr: of a tap, by all evidence
        but its height."""
        tap_probability = sigmoid(motion_llr - NON_TAP_PRIOR_LOG_ODDS)
        height_over_prior_m = (
            dwell_height_m
            + self.estimate_contact_heights_m()[column]
            - self._prior_m[column]
            - self._elevation_offset_m
        )
        self._fingers[column].add(
            HeightObservation(height_over_prior_m, tap_probability), self._predict_correction_m(column)
        )

    def _predict_correction_m(self, column: int) -> float:
        """The correction predicted by the other fingers of the hand: their mean, weighted by their observations."""
        first = column - column % len(FINGERS)
        others = [self._fingers[i] for i in range(first, first + len(FINGERS)) if i != column]
        weights = [finger.weight / (finger.weight + 1.0) for finger in others]
        return sum(w * finger.correction_m for w, finger in zip(weights, others, strict=True)) / (1.0 + sum(weights))
