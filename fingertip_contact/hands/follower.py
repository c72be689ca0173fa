"""Follows the landmarks of a hand into the next image by optical flow, at a tenth of the network's cost."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.datatypes import FINGERTIP_LANDMARKS

# A fingertip is followed at a point behind its end, a quarter of the way to the last joint: around the end itself the
# desk fills half of the window, and a printed key stands still.
TIP_WEIGHT = 0.75
# Pyramidal Lucas-Kanade (Bouguet 2001) with windows of a finger's width; two levels reach 20 pixels.
WINDOW_PX, LEVELS = 11, 2
CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
MARGIN_PX = 24
# Mean difference of a window between the images, grey values, above which a point is lost.
MAX_DIFFERENCE = 20.0

_TIPS = np.array(FINGERTIP_LANDMARKS)


@dataclass(frozen=True)
class HandPatch:
    """What a hand looked like. grey: (h, w) uint8, the part of the image around it. origin_px: (x, y) of its corner.
    landmarks_px: (21, 2) float32, pixels of the image."""

    grey: np.ndarray
    origin_px: tuple[int, int]
    landmarks_px: np.ndarray

    @classmethod
    def cut(cls, image_bgr: np.ndarray, landmarks_px: np.ndarray) -> HandPatch | None:
        """From an image (H, W, 3) uint8, which may be reused; None where the hand reaches out of it."""
        x0, y0 = (int(value) for value in np.floor(landmarks_px.min(axis=0)) - MARGIN_PX)
        x1, y1 = (int(value) for value in np.ceil(landmarks_px.max(axis=0)) + MARGIN_PX)
        height, width = image_bgr.shape[:2]
        if x0 < 0 or y0 < 0 or x1 > width or y1 > height:
            return None
        return cls(cv2.cvtColor(image_bgr[y0:y1, x0:x1], cv2.COLOR_BGR2GRAY), (x0, y0), landmarks_px)

    def follow(self, image_bgr: np.ndarray) -> np.ndarray | None:
        """(21, 2) float32 landmarks in the next image, of the same size; None where one of them is lost."""
        height, width = self.grey.shape
        x0, y0 = self.origin_px
        now = cv2.cvtColor(image_bgr[y0 : y0 + height, x0 : x0 + width], cv2.COLOR_BGR2GRAY)
        points = self.landmarks_px - np.array(self.origin_px, np.float32)
        points[_TIPS] = TIP_WEIGHT * points[_TIPS] + (1 - TIP_WEIGHT) * points[_TIPS - 1]
        size = (WINDOW_PX, WINDOW_PX)
        moved, found, difference = cv2.calcOpticalFlowPyrLK(
            self.grey, now, points, np.empty_like(points), winSize=size, maxLevel=LEVELS, criteria=CRITERIA
        )
        if not found.all() or difference.max() > MAX_DIFFERENCE:
            return None
        return self.landmarks_px + (moved - points)
