"""One depth image brought to the scale of another that shows the same things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.numerics import MAD_TO_SIGMA

# With fewer pixels that both know, a scale is not to be trusted.
MIN_PIXELS = 100
# Huber's constant, with which the fit loses 5 % of its precision where nothing is wrong, and where a pixel is no longer
# believed at all; both in robust standard deviations.
HUBER_DELTA = 1.345
OUTLIER_SIGMAS = 6.0
IRLS_ITERATIONS = 4
# A flat desk seen from above has one depth, which cannot separate a shift from a scale; then only the scale is used.
# The shift is expected within this many 1/m (1 % of the depth at 0.35 m); errors of pixels are correlated, so that any
# number of them counts as this many.
SHIFT_SIGMA_PER_M = 0.03
EFFECTIVE_PIXELS = 100.0


@dataclass(frozen=True)
class Alignment:
    """1 / target = scale / source + shift_per_m.

    Inverse depth, because the noise of a stereo camera is the same everywhere in it. residual_sigma_per_m: robust
    standard deviation of what is left, 1/m.
    """

    scale: float
    shift_per_m: float
    residual_sigma_per_m: float

    def apply(self, depth_m: np.ndarray) -> np.ndarray:
        """Source depth, metres, NaN where invalid -> the same at the target's scale: a new array."""
        return depth_m / (np.float32(self.scale) + np.float32(self.shift_per_m) * depth_m)


def align(source_m: np.ndarray, target_m: np.ndarray) -> Alignment | None:
    """What brings source_m to target_m, of one shape, metres, NaN where invalid; None where too few pixels are valid
    in both. A third of them may be wrong by anything.

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
    """Slope and intercept of weighted least squares; prior: by how much the intercept is held to zero."""
    # Sums and no products of vectors: those go to threads of BLAS that wait for one another by spinning.
    wx, wy = weight * x, weight * y
    normal_matrix = np.array([[(wx * x).sum(), wx.sum()], [wx.sum(), 1.0 + prior]])
    slope, intercept = np.linalg.solve(normal_matrix, [(wx * y).sum(), wy.sum()])
    return float(slope), float(intercept)


def _estimate_sigma(residual: np.ndarray) -> float:
    """Robust standard deviation about zero, never 0: that of a normal distribution of this median absolute value."""
    return max(MAD_TO_SIGMA * float(np.median(np.abs(residual))), 1e-6)
