"""The colour image of a D405: rays to bgr8, with blur, vignetting and noise."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_research.simulation.radiometry import ExposureControl, add_noise, compute_falloff, encode
from fingertip_research.simulation.renderer import RenderBuffers
from fingertip_research.simulation.scene import Scene

_LENS_BLUR_PX = 0.6
_VIGNETTING = 0.18  # light lost in the corners
_COLOR_STREAM = 301


class ColorSensor:
    """Radiance to bgr8."""

    def __init__(self, scene: Scene) -> None:
        self._seed = scene.seed
        self._noise = scene.color_noise
        self._exposure = ExposureControl(scene)
        self._falloff = compute_falloff(scene.color_camera, _VIGNETTING)[..., None]

    def measure(self, buffers: RenderBuffers, frame: int) -> np.ndarray:
        """Radiance -> (H, W, 3) uint8. The noise depends only on the scene's seed and the frame's number."""
        random = np.random.default_rng([self._seed, _COLOR_STREAM, frame])
        light = cv2.GaussianBlur(buffers.radiance_bgr, (0, 0), _LENS_BLUR_PX)
        light *= self._falloff * np.float32(self._exposure.compute(frame))
        return encode(add_noise(light, self._noise, random))
