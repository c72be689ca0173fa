"""Watches for images that are too dark or too blurred to read."""

from __future__ import annotations

import numpy as np

from fingertip_contact.advice import BLURRED_IMAGES, DARK_IMAGES, Advice
from fingertip_contact.image_quality import ImageQuality, measure_image_quality

PERIOD_NS = 1_000_000_000
# A cause is told when so many images in a row show it, one in a second: a hand before the lens is none.
CONSECUTIVE = 4
# Of a simulated recording that was darkened, with noise added, and read from colour alone: at 61 all 16 presses were
# read, at 30 nine, at 16 none. Recordings of three generators have 104 to 219.
MIN_BRIGHTNESS = 40.0
# The same recording blurred: at 0.31 (a Gaussian of 1 px) all was read, at 0.22 (2 px) the sheet was not found. The
# others have 0.36 to 0.52.
MIN_SHARPNESS = 0.25


class ImageWatch:
    """update() takes every image; one in a second is measured."""

    def __init__(self) -> None:
        self._measured_ns: int | None = None
        self._dark_count = 0
        self._blurred_count = 0

    def update(self, stamp_ns: int, image_bgr: np.ndarray) -> None:
        if self._measured_ns is not None and stamp_ns - self._measured_ns < PERIOD_NS:
            return
        self._measured_ns = stamp_ns
        self._count(measure_image_quality(image_bgr))

    @property
    def advice(self) -> Advice | None:
        if self._dark_count >= CONSECUTIVE:
            return DARK_IMAGES
        return BLURRED_IMAGES if self._blurred_count >= CONSECUTIVE else None

    def _count(self, quality: ImageQuality) -> None:
        self._dark_count = self._dark_count + 1 if quality.brightness < MIN_BRIGHTNESS else 0
        # An image without edges (NaN) is not a blurred one.
        self._blurred_count = self._blurred_count + 1 if quality.sharpness < MIN_SHARPNESS else 0
