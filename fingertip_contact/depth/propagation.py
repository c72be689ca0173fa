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

# Flow is found at this width. Half of 640 costs 4 ms; a quarter saves 1 ms and loses a third of what flow wins.
FLOW_WIDTH_PX = 320
# A pixel whose grey value changed by no more than this, of 255, shows the same thing: its depth stays as it is. In
# smooth parts of a desk flow follows shadows and noise.
SAME_GREY = 2
SMOOTHING_PX = 5
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
    """(H, W, 3) uint8 -> (h, w) uint8 grey, at the width at which flow is found."""
    height, width = image_bgr.shape[:2]
    if width > FLOW_WIDTH_PX:
        size = (FLOW_WIDTH_PX, round(height * FLOW_WIDTH_PX / width))
        image_bgr = cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)


class Propagator:
    """Carries depth over. Not for several threads at a time."""

    def __init__(self) -> None:
        # Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._pixels = self._flow = self._source = np.empty((0, 0, 2), np.float32)

    def carry(self, key: Keyframe, gray: np.ndarray) -> np.ndarray:
        """The key's depth as it lies in another picture of the same size: (H, W) float32, metres, NaN where invalid.

        gray: of the other picture, by `gray_of`.
        """
        self._fit_buffers(gray.shape, key.depth_m.shape)
        # What is in the result before is where the search starts.
        flow = self._flow
        flow.fill(0)
        self._dis.calc(gray, key.gray, flow)
        flow *= changed(gray, key.gray)[..., None]
        flow += self._pixels
        # Pixels of the small picture to pixels of the large one, whose edges coincide.
        height, width = key.depth_m.shape
        enlarged = np.array([width / gray.shape[1], height / gray.shape[0]], np.float32)
        flow *= enlarged
        flow += (enlarged - 1) / 2
        cv2.resize(flow, (width, height), dst=self._source)
        # The nearest pixel: between a finger and the desk there is no depth half-way.
        nothing: Any = None
        return cv2.remap(key.depth_m, self._source, nothing, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)

    def _fit_buffers(self, small: tuple[int, ...], large: tuple[int, ...]) -> None:
        """Fresh memory for each picture would cost more than the flow."""
        if self._pixels.shape[:2] != small:
            rows, columns = np.mgrid[0 : small[0], 0 : small[1]]
            self._pixels = np.dstack([columns, rows]).astype(np.float32)
            self._flow = np.empty_like(self._pixels)
        if self._source.shape[:2] != large:
            self._source = np.empty((*large, 2), np.float32)


def changed(gray: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(h, w) uint8: 1 where two grey pictures differ by more than noise, or are near to where they do."""
    size = (SMOOTHING_PX, SMOOTHING_PX)
    difference = cv2.absdiff(cv2.GaussianBlur(gray, size, 0), cv2.GaussianBlur(other, size, 0))
    return cv2.dilate((difference > SAME_GREY).astype(np.uint8), SPREAD)
