"""Notices that the desk has moved against the camera, by its depth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import default_rng

from fingertip_contact.surface.desk_depth import MeanDepth
from fingertip_contact.surface.plane_fit import fit_coefficients, make_plane

# Depth of a block is correlated (1/e at 8 to 13 px of a D405), blocks of 32 px of the image are nearly independent.
BLOCK = 8
MIN_BLOCK_RATIO = 0.25
MIN_BLOCKS = 12
# A block's mean is as exact as that of this many independent pixels: it holds six patches of the correlation's size;
# half of them, since part of a block may be empty.
SAMPLES_PER_BLOCK = 3.0
BLOCK_SIGMAS = 4.0
# What hands and objects have not changed is compared; it has to be most of the desk.
MIN_SUPPORT_RATIO = 0.5
MOVED_SIGMAS = 6.0
# A change below this is within the support of an unmoved desk, whatever the noise: objects are higher.
MIN_BLOCK_TOLERANCE_M = 0.001


@dataclass(frozen=True)
class DeskChange:
    """shift_m: largest change of the plane's height within its region. sigma_m: standard deviation of that."""

    shift_m: float
    sigma_m: float

    def is_larger_than(self, limit_m: float) -> bool:
        """Whether it is larger than the limit and cannot be noise."""
        return self.shift_m > max(limit_m, MOVED_SIGMAS * self.sigma_m)


class DeskReference:
    """The desk's mean depth when its plane was measured, pixel by pixel, to compare later means with.

    A camera's depth of a still desk has bumps that stay (half of a D405's noise and more); comparing pixels cancels
    them, and what is left is independent from frame to frame.
    """

    def __init__(
        self, rays: np.ndarray, coefficients: np.ndarray, mask: np.ndarray, mean: MeanDepth, noise: float
    ) -> None:
        """rays: (h, w, 3). coefficients: (3,) of the plane 1/z = c . ray. mask: (h, w) where it is. mean: of the same
        frames. noise: standard deviation of inverse depth in one frame, 1/metres."""
        self._plane = make_plane(coefficients)
        self._inverse_depth = np.where(mask, mean.compute(), np.nan)
        self._frame_count = mean.frame_count
        self._noise = noise
        self._block_rays = _average_blocks(np.where(mask[..., None], rays, np.nan))
        self._block_depth_m = self._plane.depth_at_m(self._block_rays)

    def compare(self, mean: MeanDepth) -> DeskChange | None:
        """How the desk has changed; None where hands, objects or holes hide most of it, and nothing can be said.

        The change of a plane is linear in the ray as the plane itself is: RANSAC over blocks finds what most agree on.
        """
        change = _average_blocks((mean.compute() - self._inverse_depth)[..., None])[:, 0]
        seen = np.isfinite(change) & np.isfinite(self._block_depth_m)
        change, rays, depth_m = change[seen], self._block_rays[seen], self._block_depth_m[seen]
        sigma = self._noise * np.sqrt((1 / mean.frame_count + 1 / self._frame_count) / SAMPLES_PER_BLOCK)
        tolerance = np.maximum(BLOCK_SIGMAS * sigma, MIN_BLOCK_TOLERANCE_M / depth_m**2)
        try:
            fitted = fit_coefficients(rays, change, tolerance, default_rng(0), MIN_BLOCKS)
        except ValueError:
            return None
        support = np.abs(change - rays @ fitted) <= tolerance
        if np.count_nonzero(support) < MIN_SUPPORT_RATIO * np.count_nonzero(np.isfinite(self._block_depth_m)):
            return None
        rays, depth_m = rays[support], depth_m[support]
        # A change e of inverse depth is one of z d e in height, d the plane's distance.
        lever_m = depth_m * self._plane.offset_m
        shifts_m = np.abs(rays @ fitted) * lever_m
        covariance = np.linalg.pinv(rays.T @ rays)
        sigmas_m = sigma * lever_m * np.sqrt(np.einsum("ni,ij,nj->n", rays, covariance, rays))
        largest = int(shifts_m.argmax())
        return DeskChange(float(shifts_m[largest]), float(sigmas_m[largest]))


def _average_blocks(values: np.ndarray) -> np.ndarray:
    """(h, w, k) -> (N, k) means of whole blocks, NaN where less than MIN_BLOCK_RATIO of a block is known."""
    rows, columns = values.shape[0] // BLOCK, values.shape[1] // BLOCK
    blocks = values[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, -1)
    known = np.isfinite(blocks)
    counts = known.sum(axis=(1, 3))
    means = np.where(known, blocks, 0.0).sum(axis=(1, 3)) / np.maximum(counts, 1)
    return np.where(counts >= MIN_BLOCK_RATIO * BLOCK**2, means, np.nan).reshape(rows * columns, -1)
