"""Where the network has to look: a window round the hands, and not the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.frames import WRIST, Hand

# Round the landmarks, as shares of the picture's width. A finger is some 20 px wide in 640 and its depth needs the desk
# beside it.
MARGIN_SHARE = 0.03


@dataclass(frozen=True)
class Region:
    """A rectangle of a picture, pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns, to cut the region out of an array."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


class RegionFinder:
    """A window of fixed size that holds all fingers and stays where it is as long as it does.

    Of fixed size, so that the network always sees hands at the same magnification, which is what it judges distance
    by; at rest, so that its depth of a resting scene rests too. width_share, height_share: of the picture.
    """

    def __init__(self, width_share: float, height_share: float) -> None:
        self._shares = np.array([width_share, height_share])
        self._last: Region | None = None

    def find(self, hands: Sequence[Hand], height: int, width: int) -> Region | None:
        """The window for a picture of that size; None where the whole picture has to be looked at: no hands are known,
        or they do not fit."""
        picture = np.array([width, height])
        size = np.minimum(np.rint(self._shares * picture).astype(int), picture)
        box = _box_of_fingers(hands, picture)
        if box is None or np.all(size == picture):
            self._last = None
            return None
        if not self._holds(box, size, MARGIN_SHARE * width, picture):
            self._last = _placed(box, size, picture)
        if not self._holds(box, size, 0.0, picture):
            self._last = None
        return self._last

    def _holds(self, box: np.ndarray, size: np.ndarray, margin_px: float, picture: np.ndarray) -> bool:
        """Whether the last window is of that size and has the box with its margin inside."""
        last = self._last
        if last is None or (last.width, last.height) != tuple(size):
            return False
        start = np.array([last.left, last.top])
        low, high = np.maximum(box[0] - margin_px, 0), np.minimum(box[1] + margin_px, picture)
        return bool(np.all(start <= low) and np.all(high <= start + size))


def _box_of_fingers(hands: Sequence[Hand], picture: np.ndarray) -> np.ndarray | None:
    """The corners (2, 2) of the box round all landmarks but the wrists, inside the picture; None without hands."""
    points = [hand.landmarks_px[np.arange(len(hand.landmarks_px)) != WRIST] for hand in hands]
    if not points:
        return None
    seen = np.clip(np.concatenate(points), 0, picture)
    return np.stack([seen.min(axis=0), seen.max(axis=0)])


def _placed(box: np.ndarray, size: np.ndarray, picture: np.ndarray) -> Region:
    """The window with the box in its middle, moved into the picture."""
    start = np.rint(box.mean(axis=0) - size / 2)
    left, top = np.clip(start, 0, picture - size).astype(int)
    return Region(int(left), int(top), int(size[0]), int(size[1]))
