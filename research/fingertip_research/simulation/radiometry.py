"""From light to pixel values: what the colour sensor and both imagers have in common."""

from __future__ import annotations

import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_research.simulation.camera_rays import pixel_grid
from fingertip_research.simulation.scene import Scene

_LEVELS = 4096
_EXPOSURE_STREAM = 305
_DRIFT_WAVES, _DRIFT_PERIOD_FRAMES = 3, (40.0, 300.0)
_DRIFT_RATE_HZ = 30.0  # at which the periods count
_SHOT_NOISE_FRACTION = 0.8  # of the noise; it grows with the square root of the light
_DARK_LEVEL = 0.1  # light at which the rest of the noise is as large


def compute_falloff(camera: Camera, vignetting: float) -> np.ndarray:
    """Light per pixel relative to the optical axis: (H, W) float32. vignetting: fraction lost in the corners."""
    x, y = (pixel_grid(camera) - (camera.cx, camera.cy)).T / (0.5 * np.hypot(camera.width, camera.height))
    return (1 - vignetting * (x**2 + y**2)).astype(np.float32).reshape(camera.height, camera.width)


class ExposureControl:
    """The exposure of each frame: automatic exposure follows the scene slowly."""

    def __init__(self, scene: Scene) -> None:
        random = np.random.default_rng([scene.seed, _EXPOSURE_STREAM])
        self._mean = scene.exposure
        self._amplitude = scene.exposure_drift * np.sqrt(2 / _DRIFT_WAVES)
        self._phases = random.uniform(0, 2 * np.pi, _DRIFT_WAVES)
        self._frames = random.uniform(*_DRIFT_PERIOD_FRAMES, _DRIFT_WAVES) * (scene.frame_rate_hz / _DRIFT_RATE_HZ)

    def compute(self, frame: int) -> float:
        """Factor from radiance to the sensor's range in a frame."""
        waves = np.sin(2 * np.pi * frame / self._frames + self._phases)
        return float(self._mean * np.exp(self._amplitude * waves.sum()))


def add_noise(light: np.ndarray, noise: float, random: np.random.Generator) -> np.ndarray:
    """Light (1 saturates) with a sensor's noise, in place. noise: SD of a pixel at full scale."""
    deviation = np.sqrt((1 - _SHOT_NOISE_FRACTION) * _DARK_LEVEL + _SHOT_NOISE_FRACTION * np.maximum(light, 0))
    light += noise * deviation * random.standard_normal(light.shape, dtype=np.float32)
    return light


def encode(light: np.ndarray) -> np.ndarray:
    """Light (1 saturates) -> uint8 of the same shape, by sRGB's transfer curve."""
    return _GAMMA[np.clip(light * (_LEVELS - 1), 0, _LEVELS - 1).astype(np.uint16)]


def _make_gamma_table() -> np.ndarray:
    """sRGB's transfer curve (IEC 61966-2-1): (4096,) uint8."""
    level = np.linspace(0, 1, _LEVELS)
    curve = np.where(level <= 0.0031308, 12.92 * level, 1.055 * level ** (1 / 2.4) - 0.055)
    return np.rint(255 * curve).astype(np.uint8)


_GAMMA = _make_gamma_table()
