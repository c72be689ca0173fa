"""An image with the fields of sensor_msgs/Image, made from a message of another type."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class StoredImage:
    """The fields of sensor_msgs/Image, so that whatever reads that reads this. header: `stamp` and `frame_id`."""

    header: Any
    height: int
    width: int
    encoding: str
    is_bigendian: bool
    step: int
    data: Any


@dataclass(frozen=True)
class StoredHeader:
    """The fields of std_msgs/Header. stamp: with `sec` and `nanosec`."""

    stamp: Any
    frame_id: str


def store_pixels(header: Any, pixels: np.ndarray, encoding: str) -> StoredImage:
    """(H, W) or (H, W, channels) pixels of an encoding of sensor_msgs."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    # Flat, because memoryview casts no array with an empty axis.
    data = pixels.reshape(-1).view(np.uint8)
    return StoredImage(header, height, width, encoding, sys.byteorder == "big", pixels.nbytes // max(height, 1), data)
