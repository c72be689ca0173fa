"""Depth of an earlier picture carried over to a later one by optical flow.

The flow goes from the later picture straight to the earlier one, however many pictures lie between: on rendered typing
as good as a chain from picture to picture, and it costs the same at any age. What flow cannot see is how a finger
comes nearer: depth keeps the age of the network's picture, its place in the picture does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

# Flow is found at this width at most. A quarter of 640 in place of half of it loses a third of what flow wins.
FLOW_WIDTH_PX = 320
# A pixel whose grey value changed by no more than this, of 255, shows the same thing: its depth stays as it is. In
# smooth parts of a desk flow follows shadows and noise.
SAME_GREY = 2
SMOOTHING_PX = 5
# Flow is sought this far round what has changed, in its own pixels.
ROOM_PX = 24
# A changed pixel frees its neighbours too: edges move together.
SPREAD = np.ones((7, 7), np.uint8)


@dataclass(frozen=True)
class Keyframe:
    """A picture whose depth is known. gray: (h, w) uint8, as `gray_of` makes it. depth_m: (H, W) float32, metres, NaN
    where invalid."""

    stamp_ns: int
    gray: np.ndarray
    depth_m: np.ndarray


def gray_of(image_bgr: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H // f, W // f) uint8 grey for the flow, f the whole number that makes it narrow enough."""
    height, width = image_bgr.shape[:2]
    factor = -(-width // FLOW_WIDTH_PX)
    if factor > 1:
        small = (width // factor, height // factor)
        whole_pixels = image_bgr[: small[1] * factor, : small[0] * factor]
        image_bgr = cv2.resize(whole_pixels, small, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)


class Propagator:
    """Carries depth over. Not for several threads at a time."""

    def __init__(self) -> None:
        # Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._pixels = np.empty((0, 0, 2), np.float32)

    def carry(self, key: Keyframe, gray: np.ndarray) -> np.ndarray:
        """The key's depth as it lies in another picture of the same size: (H, W) float32, metres, NaN where invalid.

        gray: of the other picture, by `gray_of`.
        """
        moved = changed(gray, key.gray)
        carried_m = key.depth_m.copy()
        window = _window_round(moved)
        if window is None:
            return carried_m
        factor = key.depth_m.shape[1] // gray.shape[1]
        rows, columns = (slice(part.start * factor, part.stop * factor) for part in window)
        now, before = np.ascontiguousarray(gray[window]), np.ascontiguousarray(key.gray[window])
        flow = np.zeros((*now.shape, 2), np.float32)
        self._dis.calc(now, before, flow)
        flow *= moved[window][..., None]
        flow += self._pixels_of(gray)[window]
        # Pixels of the small picture to pixels of the large one, whose edges coincide.
        flow *= factor
        flow += (factor - 1) / 2
        source = cv2.resize(flow, (columns.stop - columns.start, rows.stop - rows.start))
        # The nearest pixel: between a finger and the desk there is no depth half-way.
        nothing: Any = None
        carried_m[rows, columns] = cv2.remap(
            key.depth_m, source, nothing, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return carried_m

    def _pixels_of(self, gray: np.ndarray) -> np.ndarray:
        """(h, w, 2) float32: each pixel's own column and row."""
        if self._pixels.shape[:2] != gray.shape:
            rows, columns = np.mgrid[0 : gray.shape[0], 0 : gray.shape[1]]
            self._pixels = np.dstack([columns, rows]).astype(np.float32)
        return self._pixels


def changed(gray: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(h, w) uint8: 1 where two grey pictures differ by more than noise, or are near to where they do."""
    size = (SMOOTHING_PX, SMOOTHING_PX)
    difference = cv2.absdiff(cv2.GaussianBlur(gray, size, 0), cv2.GaussianBlur(other, size, 0))
    return cv2.dilate((difference > SAME_GREY).astype(np.uint8), SPREAD)


def _window_round(moved: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns round what has changed, with room for the flow to look round; None where nothing has."""
    left, top, width, height = cv2.boundingRect(moved)
    if not width:
        return None
    rows, columns = moved.shape
    return (
        slice(max(top - ROOM_PX, 0), min(top + height + ROOM_PX, rows)),
        slice(max(left - ROOM_PX, 0), min(left + width + ROOM_PX, columns)),
    )
