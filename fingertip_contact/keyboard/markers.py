"""Detects ArUco markers in an image."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import cv2
import numpy as np

from fingertip_contact.keyboard.marker_cells import draw_marker


class MarkerDetector:
    """ArUco markers of one dictionary, with corners refined to fractions of a pixel."""

    def __init__(self, dictionary: str) -> None:
        table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
        self._detect_markers = _make_detector(table)
        self._self_mirrored = find_self_mirrored(dictionary)

    def detect(self, gray: np.ndarray) -> dict[int, np.ndarray]:
        """(H, W) uint8 -> number of each marker that is detected exactly once, and its corners (4, 2), pixels: top
        left, top right, bottom right, bottom left of the upright marker. None where all of them read the same
        in a mirrored image: of a mirrored sheet only these are found, and they give a pose that is wrong.
        """
        corners, detected_ids, _ = self._detect_markers(gray)
        if detected_ids is None:
            return {}
        marker_ids = [int(marker_id) for marker_id in np.ravel(detected_ids)]
        quads = [np.reshape(quad, (4, 2)).astype(np.float64) for quad in corners]
        found = {
            marker_id: quad
            for marker_id, quad in zip(marker_ids, quads, strict=True)
            if marker_ids.count(marker_id) == 1
        }
        return {} if found.keys() <= self._self_mirrored else found


@cache
def find_self_mirrored(dictionary: str) -> frozenset[int]:
    """The markers of a dictionary that read the same in a mirrored image: DICT_4X4_50 has 8, 9, 17 and 47."""
    table = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    found = []
    for marker_id in range(len(table.bytesList)):
        cells = draw_marker(dictionary, marker_id)
        if any(np.array_equal(np.rot90(cells[:, ::-1], turns), cells) for turns in range(4)):
            found.append(marker_id)
    return frozenset(found)


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
