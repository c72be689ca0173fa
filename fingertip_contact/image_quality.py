"""How bright and how sharp an image is, from a small part of its pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# One row, and one column, of so many is looked at.
_STRIDE = 8
# Across an edge: contrast is what differs over so many pixels.
_CONTRAST_PX = 8
# The strongest edges are looked at: this part of all places.
_EDGE_PERCENTILE = 99
# Images of less contrast hold no edges to judge by.
_MIN_CONTRAST = 30


@dataclass(frozen=True)
class ImageQuality:
    """brightness: what the brightest tenth of the pixels exceeds, 0..255: paper, where there is any. sharpness: which
    part of a strong edge lies between two neighbouring pixels, 0..1, in the direction that is less sharp; NaN without
    edges. An edge blurred by a Gaussian of s pixels has 0.4 / s, and never less than an eighth."""

    brightness: float
    sharpness: float


def measure_image_quality(image_bgr: np.ndarray) -> ImageQuality:
    """image_bgr: (H, W, 3) uint8, at least 16x16 pixels. Takes 2 ms for 848x480 pixels, on one core."""
    green = image_bgr[:, :, 1]
    rows, columns = green[_STRIDE // 2 :: _STRIDE], green[:, _STRIDE // 2 :: _STRIDE].T
    brightness = float(np.percentile(rows[:, ::2], 90))
    sharpness = [_measure_sharpness(lines.astype(np.int16)) for lines in (rows, columns)]
    return ImageQuality(brightness, float(np.min(sharpness)))


def _measure_sharpness(lines: np.ndarray) -> float:
    """lines: (N, L) int16. Of one direction."""
    steps = np.abs(np.diff(lines))
    contrast = np.abs(lines[:, _CONTRAST_PX:] - lines[:, :-_CONTRAST_PX])
    row, column = np.nonzero(contrast >= max(_MIN_CONTRAST, np.percentile(contrast, _EDGE_PERCENTILE)))
    if not len(row):
        return float("nan")
    within = steps[row[:, None], column[:, None] + np.arange(_CONTRAST_PX)]
    return float(np.median(within.max(axis=1) / contrast[row, column]))
