"""What realsense2_camera does to depth before it publishes it."""

from __future__ import annotations

import numpy as np

RAW_DEPTH_UNIT_M = 0.0001  # the D405's own unit
DEPTH_UNIT_M = 0.001  # of 16UC1 images

_RAW_UNIT, _PUBLISHED_UNIT = np.float32(RAW_DEPTH_UNIT_M), np.float32(DEPTH_UNIT_M)


def to_published_mm(raw: np.ndarray) -> np.ndarray:
    """Raw depth in 0.1 mm, uint16 -> whole millimetres, uint16, 0 invalid.

    The driver multiplies by the raw unit and divides by a millimetre in float32 and cuts the fraction off: most whole
    millimetres come out one too low (3500 raw gives 349 mm).
    """
    return (raw.astype(np.float32) * _RAW_UNIT / _PUBLISHED_UNIT).astype(np.uint16)
