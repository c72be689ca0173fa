"""The disparity of small windows of two rectified images: a search over whole pixels, then Gauss-Newton.

Every step needs a few sums over the window at some disparity, and between whole pixels they follow from those at both
neighbours. So all are computed once, for every whole disparity of the range.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided

from fingertip_contact.contact.measurement.patches import extract_patches, extract_strips, make_gaussian_weights

# The template's Gaussian, in half widths of its window.
WEIGHT_SIGMA = 0.625
# Gauss-Newton: iterations and the largest step, pixels. Gains between the imagers beyond these limits are occlusions.
ITERATIONS, MAX_STEP_PX, GAIN_LIMITS = 6, 0.7, (0.7, 1.4)
# Gauss-Newton may leave the range that is searched by this much.
MARGIN_PX = 2
# No more disparities than this are searched: 60 mm in front of a camera that is 10 cm away.
MAX_DISPARITIES = 128


def register_across(
    left: np.ndarray,
    right: np.ndarray,
    pixels: np.ndarray,
    mask: np.ndarray,
    window: np.ndarray,
    low_px: np.ndarray,
    high_px: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Disparity (N,), pixels, and correlation (N,), 0 to 1, of windows of two rectified images.

    left, right: (H, W) uint8. pixels: (N, 2) int, centres in the left image. mask: (N, S, S) bool, which pixels of the
    window (S, S, 2) count. low_px, high_px: (N,) disparities to search; where they are not finite the correlation is 0.
    """
    known = np.isfinite(low_px) & np.isfinite(high_px)
    if not known.any():
        return np.zeros(len(pixels)), np.zeros(len(pixels))
    first = np.floor(np.where(known, low_px, 0.0)).astype(np.int64)
    count = min(int((np.ceil(high_px[known]) - first[known]).max()) + 1, MAX_DISPARITIES)
    sums = _WindowSums.compute(left, right, pixels, mask, window, first - MARGIN_PX, count + 2 * MARGIN_PX)
    searched = slice(MARGIN_PX, MARGIN_PX + count)
    disparities = first[:, None] + np.arange(count)
    in_range = known[:, None] & (disparities > low_px[:, None] - 1) & (disparities < high_px[:, None] + 1)
    correlation = np.where(in_range, sums.correlate()[:, searched], 0.0).clip(0.0)
    best = correlation.argmax(axis=1)
    index = best + float(MARGIN_PX)
    for _ in range(ITERATIONS):
        index = index - sums.find_step_px(index).clip(-MAX_STEP_PX, MAX_STEP_PX)
    return first - MARGIN_PX + index, correlation[np.arange(len(pixels)), best]


@dataclass(frozen=True)
class _WindowSums:
    """Weighted sums over windows of the right image at R whole disparities each, and over the left one's template.

    mean, by_template, by_gradient: (N, R) of the right window's greys; of these times the template; times its gradient.
    squares: (N, R) of their squares. products: (N, R - 1) of the window at a disparity and at the next one. All are
    relative to the template's mean. variance, curvature, template_by_gradient: (N,) of template and gradient.
    """

    mean: np.ndarray
    by_template: np.ndarray
    by_gradient: np.ndarray
    squares: np.ndarray
    products: np.ndarray
    variance: np.ndarray
    curvature: np.ndarray
    template_by_gradient: np.ndarray

    @classmethod
    def compute(
        cls,
        left: np.ndarray,
        right: np.ndarray,
        pixels: np.ndarray,
        mask: np.ndarray,
        window: np.ndarray,
        first: np.ndarray,
        count: int,
    ) -> _WindowSums:
        """first: (N,) int, the lowest disparity of each window. count: R."""
        size, half = len(window), len(window) // 2
        weights = make_gaussian_weights(window, WEIGHT_SIGMA) * mask
        weights /= np.maximum(weights.sum(axis=(1, 2), keepdims=True), 1e-9)
        padded = extract_patches(left, pixels, half + 1, half + 1)
        level = (weights * padded[:, 1:-1, 1:-1]).sum(axis=(1, 2), keepdims=True)
        template = padded[:, 1:-1, 1:-1] - level
        gradient = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
        gradient -= (weights * gradient).sum(axis=(1, 2), keepdims=True)
        kernels = np.stack([weights, weights * template, weights * gradient], axis=-1).reshape(len(pixels), -1, 3)
        # From the highest disparity, which is farthest to the left.
        corner_px = pixels - half
        corner_px[:, 0] -= first + count - 1
        strips = extract_strips(right, corner_px, size, size + count - 1) - level
        by_window, by_row, by_column = strips.strides
        seen = as_strided(
            strips[:, :, count - 1 :], (len(pixels), count, size, size), (by_window, -by_column, by_row, by_column)
        ).reshape(len(pixels), count, -1)
        mean, by_template, by_gradient = np.moveaxis((seen @ kernels).astype(np.float64), -1, 0)
        return cls(
            mean=mean,
            by_template=by_template,
            by_gradient=by_gradient,
            squares=((seen * seen) @ kernels[..., :1])[..., 0].astype(np.float64),
            products=((seen[:, 1:] * seen[:, :-1]) @ kernels[..., :1])[..., 0].astype(np.float64),
            variance=(weights * template**2).sum(axis=(1, 2)),
            curvature=np.maximum((weights * gradient**2).sum(axis=(1, 2)), 1e-6),
            template_by_gradient=(weights * template * gradient).sum(axis=(1, 2)),
        )

    def correlate(self) -> np.ndarray:
        """(N, R) normalised correlation of template and windows."""
        variance = (self.squares - self.mean**2).clip(0.0)
        return self.by_template / np.sqrt(np.maximum(self.variance[:, None] * variance, 1e-6))

    def find_step_px(self, index: np.ndarray) -> np.ndarray:
        """(N,) pixels by which the disparity is too high at a place (N,), not whole, in the R disparities: the
        Gauss-Newton step of the weighted squared error of template and window, at the gain that suits them best."""
        rows = np.arange(len(index))
        below = np.floor(index).clip(0, self.products.shape[1] - 1).astype(np.int64)
        part = index - below
        mean, by_template, by_gradient = (
            values[rows, below] + part * (values[rows, below + 1] - values[rows, below])
            for values in (self.mean, self.by_template, self.by_gradient)
        )
        rest = 1.0 - part
        squares = (
            rest**2 * self.squares[rows, below]
            + 2 * rest * part * self.products[rows, below]
            + part**2 * self.squares[rows, below + 1]
        )
        gain = by_template / np.maximum(squares - mean**2, 1e-6)
        return (self.template_by_gradient - gain.clip(*GAIN_LIMITS) * by_gradient) / self.curvature
