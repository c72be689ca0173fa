"""Codes images as image_transport's plugins do; compressed_image.py decodes them.

cv2 needs milliseconds for an image: call it where nothing waits.
"""

from __future__ import annotations

import struct

import cv2
import numpy as np

# That of compressed_image_transport; docs/recording-forms.md has the events that are read from such images.
JPEG_QUALITY = 95
# zlib's fastest: higher levels save little of noisy depth, and take many times as long.
PNG_LEVEL = 1
# compressedDepth: int32 format, float32 A and B, which only 32FC1 needs.
_DEPTH_HEADER = struct.pack("<iff", 0, 0.0, 0.0)


def code_jpeg(image: np.ndarray, encoding: str) -> tuple[bytes, str]:
    """Data and format of a message of `compressed`. image: (H, W, 3) bgr8 or (H, W) mono8."""
    return encode_jpeg(image, JPEG_QUALITY), f"{encoding}; jpeg compressed {encoding}"


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """image: (H, W, 3) BGR or (H, W), uint8. quality: 0 to 100."""
    return _encode(".jpg", image, cv2.IMWRITE_JPEG_QUALITY, quality)


def code_depth(depth_mm: np.ndarray) -> tuple[bytes, str]:
    """Data and format of a message of `compressedDepth`. depth_mm: (H, W) uint16, 0 invalid; nothing is lost."""
    data = _DEPTH_HEADER + _encode(".png", depth_mm, cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL)
    return data, "16UC1; compressedDepth png"


def _encode(extension: str, image: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(extension, image, options)[1].tobytes()
