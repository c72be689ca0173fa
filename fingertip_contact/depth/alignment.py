"""Aligns one depth image to the scale of another of the same scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.numerics import MAD_TO_SIGMA

# With fewer pixels that are valid in both, the scale is not reliable.
MIN_PIXELS = 100
# Huber's constant, which costs 5 % of the fit's precision without outliers, and the limit beyond which a pixel is
# rejected; both in robust standard deviations.
HUBER_DELTA = 1.345
OUTLIER_SIGMAS = 6.0
IRLS_ITERATIONS = 4
# A flat desk seen from above has a single depth, which cannot separate a shift from a scale; then only the scale is
# used. Prior of the shift: its standard deviation, 1/m (1 % of the depth at 0.35 m). Pixel errors are correlated, so
# any number of pixels counts as EFFECTIVE_PIXELS independent ones.
SHIFT_SIGMA_PER_M = 0.03
EFFECTIVE_PIXELS = 100.0


@dataclass(frozen=True)
class Alignment:
    """1 / target = scale / source + shift_per_m.

    Inverse depth, because a stereo camera's noise is the same everywhere in it. residual_sigma_per_m: robust standard
    deviation of the remaining difference, 1/m.
    """

    scale: float
    shift_per_m: float
    residual_sigma_per_m: float

    def apply(self, depth_m: np.ndarray) -> np.ndarray:
        """Source depth, metres, NaN where invalid -> a new array at the target's scale."""
        return depth_m / (np.float32(self.scale) + np.float32(self.shift_per_m) * depth_m)


def align(source_m: np.ndarray, target_m: np.ndarray) -> Alignment | None:
    """The alignment of source_m to target_m, both of one shape, metres, NaN where invalid. None if too few pixels are
    valid in both. A third of them may be outliers of any size.

    Iteratively reweighted least squares (Huber, "Robust Statistics", 1981), started from the median ratio.
    """
    valid = np.isfinite(source_m) & np.isfinite(target_m)
    if np.count_nonzero(valid) < MIN_PIXELS:
        return None
    source, target = 1 / source_m[valid].astype(np.float64), 1 / target_m[valid].astype(np.float64)
    scale, shift = float(np.median(target / source)), 0.0
    sigma = _estimate_sigma(target - scale * source)
    for _ in range(IRLS_ITERATIONS):
        residual = np.abs(target - scale * source - shift)
        weight = np.minimum(1.0, HUBER_DELTA * sigma / np.maximum(residual, 1e-9)) * (residual < OUTLIER_SIGMAS * sigma)
        weight /= weight.sum()
        prior = (sigma / SHIFT_SIGMA_PER_M) ** 2 / EFFECTIVE_PIXELS
        scale, shift = _fit_line(source, target, weight, prior)
        sigma = _estimate_sigma(target - scale * source - shift)
    return Alignment(scale, shift, sigma)


def _fit_line(x: np.ndarray, y: np.ndarray, weight: np.ndarray, prior: float) -> tuple[float, float]:
    """Slope and intercept of weighted least squares. prior: weight with which the intercept is pulled to zero."""
    # Sums instead of vector products: BLAS computes those in threads that spin while they wait for one another.
    wx, wy = weight * x, weight * y
    normal_matrix = np.array([[(wx * x).sum(), wx.sum()], [wx.sum(), 1.0 + prior]])
    slope, intercept = np.linalg.solve(normal_matrix, [(wx * y).sum(), wy.sum()])
    return float(slope), float(intercept)


def _estimate_sigma(residual: np.ndarray) -> float:
    """Robust standard deviation about zero, from the median absolute value; never 0."""
    return max(MAD_TO_SIGMA * float(np.median(np.abs(residual))), 1e-6)
