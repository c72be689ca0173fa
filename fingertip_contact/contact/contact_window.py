"""A window of samples of all fingers of a hand: finds descents that end at its centre and computes their evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Literal

import numpy as np

from fingertip_contact.contact.evidence import (
    ContactEvidence,
    compute_descent_llr,
    compute_flow_llrs,
    compute_height_llr,
    compute_rank_llr,
)
from fingertip_contact.datatypes import FINGERS

# Maximum duration of an approach; of its last part; and the time around the centre in which other fingers are compared.
MAX_APPROACH_S = 0.30
FINAL_DESCENT_S = 0.11
OTHER_FINGER_WINDOW_S = 0.07
# Heights closer than this (metres, or sigma of the noise) are equal.
HEIGHT_TOLERANCE = (0.0012, 2.0)
# A hand whose other fingers descend farther than this (median) arrives at the desk: its fingers stop without typing.
HAND_ARRIVAL_DESCENT_M = 0.012
# Times relative to the centre between which flow is measured, s, and the intervals just before the centre.
FLOW_SAMPLE_TIMES_S = np.arange(-8, 3) / 30.0
PRE_CONTACT_STEPS = slice(6, 8)


@dataclass(frozen=True)
class DescentThresholds:
    """Minimum length of a descent, each as (metres, sigma of the noise); the larger one holds.

    total: of the whole descent. final: of its last FINAL_DESCENT_S.
    """

    total: tuple[float, float]
    final: tuple[float, float]


# Strict: clearly above the noise. Lenient: also the short descents of low fingers, for classifiers that see more than
# heights.
STRICT_DESCENT = DescentThresholds((0.003, 4.0), (0.002, 2.5))
LENIENT_DESCENT = DescentThresholds((0.0015, 1.5), (0.001, 1.0))


@dataclass(frozen=True)
class ContactWindow:
    """Fingers of one hand, or of both side by side.

    center_row: the row of the centre. times_s: (T,) relative to it. height_m: (T, fingers) above the contact height,
    NaN where missing. noise_m: (fingers,) their standard deviation. cumulative_flow_m: (T, fingers, 2) accumulated
    image displacement of each fingertip, see FingertipSamples. step_flow_m: (len(FLOW_SAMPLE_TIMES_S) - 1, fingers, 2)
    its displacement between neighbouring FLOW_SAMPLE_TIMES_S, NaN where unknown.
    """

    center_row: int
    times_s: np.ndarray
    height_m: np.ndarray
    noise_m: np.ndarray
    cumulative_flow_m: np.ndarray
    step_flow_m: np.ndarray

    @classmethod
    def from_history(
        cls, stamps_ns: np.ndarray, height_m: np.ndarray, noise_m: np.ndarray, flow_m: np.ndarray, center_row: int
    ) -> ContactWindow:
        """stamps_ns: (T,) int64, ascending, two or more. flow_m: (T, fingers, 2), see FingertipSamples."""
        times_s = (stamps_ns - stamps_ns[center_row]) / 1e9
        known = np.isfinite(flow_m).all(axis=2)
        cumulative_flow_m = np.where(known[..., None], flow_m, 0.0).cumsum(axis=0)
        step_flow_m = np.diff(interpolate_at(times_s, cumulative_flow_m, FLOW_SAMPLE_TIMES_S), axis=0)
        step_flow_m[:, ~known[max(0, center_row - 1) : center_row + 1].any(axis=0)] = np.nan
        return cls(center_row, times_s, height_m, noise_m, cumulative_flow_m, step_flow_m)

    @cached_property
    def flow_magnitude_m(self) -> np.ndarray:
        """(len(FLOW_SAMPLE_TIMES_S) - 1, fingers) length of each displacement."""
        return np.sqrt((self.step_flow_m**2).sum(axis=2))

    def select_hand(self, side: int) -> ContactWindow:
        """The window of one hand, out of one of both hands. side: index into HANDS."""
        own = slice(side * len(FINGERS), (side + 1) * len(FINGERS))
        parts = self.height_m[:, own], self.noise_m[own], self.cumulative_flow_m[:, own], self.step_flow_m[:, own]
        return ContactWindow(self.center_row, self.times_s, *parts)

    def is_descent_end(self, thresholds: DescentThresholds) -> np.ndarray:
        """(fingers,) whether each finger descended just before the centre and does not go lower after it."""
        tolerance_m, last_m = (
            np.maximum(metres, sigmas * self.noise_m) for metres, sigmas in (HEIGHT_TOLERANCE, thresholds.final)
        )
        now_m = self.height_m[self.center_row]
        recent_m = self.height_m[self._find_rows(-FINAL_DESCENT_S, 0.0)]
        if not len(recent_m):
            return np.zeros(len(now_m), dtype=bool)
        # Missing samples are NaN, and comparisons with NaN are false.
        return (now_m - self.min_height_m <= tolerance_m) & (average_top_two(recent_m) - now_m > last_m)

    def compute_evidence(self, finger: int, thresholds: DescentThresholds) -> ContactEvidence | None:
        """The evidence that a finger whose descent ends here touched down; None if the descent is too short or the
        whole hand descended."""
        finger_height_m, noise_m = self.height_m[:, finger], float(self.noise_m[finger])
        tolerance_m, min_descent_m = (
            max(metres, sigmas * noise_m) for metres, sigmas in (HEIGHT_TOLERANCE, thresholds.total)
        )
        after_m = finger_height_m[self.center_row :]
        min_height_m = float(self.min_height_m[finger])
        dwell_m = after_m[: count_dwell_rows(after_m, min_height_m + tolerance_m)]
        dwell_m = dwell_m[np.isfinite(dwell_m)]
        dwell_height_m = float(dwell_m.sum()) / len(dwell_m)
        approach = self._approach
        peak_height_m = float(self.peak_height_m[finger])
        descent_m = peak_height_m - dwell_height_m
        if not descent_m > min_descent_m:
            return None
        # Other fingers are compared by their descent during this one, not by what they did before.
        peak_row = approach.start + int(np.nonzero(finger_height_m[approach] >= peak_height_m - tolerance_m)[0][-1])
        other_descents_m = self._measure_other_descents_m(slice(max(0, peak_row - 1), peak_row + 1), finger)
        if other_descents_m and median(other_descents_m) > HAND_ARRIVAL_DESCENT_M:
            return None
        max_other_descent_m = max(other_descents_m, default=0.0)
        flow_llr, flow_lead_llr = self._compute_flow_llrs(finger)
        return ContactEvidence(
            height_llr=compute_height_llr(dwell_height_m, noise_m / math.sqrt(len(dwell_m))),
            descent_llr=compute_descent_llr(descent_m, noise_m),
            rank_llr=compute_rank_llr(descent_m - max_other_descent_m),
            flow_llr=flow_llr,
            flow_lead_llr=flow_lead_llr,
            is_deepest=max_other_descent_m <= descent_m,
            touch_down_offset_s=self._estimate_touch_down_s(finger_height_m, min_height_m),
            dwell_height_m=dwell_height_m,
            peak_row=peak_row,
            peak_height_m=peak_height_m,
        )

    def measure_descent_flow_m(self, finger: int, evidence: ContactEvidence) -> float:
        """Image displacement of the finger along the approach direction during the descent, metres."""
        return float(
            self.cumulative_flow_m[self.center_row, finger, 1] - self.cumulative_flow_m[evidence.peak_row, finger, 1]
        )

    @cached_property
    def _approach(self) -> slice:
        return self._find_rows(-MAX_APPROACH_S, 0.0)

    @cached_property
    def peak_height_m(self) -> np.ndarray:
        """(fingers,) peak height of each finger during the approach, which has one row or more."""
        return average_top_two(self.height_m[self._approach])

    @cached_property
    def min_height_m(self) -> np.ndarray:
        """(fingers,) minimum height of each finger from the centre on."""
        return nan_min(self.height_m[self.center_row :])

    @cached_property
    def nearby_heights_m(self) -> np.ndarray:
        """(rows, fingers) heights around the centre, in which other fingers are compared."""
        return self.height_m[self._find_rows(-OTHER_FINGER_WINDOW_S, OTHER_FINGER_WINDOW_S, closed=True)]

    @cached_property
    def nearby_min_height_m(self) -> np.ndarray:
        """(fingers,) the minimum of those; inf where all are missing."""
        return nan_min(self.nearby_heights_m)

    def _find_rows(self, from_s: float, until_s: float, closed: bool = False) -> slice:
        side: Literal["left", "right"] = "right" if closed else "left"
        first, last = self.times_s.searchsorted(from_s), self.times_s.searchsorted(until_s, side)
        return slice(int(first), int(last))

    def _measure_other_descents_m(self, during: slice, finger: int) -> list[float]:
        """Length of the descent of every other finger that was measured, metres."""
        other_descents_m = average_top_two(self.height_m[during]) - self.nearby_min_height_m
        return [
            float(other_descent_m)
            for other, other_descent_m in enumerate(other_descents_m)
            if other != finger and math.isfinite(other_descent_m)
        ]

    def _compute_flow_llrs(self, finger: int) -> tuple[float, float]:
        """See compute_flow_llrs; both are 0 where the flow is unknown."""
        flows_m = [float(flow_m) for flow_m in self.flow_magnitude_m[PRE_CONTACT_STEPS].sum(axis=0)]
        own_flow_m = flows_m.pop(finger)
        if math.isnan(own_flow_m):
            return 0.0, 0.0
        return compute_flow_llrs(own_flow_m, max((flow_m for flow_m in flows_m if not math.isnan(flow_m)), default=0.0))

    def _estimate_touch_down_s(self, finger_height_m: np.ndarray, min_height_m: float) -> float:
        """Time at which the line through the last two rows of the descent reaches the minimum, between those rows."""
        above_m, here_m = (
            float(finger_height_m[self.center_row - 1]) - min_height_m,
            float(finger_height_m[self.center_row]) - min_height_m,
        )
        if not math.isfinite(above_m) or above_m <= here_m:
            return 0.0
        fraction = max(0.0, above_m / max(above_m, 0.006))
        return float(self.times_s[self.center_row - 1]) * (1.0 - fraction)


def interpolate_at(times_s: np.ndarray, values: np.ndarray, sample_times_s: np.ndarray) -> np.ndarray:
    """(len(sample_times_s), ...) values (T, ...) interpolated linearly at these times; T is 2 or more."""
    row = np.minimum(np.maximum(times_s.searchsorted(sample_times_s), 1), len(times_s) - 1)
    fraction = np.minimum(np.maximum((sample_times_s - times_s[row - 1]) / (times_s[row] - times_s[row - 1]), 0.0), 1.0)
    fraction = fraction.reshape(-1, *(1,) * (values.ndim - 1))
    return values[row - 1] + fraction * (values[row] - values[row - 1])


def count_dwell_rows(height_m: np.ndarray, ceiling_m: float) -> int:
    """The number of rows from the first one on that stay below the ceiling; missing rows do not end the dwell."""
    risen = np.nonzero(height_m > ceiling_m)[0]
    return int(risen[0]) if len(risen) else len(height_m)


def nan_min(values: np.ndarray) -> np.ndarray:
    """(...) minimum along the first axis; inf where all are missing."""
    return np.where(np.isnan(values), np.inf, values).min(axis=0)


def average_top_two(values: np.ndarray) -> np.ndarray:
    """(...) mean of the two highest values along the first axis, which has one or more: a single maximum is biased by
    noise. NaN where all are missing."""
    ordered = np.sort(np.where(np.isnan(values), -np.inf, values), axis=0)
    first, second = ordered[-1], ordered[-min(2, len(ordered))]
    # With one value measured and one missing, the measured one.
    mean = (first + np.where(second == -np.inf, first, second)) / 2
    return np.where(mean == -np.inf, np.nan, mean)
