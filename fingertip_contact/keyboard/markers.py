"""Finds ArUco markers in a picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np


class MarkerDetector:
    """ArUco markers of one dictionary, with corners refined to parts of a pixel."""

    def __init__(self, dictionary: str) -> None:
        table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
        self._detect = _detector(table)

    def find(self, gray: np.ndarray) -> dict[int, np.ndarray]:
        """(H, W) uint8 -> number of each marker that is seen once, and its corners (4, 2), pixels, in the order top
        left, top right, bottom right, bottom left of the upright marker."""
        corners, found, _ = self._detect(gray)
        if found is None:
            return {}
        numbers = [int(number) for number in np.ravel(found)]
        quads = [np.reshape(quad, (4, 2)).astype(np.float64) for quad in corners]
        return {number: quad for number, quad in zip(numbers, quads, strict=True) if numbers.count(number) == 1}


def _detector(table: cv2.aruco.Dictionary) -> Callable[[np.ndarray], Any]:
    # OpenCV before 4.7 (Ubuntu 24.04 has 4.6) has functions where later ones have a class.
    old: Any = cv2.aruco
    if hasattr(cv2.aruco, "ArucoDetector"):
        return cv2.aruco.ArucoDetector(table, _settings(cv2.aruco.DetectorParameters())).detectMarkers
    return partial(old.detectMarkers, dictionary=table, parameters=_settings(old.DetectorParameters_create()))


def _settings(parameters: cv2.aruco.DetectorParameters) -> cv2.aruco.DetectorParameters:
    # Markers are 20 to 45 px wide: a window over 5 px would pull corners towards the cells inside.
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    parameters.cornerRefinementWinSize = 3
    return parameters
