"""Tap durations and onset intervals: distributions measured on people, scaled to a typing speed."""

from __future__ import annotations

import numpy as np

# Durations of 37,769 real taps of 16 people on a tablet: percentiles in milliseconds. Between them the distribution is
# interpolated linearly; above the last one it goes on as in the labels below.
TAP_PERCENTILES = np.array([1.0, 5, 25, 50, 75, 95, 99, 99.5])
TAP_DURATION_MS = np.array([26.0, 36, 54, 77, 103, 220, 372, 478])
# Intervals between 45,190 single-finger taps of 19 people on a touch screen: percentiles computed from the published
# labels of DepthTouchSensing (UBC-X-Lab). Milliseconds.
PERCENTILES = np.array(
    [0.5, 1, 2, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 98, 99, 99.5]
)
INTER_ONSET_INTERVAL_MS = np.array(
    [366, 409, 437, 459, 475, 484, 492, 500, 509, 517, 533, 571, 683, 708, 719, 732, 742, 752, 767, 776, 800, 851, 992,
     1059, 1384],
    dtype=np.float64,
)  # fmt: skip

SECONDS_PER_MINUTE = 60
CHARACTERS_PER_WORD = 5


def sample_tap_durations_s(random: np.random.Generator, count: int) -> np.ndarray:
    """(count,) tap durations, by inverse transform sampling of the measured distribution.

    Without its shortest 1 %: a finger that descends from its hover height cannot reverse at once.
    """
    return np.interp(random.uniform(1, 100, count), TAP_PERCENTILES, TAP_DURATION_MS) / 1000


def sample_onset_intervals_s(random: np.random.Generator, count: int, words_per_minute: float) -> np.ndarray:
    """(count,) intervals between touch-downs: the measured distribution, its mean scaled to the typing speed."""
    levels = np.linspace(0.5, 99.5, 199)
    mean_ms = np.interp(levels, PERCENTILES, INTER_ONSET_INTERVAL_MS).mean()
    target_mean_s = SECONDS_PER_MINUTE / (CHARACTERS_PER_WORD * words_per_minute)
    return np.interp(random.uniform(0, 100, count), PERCENTILES, INTER_ONSET_INTERVAL_MS) * (target_mean_s / mean_ms)
