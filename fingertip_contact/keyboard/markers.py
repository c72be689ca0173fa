"""Finds ArUco markers in a picture."""

from __future__ import annotations

import cv2
import numpy as np


class MarkerDetector:
    """ArUco markers of one dictionary, with corners refined to parts of a pixel."""

    def __init__(self, dictionary: str) -> None:
        table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
        # OpenCV before 4.7 (Ubuntu 24.04 has 4.6) has functions where later ones have a class.
        if hasattr(cv2.aruco, "ArucoDetector"):
            self._detect = cv2.aruco.ArucoDetector(table, _settings(cv2.aruco.DetectorParameters())).detectMarkers
        else:
            parameters = _settings(cv2.aruco.DetectorParameters_create())
            self._detect = lambda gray: cv2.aruco.detectMarkers(gray, table, parameters=parameters)  # type: ignore[attr-defined]

    def find(self, gray: np.ndarray) -> dict[int, np.ndarray]:
        """(H, W) uint8 -> number of each marker that is seen once, and its corners (4, 2), pixels, in the order top
        left, top right, bottom right, bottom left of the upright marker."""
        corners, numbers, _ = self._detect(gray)
        if numbers is None:
            return {}
        numbers = [int(number) for number in np.ravel(numbers)]
        found = zip(numbers, corners, strict=True)
        return {number: quad.reshape(4, 2).astype(np.float64) for number, quad in found if numbers.count(number) == 1}


def _settings(parameters: cv2.aruco.DetectorParameters) -> cv2.aruco.DetectorParameters:
    # Markers are 20 to 45 px wide: a window over 5 px would pull corners towards the cells inside.
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    parameters.cornerRefinementWinSize = 3
    return parameters
