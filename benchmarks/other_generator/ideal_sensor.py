"""A simulated camera whose depth is sharper than a stereo camera's: exact depth with added errors."""

from __future__ import annotations

import cv2
import numpy as np

from other_generator.color_sensor import expose_color
from other_generator.view import HEIGHT_PX, WIDTH_PX

_STREAM = 31000
# Of a D405.
_BASELINE_M = 0.018
_SHAPE = (HEIGHT_PX, WIDTH_PX)
# Disparity is quantised to 1/32 pixel.
_STEPS_PER_PX = 32
# A larger change of depth among neighbours is an edge.
_EDGE_M = 0.010
_MAX_DEPTH_M = 1.5
_NEIGHBOURS = np.ones((3, 3))


class IdealSensor:
    """One camera. Its random stream runs through all frames: equal frames in equal order give equal images."""

    def __init__(self, seed: int, focal_px: float) -> None:
        self._random = np.random.default_rng(_STREAM + seed)
        self._focal_px = focal_px
        # Disparity errors in pixels that are the same in all frames.
        smooth = cv2.blur(self._random.normal(0, 1, _SHAPE).astype(np.float32), (5, 5)) * 5 * 0.015
        self._fixed_px = smooth + self._random.normal(0, 0.008, _SHAPE).astype(np.float32)
        self._exposure = self._random.uniform(0.88, 1.0)

    def measure_color(self, linear_bgr: np.ndarray) -> np.ndarray:
        """(H, W, 3) linear -> (H, W, 3) uint8 with blur, gamma and noise."""
        return expose_color(linear_bgr, self._exposure, self._random)

    def measure_depth(self, depth_m: np.ndarray) -> np.ndarray:
        """(H, W) along z -> (H, W) uint16 millimetres, 0 invalid."""
        near_m, far_m = cv2.erode(depth_m, _NEIGHBOURS), cv2.dilate(depth_m, _NEIGHBOURS)
        edge = (far_m - near_m) > _EDGE_M
        # The nearer surface grows by a pixel along about half of its edges.
        depth_m = np.where(edge & (self._sample_patches(3) > 0), near_m, depth_m)
        kernel = np.array([0.139, 0.722, 0.139])
        noise_px = cv2.sepFilter2D(self._random.standard_normal(_SHAPE, dtype=np.float32) * 0.08, -1, kernel, kernel)
        disparity_px = self._focal_px * _BASELINE_M / depth_m + noise_px + self._fixed_px
        disparity_px = np.round(disparity_px * _STEPS_PER_PX) / _STEPS_PER_PX
        depth_mm = np.floor(1000 * self._focal_px * _BASELINE_M / np.maximum(disparity_px, 0.5))
        depth_mm[self._sample_holes(edge) | (depth_m > _MAX_DEPTH_M)] = 0
        return depth_mm.astype(np.uint16)

    def _sample_holes(self, edge: np.ndarray) -> np.ndarray:
        """(H, W) bool: patches along edges, and single pixels anywhere."""
        along_edges = cv2.dilate(edge.astype(np.uint8), _NEIGHBOURS).astype(bool) & (
            self._sample_patches(1.2) > 0.24 * 1.55
        )
        return along_edges | (self._random.random(_SHAPE, dtype=np.float32) < 0.0008)

    def _sample_patches(self, size_px: float) -> np.ndarray:
        """(H, W) smoothed noise."""
        return cv2.GaussianBlur(self._random.standard_normal(_SHAPE, dtype=np.float32), (0, 0), size_px)
