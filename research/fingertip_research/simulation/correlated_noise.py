"""Noise that varies smoothly over an image."""

from __future__ import annotations

import cv2
import numpy as np


def sample_correlated_noise(random: np.random.Generator, shape: tuple[int, int], scale_px: float) -> np.ndarray:
    """Gaussian noise of SD 1 that varies over about `scale_px` pixels: (H, W) float32."""
    radius = int(np.ceil(3 * scale_px))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / scale_px) ** 2)
    kernel /= np.sqrt((kernel**2).sum())
    white = random.standard_normal(shape, dtype=np.float32)
    return cv2.sepFilter2D(white, -1, kernel, kernel)
