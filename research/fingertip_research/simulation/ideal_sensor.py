"""Depth that no camera makes: a noise model over exact depth, with edges that are sharp to a pixel.

For comparison only: it shows what an ideal depth sensor would be worth. Stereo gives z = f B / d with f in pixels and
baseline B, so an error s of the disparity d is an error of depth sigma_z = z^2 s / (f B) (Keselman et al., "Intel
RealSense Stereoscopic Depth Cameras", 2017; sub-pixel error 0.05..0.1 px). Ahn et al. 2019 and Handa et al. 2014 use
similar models; stereo_sensor holds what a D405 really gives.
"""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_research.simulation.correlated_noise import sample_correlated_noise
from fingertip_research.simulation.driver import DEPTH_UNIT_M
from fingertip_research.simulation.exact_depth import make_pixel_map
from fingertip_research.simulation.measured_depth import MeasuredDepth
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.stereo_sensor import DISPARITY_STEP_PX

BASELINE_M = D405.baseline_m
MIN_DEPTH_M, MAX_DEPTH_M = D405.depth_range_m

_WINDOW_PX = 7  # side of the block matching window
_EDGE_PX = 0.5  # a larger step of disparity between neighbours is an edge, not a slope
_TEXTURE_LEVEL = 0.012  # contrast below which matching starts to fail
_FIXED_STREAM, _DEPTH_STREAM = 300, 302


class IdealDepthSensor:
    """Exact depth to the depth that realsense2_camera would publish if matching kept every edge."""

    def __init__(self, scene: Scene) -> None:
        self._noise = scene.depth_noise
        self._seed = scene.seed
        self.camera = scene.depth_camera
        self._focal_baseline = self.camera.fx * BASELINE_M
        shape = (self.camera.height, self.camera.width)
        random = np.random.default_rng([scene.seed, _FIXED_STREAM])
        self._fixed_px = self._noise.fixed_px * sample_correlated_noise(random, shape, self._noise.correlation_px)
        # The places at which matching fails first are similar in all frames.
        self._match_robustness = sample_correlated_noise(random, shape, 7.0)
        self._depth_to_color_map = make_pixel_map(self.camera, scene.color_camera)
        self._color_to_depth_map = make_pixel_map(scene.color_camera, self.camera)

    def measure(self, buffers: RenderBuffers, frame: int) -> MeasuredDepth:
        """The depth of a frame. The noise depends only on the scene's seed and the frame's number."""
        depth_mm = self.measure_mm(buffers, frame)
        aligned_mm = cv2.remap(depth_mm, *self._color_to_depth_map, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return MeasuredDepth(depth_mm, aligned_mm)

    def measure_mm(self, buffers: RenderBuffers, frame: int) -> np.ndarray:
        """Depth on the depth camera's grid: (H, W) uint16, whole millimetres, 0 invalid."""
        random = np.random.default_rng([self._seed, _DEPTH_STREAM, frame])
        noise = self._noise
        shape = buffers.depth_m.shape
        exact_px = (self._focal_baseline / buffers.depth_m).astype(np.float32)
        # Near an edge a matching window holds both surfaces, and the nearer one tends to win.
        fattened_px = cv2.dilate(exact_px, np.ones((3, 3), np.uint8))
        is_fattened = (fattened_px - exact_px > _EDGE_PX) & (sample_correlated_noise(random, shape, 1.5) > 0.3)
        disparity_px = np.where(is_fattened, fattened_px, exact_px)
        disparity_px += self._fixed_px + noise.temporal_px * sample_correlated_noise(
            random, shape, noise.correlation_px
        )
        valid = ~self._find_occluded(exact_px) & ~self._find_holes(buffers, exact_px, random)
        return quantise(disparity_px, valid, self._focal_baseline)

    def _find_occluded(self, disparity_px: np.ndarray) -> np.ndarray:
        """Pixels that the right imager does not see: a pixel further right, with more disparity, is at or left of the
        same place in its image; or the place is left of its image (the invalid depth band of the D400 data sheet)."""
        right_px = np.arange(disparity_px.shape[1], dtype=np.float32) - disparity_px
        leftmost = np.minimum.accumulate(right_px[:, ::-1], axis=1)[:, ::-1]
        return (right_px > leftmost + 0.5) | (right_px < 0)

    def _find_holes(self, buffers: RenderBuffers, disparity_px: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """Pixels at which matching fails: on surfaces without texture, and occasionally along edges of depth."""
        light = buffers.radiance_bgr[..., 1]
        intensity = cv2.remap(light, *self._depth_to_color_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        mean = cv2.blur(intensity, (_WINDOW_PX, _WINDOW_PX))
        deviation = np.sqrt(np.maximum(cv2.blur(intensity * intensity, (_WINDOW_PX, _WINDOW_PX)) - mean * mean, 0))
        contrast = deviation / np.maximum(mean, 1e-3)
        flicker = sample_correlated_noise(random, intensity.shape, 3.0)
        match_uncertainty = 0.8 * self._match_robustness + 0.6 * flicker
        plain = np.clip(1 - contrast / _TEXTURE_LEVEL, 0, 1)
        textureless = match_uncertainty > 3.2 - 2.4 * self._noise.hole_ratio * plain
        step = cv2.morphologyEx(disparity_px, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 1.0
        return (textureless & (plain > 0)) | (step & (match_uncertainty > 1.6 - 0.8 * self._noise.hole_ratio))


def quantise(disparity_px: np.ndarray, valid: np.ndarray, focal_baseline: float) -> np.ndarray:
    """Disparities -> depth in whole millimetres as realsense2_camera publishes it: (H, W) uint16, 0 invalid.

    Disparity comes in steps of 1/32 px. The driver truncates to millimetres instead of rounding: depth is half a
    millimetre too short on average.
    """
    stepped_px = np.rint(disparity_px / DISPARITY_STEP_PX) * DISPARITY_STEP_PX
    depth_m = focal_baseline / np.maximum(stepped_px, 1e-3)
    valid = valid & (depth_m >= MIN_DEPTH_M) & (depth_m <= MAX_DEPTH_M)
    return np.where(valid, depth_m / DEPTH_UNIT_M, 0).astype(np.uint16)
