"""Writes an image file, or says that it could not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def write_image(path: Path, image_bgr: np.ndarray, name: Path) -> None:
    """Raises OSError where OpenCV could not. name: for the error, where `path` is temporary."""
    if not cv2.imwrite(str(path), image_bgr):
        raise OSError(f"{name} cannot be written; free some space, or choose another disk")
