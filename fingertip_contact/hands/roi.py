"""Regions of interest: the rotated squares in which the landmark network sees a hand upright.

The constants are those of MediaPipe's hand graph (mediapipe 0.10.21, modules/hand_landmark, Apache-2.0): the network
was trained on such crops, and its accuracy depends on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, floor, pi, sin

import cv2
import numpy as np

from fingertip_contact.datatypes import WRIST

# The landmarks that hardly move when fingers bend: wrist, thumb base, knuckles and first finger joints.
RIGID_LANDMARKS = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
INDEX_KNUCKLE, MIDDLE_KNUCKLE, RING_KNUCKLE = 5, 9, 13

PALM_SCALE, PALM_SHIFT = 2.6, -0.5
LANDMARK_SCALE, LANDMARK_SHIFT = 2.0, -0.1


@dataclass(frozen=True)
class Roi:
    """A square around a hand: centre and side in pixels, rotation in radians (0: fingers point up in the image)."""

    x: float
    y: float
    size: float
    rotation: float

    def image_from_crop(self, crop_size: int) -> np.ndarray:
        """(2, 3) float64: crop pixels (crop_size squared, hand upright) -> image pixels."""
        scale = self.size / crop_size
        c, s = scale * cos(self.rotation), scale * sin(self.rotation)
        half = crop_size / 2
        return np.array([[c, -s, self.x - half * (c - s)], [s, c, self.y - half * (s + c)]])

    def cut(self, image_bgr: np.ndarray, crop_bgr: np.ndarray) -> None:
        """Write this region of an image (H, W, 3) uint8 into a crop (S, S, 3) uint8, the hand upright."""
        cv2.warpAffine(
            image_bgr,
            self.image_from_crop(len(crop_bgr)),
            (len(crop_bgr), len(crop_bgr)),
            dst=crop_bgr,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )

    def distance(self, other: Roi) -> float:
        """Distance of the centres as a ratio of the larger side."""
        return float(np.hypot(self.x - other.x, self.y - other.y)) / max(self.size, other.size)


def from_palm(box: np.ndarray, wrist: np.ndarray, middle_knuckle: np.ndarray) -> Roi:
    """The hand's square from a palm: box (x0, y0, x1, y1) and two points (2,), all in pixels."""
    width, height = box[2] - box[0], box[3] - box[1]
    rotation = upright_rotation(wrist, middle_knuckle)
    center_x, center_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return _shift_and_scale(center_x, center_y, width, height, rotation, PALM_SHIFT, PALM_SCALE)


def from_landmarks(landmarks_px: np.ndarray) -> Roi:
    """The hand's square for the next frame from this frame's landmarks (21, 2), pixels."""
    knuckles = (landmarks_px[INDEX_KNUCKLE] + landmarks_px[RING_KNUCKLE]) / 2
    rotation = upright_rotation(landmarks_px[WRIST], (knuckles + landmarks_px[MIDDLE_KNUCKLE]) / 2)
    points = landmarks_px[list(RIGID_LANDMARKS)]
    box_center = (points.min(axis=0) + points.max(axis=0)) / 2
    c, s = cos(rotation), sin(rotation)
    rotation_matrix = np.array([[c, -s], [s, c]])  # upright -> image
    upright = (points - box_center) @ rotation_matrix
    low, high = upright.min(axis=0), upright.max(axis=0)
    center = rotation_matrix @ ((low + high) / 2) + box_center
    width, height = high - low
    return _shift_and_scale(center[0], center[1], width, height, rotation, LANDMARK_SHIFT, LANDMARK_SCALE)


def upright_rotation(start: np.ndarray, end: np.ndarray) -> float:
    """The angle in -pi..pi by which a crop is turned so that start -> end points up in it."""
    angle = pi / 2 - atan2(-(end[1] - start[1]), end[0] - start[0])
    return angle - 2 * pi * floor((angle + pi) / (2 * pi))


def _shift_and_scale(
    x: float, y: float, width: float, height: float, rotation: float, shift: float, scale: float
) -> Roi:
    """Move a rectangle along its own upward axis by a fraction of its height, then enlarge it to a square."""
    return Roi(
        float(x - height * shift * sin(rotation)),
        float(y + height * shift * cos(rotation)),
        float(max(width, height) * scale),
        rotation,
    )
