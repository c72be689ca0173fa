"""Notices whether anything has moved in the images: where nothing has, no hand has come."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from fingertip_contact.hands.roi import Roi

# Means of blocks of 16 by 16 pixels are compared, of every second pixel in each direction: the noise of a dark image is
# half a grey value of them, a hand in front of a desk of its own colour has shadows of ten.
BLOCK_PX, STEP_PX = 16, 2
MIN_CHANGE_GREY = 5
# A scene is still when nothing has moved for so long: who has just come is searched for at the full rate.
STILL_NS = 500_000_000


class SceneWatch:
    """is_still() takes the images in the order of their stamps, not necessarily all of them."""

    def __init__(self) -> None:
        self._blocks: np.ndarray | None = None
        self._changed_ns = 0

    def is_still(self, image_bgr: np.ndarray, stamp_ns: int, hands: Sequence[Roi]) -> bool:
        """Whether nothing has moved for STILL_NS in the image (H, W, 3) uint8 outside of known hands' regions."""
        blocks = _average_blocks(image_bgr)
        if self._blocks is None or _differ(self._blocks, blocks, hands):
            self._blocks, self._changed_ns = blocks, stamp_ns
        return stamp_ns - self._changed_ns >= STILL_NS


def _differ(before: np.ndarray, now: np.ndarray, hands: Sequence[Roi]) -> bool:
    if before.shape != now.shape:
        return True
    changed: np.ndarray = cv2.absdiff(before, now).max(axis=2) >= MIN_CHANGE_GREY
    for hand in hands:
        changed[_cover(hand.y - hand.size / 2, hand.size), _cover(hand.x - hand.size / 2, hand.size)] = False
    return bool(changed.any())


def _average_blocks(image_bgr: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: the mean of each block."""
    height, width = image_bgr.shape[:2]
    size = (max(width // BLOCK_PX, 1), max(height // BLOCK_PX, 1))
    return cv2.resize(image_bgr[::STEP_PX, ::STEP_PX], size, interpolation=cv2.INTER_AREA)


def _cover(start_px: float, size_px: float) -> slice:
    return slice(max(int(start_px) // BLOCK_PX, 0), max(int(start_px + size_px) // BLOCK_PX + 1, 0))
