"""Depth of the bare desk on a coarse grid of pixels, and its mean over frames."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from fingertip_contact.datatypes import MIDDLE_KNUCKLE, WRIST, DepthImage, Hand
from fingertip_contact.geometry import Camera

# Neighbouring pixels of a stereo camera's depth share a matching window of 8 pixels or more: a finer grid adds nothing.
STRIDE = 4
HAND_MARGIN_PX = 30.0
# A frame whose depth differs by more at most pixels shows something else, or is damaged: noise of a pixel is a tenth
# of that.
MAX_DIFFERENCE = 0.05
# Every so many pixels of the grid are enough to tell, in each direction.
_COMPARED = slice(None, None, 4)


@lru_cache(maxsize=2)
def make_grid_rays(camera: Camera, shape: tuple[int, int]) -> np.ndarray:
    """(h, w, 3) rays with z = 1 of every STRIDE-th pixel. shape: h, w of the grid."""
    rows, columns = np.indices(shape)
    return camera.rays(STRIDE * np.column_stack([columns.ravel(), rows.ravel()])).reshape(*shape, 3)


def extract_desk_depth(depth: DepthImage, hands: tuple[Hand, ...]) -> np.ndarray:
    """Every STRIDE-th pixel's inverse depth (h, w), 1/metres, NaN where invalid or near a hand or its forearm."""
    step = slice(None, None, STRIDE)
    inverse_depth = 1.0 / depth.to_metres((step, step))
    for hand in hands:
        wrist = hand.landmarks_px[WRIST]
        elbow = wrist + 2.0 * (wrist - hand.landmarks_px[MIDDLE_KNUCKLE])
        margin = round(HAND_MARGIN_PX / STRIDE)
        inverse_depth[draw_hull(np.vstack([hand.landmarks_px, elbow]), inverse_depth.shape, margin)] = np.nan
    return inverse_depth


def draw_hull(points_px: np.ndarray, shape: tuple[int, ...], margin: int = 0) -> np.ndarray:
    """(h, w) bool: the part of the grid in the convex hull of pixels (N, 2), grown by `margin` pixels of the grid;
    nowhere if one of them is not finite."""
    mask = np.zeros(shape, dtype=np.uint8)
    if np.isfinite(points_px).all():
        # OpenCV draws with 16 bit coordinates.
        outline = cv2.convexHull(np.clip(points_px / STRIDE, -1e4, 1e4).astype(np.float32))
        polygon = np.round(outline).astype(np.int32)
        cv2.fillConvexPoly(mask, polygon, 1)
        if margin:
            cv2.polylines(mask, [polygon], True, 1, thickness=2 * margin)
    return mask > 0


class MeanDepth:
    """Mean over frames of inverse depth, in which the noise is symmetric; from frame to frame it is independent.

    A single damaged frame would move a mean by centimetres: frames that disagree with it are left out, and when they
    are more than those in it, a new mean begins.
    """

    def __init__(self) -> None:
        self._sum = np.zeros((0, 0))
        self._count = np.zeros((0, 0), dtype=np.int32)
        self._first_ns = self._last_ns = 0
        self.frame_count = self._left_out_count = 0

    @property
    def duration_s(self) -> float:
        return (self._last_ns - self._first_ns) / 1e9

    def add(self, stamp_ns: int, inverse_depth: np.ndarray) -> None:
        """inverse_depth: (h, w), NaN where there is none. A stamp that runs backwards begins a new mean."""
        disagrees = self._disagrees(inverse_depth)
        self._left_out_count += disagrees
        if disagrees and self._left_out_count <= self.frame_count:
            return
        if disagrees or self.frame_count == 0 or stamp_ns < self._last_ns:
            self._sum = np.zeros(inverse_depth.shape)
            self._count = np.zeros(inverse_depth.shape, dtype=np.int32)
            self._first_ns, self.frame_count, self._left_out_count = stamp_ns, 0, 0
        valid = np.isfinite(inverse_depth)
        self._sum[valid] += inverse_depth[valid]
        self._count += valid
        self._last_ns = stamp_ns
        self.frame_count += 1

    def _disagrees(self, inverse_depth: np.ndarray) -> bool:
        if inverse_depth.shape != self._sum.shape:
            return False
        count, new = self._count[_COMPARED, _COMPARED], inverse_depth[_COMPARED, _COMPARED]
        common = (count > 0) & np.isfinite(new)
        if not common.any():
            return False
        known = self._sum[_COMPARED, _COMPARED][common] / count[common]
        return bool(np.median(np.abs(new[common] - known)) > MAX_DIFFERENCE * np.median(known))

    def compute(self) -> np.ndarray:
        """(h, w) the mean, NaN where depth was seen less than half as often as at the best pixel."""
        often = self._count > self._count.max(initial=0) // 2
        return np.where(often, self._sum / np.maximum(self._count, 1), np.nan)
