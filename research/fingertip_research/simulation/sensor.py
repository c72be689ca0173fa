"""A simulated D405: colour with blur and noise, stereo depth with its errors, depth aligned to colour.

The depth noise is a model, not a measurement of one unit. Stereo gives z = f B / d with f in pixels and baseline B, so
an error s of the disparity d is an error of depth sigma_z = z^2 s / (f B) (Keselman et al., "Intel RealSense
Stereoscopic Depth Cameras", 2017; sub-pixel error 0.05..0.1 px). Block matching of rendered image pairs would be far
noisier than the camera. Ahn et al. 2019 and Handa et al. 2014 use similar models.
"""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.geometry import Camera
from fingertip_research.simulation.camera_rays import pixel_grid
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene

BASELINE_M = D405.baseline_m
MIN_DEPTH_M, MAX_DEPTH_M = D405.depth_range_m
DISPARITY_STEP_PX = 1 / 32
DEPTH_UNIT_M = 0.001  # realsense2_camera publishes whole millimetres, not the sensor's own unit

_LENS_BLUR_PX = 0.6
_VIGNETTING = 0.18  # light lost in the corners
_SHOT_NOISE_FRACTION = 0.8  # of the colour noise; it grows with the square root of the light
_WINDOW_PX = 7  # side of the block matching window
_EDGE_PX = 0.5  # a larger step of disparity between neighbours is an edge, not a slope
_TEXTURE_LEVEL = 0.012  # contrast below which matching starts to fail
_FIXED_STREAM, _COLOR_STREAM, _DEPTH_STREAM = range(300, 303)


class ColorSensor:
    """Radiance to bgr8."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        camera = scene.color_camera
        x, y = (pixel_grid(camera) - (camera.cx, camera.cy)).T / (0.5 * np.hypot(camera.width, camera.height))
        falloff = 1 - _VIGNETTING * (x**2 + y**2)
        self._gain = (scene.exposure * falloff).astype(np.float32).reshape(camera.height, camera.width, 1)
        self._gamma = _make_gamma_table()

    def measure(self, buffers: RenderBuffers, frame: int) -> np.ndarray:
        """Radiance -> (H, W, 3) uint8. The noise depends only on the scene's seed and the frame's number."""
        random = np.random.default_rng([self._scene.seed, _COLOR_STREAM, frame])
        light = cv2.GaussianBlur(buffers.radiance_bgr, (0, 0), _LENS_BLUR_PX) * self._gain
        noise = random.standard_normal(light.shape, dtype=np.float32)
        light += (
            self._scene.color_noise
            * np.sqrt((1 - _SHOT_NOISE_FRACTION) * 0.1 + _SHOT_NOISE_FRACTION * np.maximum(light, 0))
            * noise
        )
        index = np.clip(light * (len(self._gamma) - 1), 0, len(self._gamma) - 1).astype(np.uint16)
        return self._gamma[index]


class DepthSensor:
    """Exact depth to the depth that realsense2_camera publishes."""

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
        self._depth_to_color_map = _make_pixel_map(self.camera, scene.color_camera)
        self._color_to_depth_map = _make_pixel_map(scene.color_camera, self.camera)

    def measure(self, buffers: RenderBuffers, frame: int) -> np.ndarray:
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

    def align(self, depth: np.ndarray, outside: float = 0) -> np.ndarray:
        """Depth on the depth camera's grid -> on the colour camera's, (H, W), `outside` beyond the depth camera's view.

        Colour comes from the left imager, which is also the origin of depth. The two differ only by lens and
        rectification: a colour pixel has the same depth pixel at any depth.
        """
        columns, rows = self._color_to_depth_map
        return cv2.remap(depth, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=[outside])

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


def sample_correlated_noise(random: np.random.Generator, shape: tuple[int, int], scale_px: float) -> np.ndarray:
    """Gaussian noise of SD 1 that varies over about `scale_px` pixels: (H, W) float32."""
    radius = int(np.ceil(3 * scale_px))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / scale_px) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    white = random.standard_normal(shape, dtype=np.float32)
    return cv2.sepFilter2D(white, -1, kernel, kernel)


def _make_pixel_map(source: Camera, target: Camera) -> tuple[np.ndarray, np.ndarray]:
    """The position of each pixel of `source` in `target`, which has the same optical centre: columns, rows (H, W)."""
    pixels = target.project(source.rays(pixel_grid(source))).astype(np.float32)
    return pixels[:, 0].reshape(source.height, source.width), pixels[:, 1].reshape(source.height, source.width)


def _make_gamma_table() -> np.ndarray:
    """sRGB's transfer curve (IEC 61966-2-1) for 4096 levels of light: uint8."""
    level = np.linspace(0, 1, 4096)
    curve = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return np.rint(255 * curve).astype(np.uint8)
