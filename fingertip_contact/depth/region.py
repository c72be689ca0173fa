"""The region of the image for which the network infers depth: a window around the hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import WRIST, Hand

# Margin around the landmarks, as a fraction of the image's width. A finger is about 20 px wide in 640, and its depth
# needs the desk beside it.
MARGIN_RATIO = 0.03


@dataclass(frozen=True)
class Region:
    """A rectangle of an image, pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns, to index an array with."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


class RegionFinder:
    """Finds a window of fixed size that contains all fingers; it moves only when they leave it.

    Its size is fixed so that the network always sees hands at the same magnification, from which it infers distance.
    It does not move without need, because that would make the depth of a resting scene vary. width_ratio, height_ratio:
    of the image.
    """

    def __init__(self, width_ratio: float, height_ratio: float) -> None:
        self._size_ratios = np.array([width_ratio, height_ratio])
        self._last_region: Region | None = None

    def find(self, hands: Sequence[Hand], height: int, width: int) -> Region | None:
        """The window for an image of that size; None if the whole image is needed: without hands, or if they do not fit
        into the window."""
        image_size = np.array([width, height])
        size = np.minimum(np.rint(self._size_ratios * image_size).astype(int), image_size)
        box = _find_finger_box(hands, image_size)
        if box is None or np.all(size == image_size):
            self._last_region = None
            return None
        if not self._contains(box, size, MARGIN_RATIO * width, image_size):
            self._last_region = _center_on_box(box, size, image_size)
        if not self._contains(box, size, 0.0, image_size):
            self._last_region = None
        return self._last_region

    def _contains(self, box: np.ndarray, size: np.ndarray, margin_px: float, image_size: np.ndarray) -> bool:
        """Whether the last window has that size and contains the box with its margin."""
        last = self._last_region
        if last is None or (last.width, last.height) != tuple(size):
            return False
        start = np.array([last.left, last.top])
        lower, upper = np.maximum(box[0] - margin_px, 0), np.minimum(box[1] + margin_px, image_size)
        return bool(np.all(start <= lower) and np.all(upper <= start + size))


def _find_finger_box(hands: Sequence[Hand], image_size: np.ndarray) -> np.ndarray | None:
    """The corners (2, 2) of the box around all landmarks except the wrists, inside the image; None without hands."""
    points_px = [hand.landmarks_px[np.arange(len(hand.landmarks_px)) != WRIST] for hand in hands]
    if not points_px:
        return None
    clipped_px = np.clip(np.concatenate(points_px), 0, image_size)
    return np.stack([clipped_px.min(axis=0), clipped_px.max(axis=0)])


def _center_on_box(box: np.ndarray, size: np.ndarray, image_size: np.ndarray) -> Region:
    """The window centred on the box, moved into the image."""
    start = np.rint(box.mean(axis=0) - size / 2)
    left, top = np.clip(start, 0, image_size - size).astype(int)
    return Region(int(left), int(top), int(size[0]), int(size[1]))
