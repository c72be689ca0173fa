"""The simulated D405's depth: both imagers exposed, their images matched, and the driver's steps after that.

docs/simulation.md holds its figures against those of real ones.
"""

from __future__ import annotations

import cv2
import numpy as np

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
_ERROR_SCALE_PX = 4.2
# They are drawn for every second pixel.
_ERROR_STRIDE = 2
_FIXED_STREAM, _TEMPORAL_STREAM = 306, 307


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
        self._fixed_px = self._sample_error_px(_FIXED_STREAM, 0, scene.imagers.fixed_error_px)
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
        disparity_px += self._fixed_px
        disparity_px += self._sample_error_px(_TEMPORAL_STREAM, frame, self._errors.temporal_error_px)
        disparity_px = np.rint(disparity_px / DISPARITY_STEP_PX) * DISPARITY_STEP_PX
        depth_m = self._errors.depth_scale * self._focal_baseline / np.maximum(disparity_px, DISPARITY_STEP_PX)
        valid = (disparity_px <= self._max_disparity_px) & (depth_m < MAX_DEPTH_M)
        return np.where(valid, np.rint(depth_m / RAW_DEPTH_UNIT_M), 0).astype(np.uint16)

    def align(self, raw: np.ndarray) -> np.ndarray:
        """Raw depth -> what the driver publishes on the colour camera's grid: (H, W) uint16, millimetres, 0 invalid."""
        return to_published_mm(self._alignment.apply(raw))

    def _sample_error_px(self, stream: int, frame: int, deviation_px: float) -> np.ndarray:
        """A field of smooth errors: (H, W) float32."""
        random = np.random.default_rng([self._seed, stream, frame])
        coarse = (self._shape[0] // _ERROR_STRIDE, self._shape[1] // _ERROR_STRIDE)
        error = deviation_px * sample_correlated_noise(random, coarse, _ERROR_SCALE_PX / _ERROR_STRIDE)
        return cv2.resize(error, self._shape[::-1], interpolation=cv2.INTER_LINEAR)
