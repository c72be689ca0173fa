"""Propagates the depth of an earlier image to a later one by optical flow.

The flow goes directly from the later image to the earlier one: on rendered typing it is as accurate as a chain from
image to image, and its cost does not depend on the age. Flow cannot measure how a finger comes nearer: the position in
the image is up to date, the depth value is as old as the keyframe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

# Maximum width at which flow is computed. A quarter of 640 instead of half loses a third of the gain from flow.
FLOW_WIDTH_PX = 320
# A pixel whose grey value changed by at most this, of 255, keeps its depth: in smooth parts of a desk flow follows
# shadows and noise.
GREY_TOLERANCE = 2
SMOOTHING_PX = 5
# Margin around changed pixels in which flow is computed, pixels of the flow image.
PADDING_PX = 24
# Neighbours of a changed pixel count as changed too: edges move together.
DILATION_KERNEL = np.ones((7, 7), np.uint8)


@dataclass(frozen=True)
class Keyframe:
    """An image whose depth is known. gray: (h, w) uint8, as `to_flow_image` makes it. depth_m: (H, W) float32, metres,
    NaN where invalid."""

    stamp_ns: int
    gray: np.ndarray
    depth_m: np.ndarray


def to_flow_image(image_bgr: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> (H // f, W // f) uint8 grey; f: the smallest integer that limits the width."""
    height, width = image_bgr.shape[:2]
    factor = -(-width // FLOW_WIDTH_PX)
    if factor > 1:
        flow_size = (width // factor, height // factor)
        cropped_bgr = image_bgr[: flow_size[1] * factor, : flow_size[0] * factor]
        image_bgr = cv2.resize(cropped_bgr, flow_size, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY)


class Propagator:
    """Propagates depth. Not thread-safe: each thread needs its own."""

    def __init__(self) -> None:
        # Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016.
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._pixel_grid = np.empty((0, 0, 2), np.float32)

    def propagate(self, keyframe: Keyframe, gray: np.ndarray) -> np.ndarray:
        """The keyframe's depth in another image of the same size: (H, W) float32, metres, NaN where invalid.

        gray: of the other image, made by `to_flow_image`.
        """
        change_mask = compute_change_mask(gray, keyframe.gray)
        propagated_m = keyframe.depth_m.copy()
        window = _find_change_window(change_mask)
        if window is None:
            return propagated_m
        factor = keyframe.depth_m.shape[1] // gray.shape[1]
        rows, columns = (slice(extent.start * factor, extent.stop * factor) for extent in window)
        current, previous = np.ascontiguousarray(gray[window]), np.ascontiguousarray(keyframe.gray[window])
        flow = np.zeros((*current.shape, 2), np.float32)
        self._dis.calc(current, previous, flow)
        flow *= change_mask[window][..., None]
        flow += self._get_pixel_grid(gray)[window]
        # Pixels of the small image to pixels of the large one, whose edges coincide.
        flow *= factor
        flow += (factor - 1) / 2
        source = cv2.resize(flow, (columns.stop - columns.start, rows.stop - rows.start))
        # The nearest pixel: interpolated depth between a finger and the desk would be wrong.
        no_destination: Any = None
        propagated_m[rows, columns] = cv2.remap(
            keyframe.depth_m, source, no_destination, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return propagated_m

    def _get_pixel_grid(self, gray: np.ndarray) -> np.ndarray:
        """(h, w, 2) float32: each pixel's own column and row."""
        if self._pixel_grid.shape[:2] != gray.shape:
            rows, columns = np.mgrid[0 : gray.shape[0], 0 : gray.shape[1]]
            self._pixel_grid = np.dstack([columns, rows]).astype(np.float32)
        return self._pixel_grid


def compute_change_mask(gray: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(h, w) uint8: 1 where two grey images differ by more than noise, and around such pixels."""
    size = (SMOOTHING_PX, SMOOTHING_PX)
    difference = cv2.absdiff(cv2.GaussianBlur(gray, size, 0), cv2.GaussianBlur(other, size, 0))
    return cv2.dilate((difference > GREY_TOLERANCE).astype(np.uint8), DILATION_KERNEL)


def _find_change_window(change_mask: np.ndarray) -> tuple[slice, slice] | None:
    """Rows and columns of the changed pixels with a margin for the flow; None if nothing has changed."""
    left, top, width, height = cv2.boundingRect(change_mask)
    if not width:
        return None
    rows, columns = change_mask.shape
    return (
        slice(max(top - PADDING_PX, 0), min(top + height + PADDING_PX, rows)),
        slice(max(left - PADDING_PX, 0), min(left + width + PADDING_PX, columns)),
    )
