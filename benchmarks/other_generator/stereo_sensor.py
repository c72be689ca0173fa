"""A simulated D405: the imagers' images to depth on colour's pixels."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_research.simulation.depth_alignment import DepthAlignment
from fingertip_research.simulation.driver import RAW_DEPTH_UNIT_M, to_published_mm
from other_generator.matching import match
from other_generator.stereo_rig import BASELINE_M, StereoRig
from other_generator.view import HEIGHT_PX, WIDTH_PX

_STREAM = 47000
_SHAPE = (HEIGHT_PX, WIDTH_PX)
_STEPS_PER_PX = 32
# Data sheet: nothing nearer is measured at this resolution.
_MIN_DEPTH_M, _MAX_DEPTH_M = 0.055, 3.0
# Errors of disparity besides the matching's own, pixels: with those, 0.14 px in all, as on real prints. Their
# autocorrelation falls in a straight line to 0 at the side of the box that they are averaged over, like real ones'.
_TEMPORAL_ERROR_PX, _FIXED_ERROR_PX = 0.080, 0.075
_ERROR_BOX_PX = 14
# Pixels are lost where disparity varies by more than this within a small box; the limit itself varies smoothly.
_MAX_RANGE_PX, _RANGE_SPREAD = 2.6, 0.7
_RANGE_BOX = np.ones((5, 5), np.uint8)
_HOLE_SIZE_PX = 2.5
_LOST_SHARE = 0.0006


class StereoSensor:
    """One camera. Its random stream runs through all frames: equal frames in equal order give equal depth."""

    def __init__(self, seed: int, rig: StereoRig) -> None:
        self._random = np.random.default_rng(_STREAM + seed)
        self._focal_baseline = rig.left.focal_px * BASELINE_M
        self._fixed_px = _FIXED_ERROR_PX * self._sample_error()
        self._alignment = DepthAlignment(rig.left.camera, rig.color.camera)

    def measure(self, left: np.ndarray, right: np.ndarray, nearest_m: float) -> np.ndarray:
        """The imagers' images (H, W) uint8 -> depth on colour's pixels, (H, W) uint16 millimetres, 0 invalid.

        nearest_m: nearest depth in the images, where the search ends.
        """
        return to_published_mm(self._alignment.apply(self.measure_raw(left, right, nearest_m)))

    def measure_raw(self, left: np.ndarray, right: np.ndarray, nearest_m: float) -> np.ndarray:
        """As `measure`, but on the left imager's pixels, in the camera's unit of 0.1 mm."""
        disparity_px = match(left, right, self._focal_baseline / max(nearest_m, _MIN_DEPTH_M))
        lost = self._find_lost(disparity_px)
        disparity_px += self._fixed_px + _TEMPORAL_ERROR_PX * self._sample_error()
        disparity_px = np.round(disparity_px * _STEPS_PER_PX) / _STEPS_PER_PX
        depth_m = self._focal_baseline / np.maximum(disparity_px, 1 / _STEPS_PER_PX)
        # A comparison with NaN, where nothing was found, is false.
        is_valid = (depth_m > _MIN_DEPTH_M) & (depth_m < _MAX_DEPTH_M) & ~lost
        return np.where(is_valid, depth_m / RAW_DEPTH_UNIT_M + 0.5, 0).astype(np.uint16)

    def _find_lost(self, disparity_px: np.ndarray) -> np.ndarray:
        """(H, W) bool: patches where depth is steep, and single pixels anywhere."""
        known_px = np.nan_to_num(disparity_px)
        is_known = np.isfinite(disparity_px)
        low_px = cv2.erode(np.where(is_known, known_px, np.inf).astype(np.float32), _RANGE_BOX)
        range_px = cv2.dilate(known_px, _RANGE_BOX) - low_px
        waves = cv2.GaussianBlur(self._random.standard_normal(_SHAPE, dtype=np.float32), (0, 0), _HOLE_SIZE_PX)
        waves /= waves.std()
        limit_px = _MAX_RANGE_PX * np.exp(_RANGE_SPREAD * waves)
        return (range_px > limit_px) | (self._random.random(_SHAPE, dtype=np.float32) < _LOST_SHARE)

    def _sample_error(self) -> np.ndarray:
        """(H, W) float32 smooth noise with a standard deviation of 1."""
        white = self._random.standard_normal(_SHAPE, dtype=np.float32)
        return cv2.blur(white, (_ERROR_BOX_PX, _ERROR_BOX_PX)) * _ERROR_BOX_PX
