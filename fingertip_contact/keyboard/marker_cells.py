"""The cells of an ArUco marker, to print and to compare."""

from __future__ import annotations

import cv2
import numpy as np


def draw_marker(dictionary: str, marker_id: int) -> np.ndarray:
    """Its cells with their black border, one pixel each: (N, N) uint8, 0 or 255."""
    table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    # OpenCV before 4.7 (Ubuntu 24.04 has 4.6) has the older name.
    draw = getattr(cv2.aruco, "generateImageMarker", None) or getattr(cv2.aruco, "drawMarker")  # noqa: B009
    return draw(table, marker_id, table.markerSize + 2)
