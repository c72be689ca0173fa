"""The two imagers of a D405: radiance to the rectified grey images `infra1` and `infra2`."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_research.simulation.correlated_noise import sample_correlated_noise
from fingertip_research.simulation.radiometry import ExposureControl, add_noise, compute_falloff, encode
from fingertip_research.simulation.scene import Scene

# What rectification leaves of a lens varies slowly over the image.
_RECTIFICATION_SCALE_PX = 60.0
_RECTIFICATION_STREAM, _NOISE_STREAM = 303, 304


class ImagerPair:
    """Exposes left and right images of one camera."""

    def __init__(self, scene: Scene) -> None:
        self._seed = scene.seed
        self._imagers = scene.imagers
        camera = scene.depth_camera
        self._exposure = ExposureControl(scene)
        self._gains = [
            np.float32(gain) * compute_falloff(camera, vignetting)
            for gain, vignetting in zip(scene.imagers.gain, scene.imagers.vignetting, strict=True)
        ]
        # Only the difference of both imagers matters: all of it is given to the right one.
        self._right_map = _make_rectification_map(scene, camera)

    def expose(self, radiance: tuple[np.ndarray, np.ndarray], frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Grey radiance (H, W) float32 of left and right -> (H, W) uint8 each. The noise depends only on the scene's
        seed and the frame's number."""
        left, right = radiance
        rectified = cv2.remap(right, *self._right_map, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self._expose(0, left, frame), self._expose(1, rectified, frame)

    def _expose(self, side: int, radiance: np.ndarray, frame: int) -> np.ndarray:
        random = np.random.default_rng([self._seed, _NOISE_STREAM, side, frame])
        light = cv2.GaussianBlur(radiance, (0, 0), self._imagers.blur_px[side])
        light *= self._gains[side] * np.float32(self._exposure.compute(frame))
        return encode(add_noise(light, self._imagers.noise, random))


def _make_rectification_map(scene: Scene, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Where each pixel of the right image really looks: columns, rows (H, W) float32."""
    random = np.random.default_rng([scene.seed, _RECTIFICATION_STREAM])
    shape = (camera.height, camera.width)
    rows, columns = np.mgrid[: camera.height, : camera.width].astype(np.float32)
    offsets_px = [
        scene.imagers.rectification_px * sample_correlated_noise(random, shape, _RECTIFICATION_SCALE_PX)
        for _ in range(2)
    ]
    return columns + offsets_px[0], rows + offsets_px[1]
