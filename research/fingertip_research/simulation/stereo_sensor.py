"""The simulated D405's depth: both imagers exposed, their images matched, and the driver's steps after that.

docs/simulation.md holds its figures against those of real ones.
"""

from __future__ import annotations

import numpy as np

from fingertip_contact.cameras.d405 import D405
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


class StereoSensor:
    """Radiance of both imagers to depth."""

    def __init__(self, scene: Scene) -> None:
        camera = scene.depth_camera
        self._focal_baseline = camera.fx * D405.baseline_m
        self._depth_scale = scene.imagers.depth_scale
        self._imagers = ImagerPair(scene)
        max_disparity_px = self._focal_baseline / MIN_DEPTH_M[camera.width]
        self._matcher = StereoMatcher((camera.height, camera.width), max_disparity_px)
        self._alignment = DepthAlignment(camera, scene.color_camera)

    def measure(self, buffers: RenderBuffers, frame: int) -> MeasuredDepth:
        """The depth of a frame. The noise depends only on the scene's seed and the frame's number."""
        infra = self.expose(buffers, frame)
        raw = self.match(*infra, nearest_m=float(buffers.depth_m.min()))
        return MeasuredDepth(to_published_mm(raw), self.align(raw), infra)

    def expose(self, buffers: RenderBuffers, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """The images of both imagers, infra1 and infra2: (H, W) uint8 each, rectified."""
        assert buffers.imager_radiance is not None
        return self._imagers.expose(buffers.imager_radiance, frame)

    def match(self, left: np.ndarray, right: np.ndarray, nearest_m: float | None = None) -> np.ndarray:
        """Depth on the depth camera's grid: (H, W) uint16, 0.1 mm, 0 invalid. nearest_m: see StereoMatcher.match."""
        nearest_px = None if nearest_m is None else self._focal_baseline / nearest_m
        disparity_px = self._matcher.match(left, right, nearest_px)
        depth_m = self._depth_scale * self._focal_baseline / disparity_px
        return np.where(depth_m < MAX_DEPTH_M, depth_m / RAW_DEPTH_UNIT_M, 0).astype(np.uint16)

    def align(self, raw: np.ndarray) -> np.ndarray:
        """Raw depth -> what the driver publishes on the colour camera's grid: (H, W) uint16, millimetres, 0 invalid."""
        return to_published_mm(self._alignment.apply(raw))
