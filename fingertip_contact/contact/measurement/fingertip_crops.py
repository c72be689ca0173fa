"""Image crops of each fingertip over the last frames: what the appearance network sees.

All frames of a crop show the same place of the image, so that desk and shadow stand still in it and a finger moves; a
finger that touches stops, and meets its shadow.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_columns
from fingertip_contact.contact.measurement.finger_region import stack_tips_px
from fingertip_contact.datatypes import Hand

# A crop shows this many millimetres, one per pixel.
CROP_PX = 32
METRES_PER_PX = 0.001
# Its frames, relative to the one that it tells about, s; the last one is the newest frame.
FRAME_TIMES_S = np.arange(-4, 3) / 30.0
LOOKAHEAD_S = float(FRAME_TIMES_S[-1])


@dataclass(frozen=True)
class _SeenFrame:
    """grey: (H, W) uint8. tips_px: (FINGER_COUNT, 2), NaN where no hand is. tracks: (FINGER_COUNT,), -1 there."""

    stamp_ns: int
    grey: np.ndarray
    tips_px: np.ndarray
    tracks: np.ndarray
    pixels_per_m: float


@dataclass(frozen=True)
class FingertipCrops:
    """columns: (N,) int, see FingertipHistory. images: (N, len(FRAME_TIMES_S), size, size) uint8. They tell about the
    frame LOOKAHEAD_S before the newest."""

    columns: np.ndarray
    images: np.ndarray


class CropBuffer:
    """Keeps the last frames' grey images, which it must not see changed. size: of a crop, pixels."""

    def __init__(self, size: int = CROP_PX) -> None:
        self._size = size
        self._frames: deque[_SeenFrame] = deque()

    def reset(self) -> None:
        """Forget all frames."""
        self._frames.clear()

    def add(
        self, stamp_ns: int, grey: np.ndarray, hands: tuple[Hand, ...], pixels_per_m: float
    ) -> FingertipCrops | None:
        """Add a frame and return the crops of the fingers that were seen LOOKAHEAD_S ago and still are; None without
        any. grey: (H, W) uint8, kept and not copied."""
        columns = find_columns(hands)
        tips_px, tracks = np.full((FINGER_COUNT, 2), np.nan), np.full(FINGER_COUNT, -1)
        if hands:
            tips_px[columns] = stack_tips_px(hands)
            tracks[columns] = np.repeat([hand.track for hand in hands], len(columns) // len(hands))
        if self._frames and self._frames[-1].grey.shape != grey.shape:
            self.reset()
        self._frames.append(_SeenFrame(stamp_ns, grey, tips_px, tracks, pixels_per_m))
        span_ns = round((FRAME_TIMES_S[-1] - FRAME_TIMES_S[0]) * 1e9)
        while len(self._frames) > 2 and self._frames[1].stamp_ns <= stamp_ns - span_ns:
            self._frames.popleft()
        return self._cut()

    def _cut(self) -> FingertipCrops | None:
        newest = self._frames[-1]
        times_ns = newest.stamp_ns + np.round((FRAME_TIMES_S - LOOKAHEAD_S) * 1e9).astype(np.int64)
        stamps_ns = np.array([frame.stamp_ns for frame in self._frames])
        chosen = [self._frames[int(np.abs(stamps_ns - time_ns).argmin())] for time_ns in times_ns]
        center = chosen[int(np.abs(FRAME_TIMES_S).argmin())]
        seen = np.isfinite(center.tips_px).all(axis=1) & (center.tracks == newest.tracks) & (center.tracks >= 0)
        (columns,) = np.nonzero(seen)
        if not len(columns) or not np.isfinite(center.pixels_per_m):
            return None
        places_px = self._place(center.tips_px[columns], center.pixels_per_m * METRES_PER_PX)
        images = np.empty((len(chosen), len(columns) * self._size, self._size), np.uint8)
        # One call per frame for all fingers: each call lets another thread take over.
        for image, frame in zip(images, chosen, strict=True):
            cv2.remap(frame.grey, *places_px, cv2.INTER_LINEAR, dst=image, borderMode=cv2.BORDER_REPLICATE)
        by_frame = images.reshape(len(chosen), len(columns), self._size, self._size)
        return FingertipCrops(columns, by_frame.swapaxes(0, 1))

    def _place(self, tips_px: np.ndarray, step_px: float) -> tuple[np.ndarray, np.ndarray]:
        """Columns and rows of the image (N * size, size) float32 that crops around tips (N, 2) show, one below the
        other."""
        shape = (len(tips_px), self._size, self._size)
        offsets_px = step_px * (np.arange(self._size) - (self._size - 1) / 2)
        columns_px, rows_px = np.empty(shape, np.float32), np.empty(shape, np.float32)
        columns_px[:] = (tips_px[:, :1] + offsets_px)[:, None, :]
        rows_px[:] = (tips_px[:, 1:] + offsets_px)[:, :, None]
        return columns_px.reshape(-1, self._size), rows_px.reshape(-1, self._size)
