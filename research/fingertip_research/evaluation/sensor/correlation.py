"""How errors of depth are shared by neighbouring pixels and by successive frames.

A stack of residuals is (T, H, W), metres or pixels of disparity about the true surface, NaN where invalid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MAX_LAG_PX = 24
_FALL = float(np.exp(-1))


@dataclass(frozen=True)
class Correlation:
    """Autocorrelation along a row at lags of 0 to MAX_LAG_PX pixels. fixed: of what is the same in all frames; for a
    single frame, of that frame. temporal: of what is new in each; NaN for a single frame. frame_to_frame: correlation
    of a pixel's new error with that of the next frame; NaN for fewer than four frames."""

    fixed: np.ndarray
    temporal: np.ndarray
    frame_to_frame: float

    @property
    def fixed_length_px(self) -> float:
        """The lag at which `fixed` falls to 1/e."""
        return find_fall_px(self.fixed)

    @property
    def temporal_length_px(self) -> float:
        """The lag at which `temporal` falls to 1/e."""
        return find_fall_px(self.temporal)


def measure_correlation(residuals: np.ndarray) -> Correlation:
    """The autocorrelations of a stack of residuals.

    From pairs of frames half a stack apart, as if nothing were carried over that far: what both share is fixed, half
    of the squared difference is temporal. Unlike deviations from the mean, neither depends on how many frames a pixel
    is valid in.
    """
    frames = len(residuals)
    if frames == 1:
        return Correlation(
            _normalise(_compute_row_covariance(residuals, residuals)), np.full(MAX_LAG_PX + 1, np.nan), float("nan")
        )
    distant = np.roll(residuals, -(frames // 2), axis=0)
    difference = residuals - distant
    temporal_covariance = _compute_row_covariance(difference, difference) / 2
    return Correlation(
        fixed=_normalise(_compute_row_covariance(residuals, distant)),
        temporal=_normalise(temporal_covariance),
        frame_to_frame=_correlate_frames(residuals, temporal_covariance[0]),
    )


def find_fall_px(correlation: np.ndarray) -> float:
    """The lag at which an autocorrelation first falls to 1/e, interpolated; infinity where it never does, NaN where it
    is not known."""
    if not np.isfinite(correlation[:1]).all():
        return float("nan")
    below = np.flatnonzero(correlation <= _FALL)
    if not len(below):
        return float("inf")
    last = int(below[0])
    before, after = correlation[last - 1], correlation[last]
    return float(last - 1 + (before - _FALL) / (before - after))


def _compute_row_covariance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Mean product of two pixels of one row, one of each stack, by their distance: (MAX_LAG_PX + 1,)."""
    width = first.shape[2]
    return np.array([_mean_product(first[..., : width - lag], second[..., lag:]) for lag in range(MAX_LAG_PX + 1)])


def _mean_product(first: np.ndarray, second: np.ndarray) -> float:
    product = first * second
    count = np.isfinite(product).sum()
    return float(np.nansum(product, dtype=np.float64) / count) if count else float("nan")


def _normalise(covariance: np.ndarray) -> np.ndarray:
    return covariance / covariance[0] if covariance[0] > 0 else np.full(len(covariance), np.nan)


def _correlate_frames(residuals: np.ndarray, variance: float) -> float:
    """Frames that share a part of their error differ by less than those half a stack apart."""
    if len(residuals) < 4 or not variance > 0:
        return float("nan")
    difference = np.diff(residuals, axis=0)
    return 1 - _mean_product(difference, difference) / 2 / variance
