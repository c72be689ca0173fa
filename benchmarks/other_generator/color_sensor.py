"""The camera's colour: linear light to an image."""

from __future__ import annotations

import cv2
import numpy as np

_BLUR_PX = 0.62
_NOISE = 2.0  # SD, grey levels


def expose_color(linear_bgr: np.ndarray, exposure: float, random: np.random.Generator) -> np.ndarray:
    """(H, W, 3) linear -> (H, W, 3) uint8 with blur, gamma and noise."""
    exposed = cv2.GaussianBlur(linear_bgr, (0, 0), _BLUR_PX) * exposure
    image = 255 * np.clip(exposed, 0, 1) ** (1 / 2.2)
    image += random.standard_normal(image.shape, dtype=np.float32) * _NOISE
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)
