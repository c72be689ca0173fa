"""Printed boards that fill the view: what the depth of a flat surface is measured on."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np

Surface = Literal["print", "white", "black"]

BOARD_SIZE_M = (1.2, 0.7)
_PIXELS_PER_MM = 3.0
# Mean grey, and per scale of the texture (SD of the blur, pixels of 1/3 mm) its contrast in grey levels. White paper
# shows its fibres at about one per cent, black print the uneven gloss of its toner.
_MEAN_GREY: dict[Surface, float] = {"print": 130.0, "white": 245.0, "black": 4.0}
_CONTRAST_BY_SCALE: dict[Surface, dict[float, float]] = {
    "print": {1.5: 15.0, 4.0: 12.0, 12.0: 10.0},
    "white": {1.5: 2.1, 6.0: 1.0},
    "black": {1.5: 1.6, 5.0: 0.8},
}


def draw_board(surface: Surface, random: np.random.Generator) -> np.ndarray:
    """The page to lay on the desk, over BOARD_SIZE_M: (H, W) uint8, as `ground_plane.Background.sheet`."""
    width, height = (round(1000 * size_m * _PIXELS_PER_MM) for size_m in BOARD_SIZE_M)
    page = np.full((height, width), _MEAN_GREY[surface], dtype=np.float32)
    for scale_px, contrast in _CONTRAST_BY_SCALE[surface].items():
        page += contrast * make_smooth_noise(random, (height, width), scale_px)
    # Dithered: fibres of white paper are fainter than one grey level.
    page += random.random(page.shape, dtype=np.float32) - 0.5
    return np.clip(np.rint(page), 0, 255).astype(np.uint8)


def make_smooth_noise(random: np.random.Generator, shape: tuple[int, int], scale_px: float) -> np.ndarray:
    """Gaussian noise of SD 1, blurred by scale_px: (H, W) float32."""
    noise = cv2.GaussianBlur(random.standard_normal(shape, dtype=np.float32), (0, 0), scale_px)
    return noise / noise.std()
