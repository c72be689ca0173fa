"""Detects ArUco markers in an image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np


class MarkerDetector:
    """ArUco markers of one dictionary, with corners refined to fractions of a pixel."""

    def __init__(self, dictionary: str) -> None:
        table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
        self._detect_markers = _make_detector(table)

    def detect(self, gray: np.ndarray) -> dict[int, np.ndarray]:
        """(H, W) uint8 -> number of each marker that is detected exactly once, and its corners (4, 2), pixels: top
        left, top right, bottom right, bottom left of the upright marker."""
        corners, detected_ids, _ = self._detect_markers(gray)
        if detected_ids is None:
            return {}
        marker_ids = [int(marker_id) for marker_id in np.ravel(detected_ids)]
        quads = [np.reshape(quad, (4, 2)).astype(np.float64) for quad in corners]
        return {
            marker_id: quad
            for marker_id, quad in zip(marker_ids, quads, strict=True)
            if marker_ids.count(marker_id) == 1
        }


def _make_detector(table: cv2.aruco.Dictionary) -> Callable[[np.ndarray], Any]:
    # OpenCV before 4.7 (Ubuntu 24.04 has 4.6) has functions where later ones have a class.
    legacy_aruco: Any = cv2.aruco
    if hasattr(cv2.aruco, "ArucoDetector"):
        return cv2.aruco.ArucoDetector(table, _configure(cv2.aruco.DetectorParameters())).detectMarkers
    return partial(
        legacy_aruco.detectMarkers, dictionary=table, parameters=_configure(legacy_aruco.DetectorParameters_create())
    )


def _configure(parameters: cv2.aruco.DetectorParameters) -> cv2.aruco.DetectorParameters:
    # Markers are 20 to 45 px wide: a window over 5 px would pull corners towards the inner cells.
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    parameters.cornerRefinementWinSize = 3
    # Since 4.8 OpenCV narrows the window to 0.3 of a marker's cell, which is one pixel here; corners then scatter by
    # 0.3 px instead of 0.1.
    if hasattr(parameters, "relativeCornerRefinmentWinSize"):
        parameters.relativeCornerRefinmentWinSize = 1.0
    return parameters
