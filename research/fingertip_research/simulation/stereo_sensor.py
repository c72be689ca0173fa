"""The simulated D405's depth: both imagers exposed, their images matched, and the driver's steps after that.

docs/simulation.md holds its figures against those of real ones.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.special import ndtri

from fingertip_contact.cameras.d405 import D405
from fingertip_research.simulation.correlated_noise import sample_correlated_noise
from fingertip_research.simulation.depth_alignment import DepthAlignment
from fingertip_research.simulation.driver import RAW_DEPTH_UNIT_M, to_published_mm
from fingertip_research.simulation.imagers import ImagerPair
from fingertip_research.simulation.measured_depth import MeasuredDepth
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.stereo_matching import StereoMatcher

# Data sheet: nearest depth, metres, by the width of the images. Farther than the end of its usable range a D405 still
# measures; beyond this its raw unit of 0.1 mm overflows.
MIN_DEPTH_M = {848: 0.070, 640: 0.055}
MAX_DEPTH_M = 6.5


DISPARITY_STEP_PX = 1 / 32  # visible in the raw depth of real ones

# Distance over which the errors that the camera adds vary: half the distance at which their autocorrelation is 1/e.
_ERROR_SCALE_PX = 4.8
# Random fields are drawn for every second pixel.
_FIELD_STRIDE = 2
# Steep depth loses pixels: fill 1 / (1 + g / 29.4), g the relative gradient of depth per radian (measured on a real
# D405). Holes have about this size, and a part of them is in the same places in all frames.
_HOLE_GRADIENT = 29.4
_HOLE_SCALE_PX = 2.0
_HOLE_FIXED_SHARE = 0.5
_FIXED_STREAM, _TEMPORAL_STREAM, _HOLE_STREAM = 306, 307, 308

# The value below which a normal variable lies with probability 0..1, in steps of a thousandth.
_QUANTILES = ndtri(np.clip(np.linspace(0, 1, 1001), 1e-6, 1 - 1e-6)).astype(np.float32)


class StereoSensor:
    """Radiance of both imagers to depth.

    On good texture the matching of rendered images is several times better than the camera's: 0.02 px of disparity,
    where real ones have 0.16 px on any print. The rest is added as two smooth fields, a fixed and a fresh one.
    """

    def __init__(self, scene: Scene) -> None:
        camera = scene.depth_camera
        self._seed = scene.seed
        self._errors = scene.imagers
        self._shape = (camera.height, camera.width)
        self._focal_baseline = camera.fx * D405.baseline_m
        self._max_disparity_px = self._focal_baseline / MIN_DEPTH_M[camera.width]
        self._focal_px = camera.fx
        self._fixed_px = scene.imagers.fixed_error_px * self._sample_field(_FIXED_STREAM, 0, _ERROR_SCALE_PX)
        self._fixed_holes = np.sqrt(_HOLE_FIXED_SHARE) * self._sample_field(_HOLE_STREAM, 0, _HOLE_SCALE_PX)
        self._imagers = ImagerPair(scene)
        self._matcher = StereoMatcher(self._shape, self._max_disparity_px)
        self._alignment = DepthAlignment(camera, scene.color_camera)

    def measure(self, buffers: RenderBuffers, frame: int) -> MeasuredDepth:
        """The depth of a frame. The noise depends only on the scene's seed and the frame's number."""
        infra = self.expose(buffers, frame)
        raw = self.match(*infra, frame, nearest_m=float(buffers.depth_m.min()))
        return MeasuredDepth(to_published_mm(raw), self.align(raw), infra)

    def expose(self, buffers: RenderBuffers, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """The images of both imagers, infra1 and infra2: (H, W) uint8 each, rectified."""
        assert buffers.imager_radiance is not None
        return self._imagers.expose(buffers.imager_radiance, frame)

    def match(self, left: np.ndarray, right: np.ndarray, frame: int, nearest_m: float | None = None) -> np.ndarray:
        """Depth on the depth camera's grid: (H, W) uint16, 0.1 mm, 0 invalid. nearest_m: see StereoMatcher.match."""
        nearest_px = None if nearest_m is None else self._focal_baseline / nearest_m
        disparity_px = self._matcher.match(left, right, nearest_px)
        is_hole = self._find_holes(disparity_px, frame)
        disparity_px += self._fixed_px
        disparity_px += self._errors.temporal_error_px * self._sample_field(_TEMPORAL_STREAM, frame, _ERROR_SCALE_PX)
        disparity_px = np.rint(disparity_px / DISPARITY_STEP_PX) * DISPARITY_STEP_PX
        depth_m = self._errors.depth_scale * self._focal_baseline / np.maximum(disparity_px, DISPARITY_STEP_PX)
        valid = ~is_hole & (disparity_px <= self._max_disparity_px) & (depth_m < MAX_DEPTH_M)
        return np.where(valid, np.rint(depth_m / RAW_DEPTH_UNIT_M), 0).astype(np.uint16)

    def align(self, raw: np.ndarray) -> np.ndarray:
        """Raw depth -> what the driver publishes on the colour camera's grid: (H, W) uint16, millimetres, 0 invalid."""
        return to_published_mm(self._alignment.apply(raw))

    def _find_holes(self, disparity_px: np.ndarray, frame: int) -> np.ndarray:
        """Pixels that are lost because depth is steep there: (H, W) bool."""
        across = cv2.Sobel(disparity_px, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        down = cv2.Sobel(disparity_px, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        gradient = cv2.magnitude(across, down) * (self._focal_px / np.maximum(disparity_px, DISPARITY_STEP_PX))
        lost = np.nan_to_num(gradient / (gradient + _HOLE_GRADIENT))
        fresh = np.sqrt(1 - _HOLE_FIXED_SHARE) * self._sample_field(_HOLE_STREAM, 1 + frame, _HOLE_SCALE_PX)
        return self._fixed_holes + fresh < _QUANTILES[(lost * (len(_QUANTILES) - 1)).astype(np.intp)]

    def _sample_field(self, stream: int, frame: int, scale_px: float) -> np.ndarray:
        """A smooth random field of SD 1: (H, W) float32."""
        random = np.random.default_rng([self._seed, stream, frame])
        coarse = (self._shape[0] // _FIELD_STRIDE, self._shape[1] // _FIELD_STRIDE)
        field = sample_correlated_noise(random, coarse, scale_px / _FIELD_STRIDE)
        return cv2.resize(field, self._shape[::-1], interpolation=cv2.INTER_LINEAR)
