"""One depth image brought to the scale of another that shows the same things."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# With fewer pixels that both know, a scale is not to be trusted.
NEEDED_PIXELS = 100
# Huber's constant, with which the fit loses 5 % of its precision where nothing is wrong, and where a pixel is no longer
# believed at all; both in robust standard deviations.
DOUBT = 1.345
REFUSAL = 6.0
ROUNDS = 4
# A flat desk seen from above has one depth, which cannot tell a shift from a scale; then the scale has to do. The
# shift is expected within this many 1/m (1 % of the depth at 0.35 m); errors of pixels hang together, so that any
# number of them counts as this many.
EXPECTED_SHIFT_PER_M = 0.03
INDEPENDENT_PIXELS = 100.0


@dataclass(frozen=True)
class Alignment:
    """1 / target = scale / source + shift_per_m.

    Inverse depth, because the noise of a stereo camera is the same everywhere in it. spread_per_m: robust standard
    deviation of what is left, 1/m.
    """

    scale: float
    shift_per_m: float
    spread_per_m: float

    def apply(self, depth_m: np.ndarray) -> np.ndarray:
        """Source depth, metres, NaN where invalid -> the same at the target's scale: a new array."""
        return depth_m / (np.float32(self.scale) + np.float32(self.shift_per_m) * depth_m)


def align(source_m: np.ndarray, target_m: np.ndarray) -> Alignment | None:
    """What brings source_m to target_m, of one shape, metres, NaN where invalid; None where too few pixels are valid
    in both. A third of them may be wrong by anything.

    Iteratively reweighted least squares (Huber, "Robust Statistics", 1981), started from the median ratio.
    """
    both = np.isfinite(source_m) & np.isfinite(target_m)
    if np.count_nonzero(both) < NEEDED_PIXELS:
        return None
    source, target = 1 / source_m[both].astype(np.float64), 1 / target_m[both].astype(np.float64)
    scale, shift = float(np.median(target / source)), 0.0
    spread = _spread(target - scale * source)
    for _ in range(ROUNDS):
        off = np.abs(target - scale * source - shift)
        weight = np.minimum(1.0, DOUBT * spread / np.maximum(off, 1e-9)) * (off < REFUSAL * spread)
        weight /= weight.sum()
        prior = (spread / EXPECTED_SHIFT_PER_M) ** 2 / INDEPENDENT_PIXELS
        scale, shift = _line(source, target, weight, prior)
        spread = _spread(target - scale * source - shift)
    return Alignment(scale, shift, spread)


def _line(x: np.ndarray, y: np.ndarray, weight: np.ndarray, prior: float) -> tuple[float, float]:
    """Slope and intercept of weighted least squares; prior: by how much the intercept is held to zero."""
    # Sums and no products of vectors: those go to threads of BLAS that wait for one another by spinning.
    wx, wy = weight * x, weight * y
    moments = np.array([[(wx * x).sum(), wx.sum()], [wx.sum(), 1.0 + prior]])
    slope, intercept = np.linalg.solve(moments, [(wx * y).sum(), wy.sum()])
    return float(slope), float(intercept)


def _spread(residual: np.ndarray) -> float:
    """Robust standard deviation about zero: 1.4826 times the median absolute value, never nothing."""
    return max(1.4826 * float(np.median(np.abs(residual))), 1e-6)
