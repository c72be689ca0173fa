"""Depth on the depth camera's grid to the colour camera's, as librealsense's `align` moves it (2.59, x86).

Not the nearest pixel: the corners of each depth pixel are projected, and all colour pixels between the two get its
depth; the nearest depth wins. So near things grow right and down by up to a pixel. The colour camera's distortion is
ignored: depth of the pixel seen at (u, v) of the colour image lies at the undistorted pixel.

The depth camera of a D405 is its left imager, from which colour comes too: no translation and no rotation lie between
the two, so a pixel's place does not depend on its depth and the maps are computed once.
"""

from __future__ import annotations

import numpy as np

from fingertip_contact.geometry import Camera

_EMPTY = np.iinfo(np.uint16).max


class DepthAlignment:
    """Moves depth images of one pair of cameras."""

    def __init__(self, depth_camera: Camera, color_camera: Camera) -> None:
        depth, color = depth_camera, color_camera
        has_two_corners = _is_coarser(depth, color)
        self._columns = _list_sources(
            _project_corners(depth.width, depth.cx, depth.fx, color.cx, color.fx, has_two_corners), color.width
        )
        self._rows = _list_sources(
            _project_corners(depth.height, depth.cy, depth.fy, color.cy, color.fy, has_two_corners), color.height
        )

    def apply(self, raw: np.ndarray) -> np.ndarray:
        """(H, W) uint16 raw depth, 0 invalid, on the depth camera's grid -> on the colour camera's."""
        # Zero wraps to the largest value and so never is the nearest.
        padded = np.full((raw.shape[0] + 1, raw.shape[1] + 1), _EMPTY, dtype=np.uint16)
        np.subtract(raw, 1, out=padded[:-1, :-1])
        nearest = padded[self._rows[0]]
        for rows in self._rows[1:]:
            np.minimum(nearest, padded[rows], out=nearest)
        aligned = nearest[:, self._columns[0]]
        for columns in self._columns[1:]:
            np.minimum(aligned, nearest[:, columns], out=aligned)
        return aligned + np.uint16(1)


def _is_coarser(depth: Camera, color: Camera) -> bool:
    """Whether depth has fewer pixels per angle of view. Otherwise only one corner is projected and small holes stay."""
    return any(
        depth_size / _compute_view(depth_size, depth_center, depth_focal)
        < color_size / _compute_view(color_size, color_center, color_focal)
        for depth_size, depth_center, depth_focal, color_size, color_center, color_focal in (
            (depth.width, depth.cx, depth.fx, color.width, color.cx, color.fx),
            (depth.height, depth.cy, depth.fy, color.height, color.cy, color.fy),
        )
    )


def _compute_view(size: int, center: float, focal: float) -> float:
    """The angle of view along one axis, radians."""
    return float(np.arctan2(center + 0.5, focal) + np.arctan2(size - (center + 0.5), focal))


def _project_corners(
    size: int, center: float, focal: float, color_center: float, color_focal: float, has_two_corners: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The first and the last colour pixel of each depth pixel along one axis: (size,) each."""
    pixels = np.arange(size, dtype=np.float32)
    first, last = (
        # Truncated towards zero, as a cast does: the pixel before the image counts as its first.
        ((pixels + offset - np.float32(center)) / np.float32(focal) * np.float32(color_focal)
         + np.float32(color_center) + np.float32(0.5)).astype(np.int64)
        for offset in (np.float32(-0.5), np.float32(0.5))
    )  # fmt: skip
    return first, last if has_two_corners else first


def _list_sources(corners: tuple[np.ndarray, np.ndarray], color_size: int) -> list[np.ndarray]:
    """The depth pixels that reach each colour pixel along one axis, as layers of (color_size,) indices; the index
    behind the last pixel where a layer has none."""
    first, last = corners
    sources: list[list[int]] = [[] for _ in range(color_size)]
    for index, (low, high) in enumerate(zip(first, last, strict=True)):
        for pixel in range(max(low, 0), min(high, color_size - 1) + 1):
            sources[pixel].append(index)
    depth = max(1, max(map(len, sources)))
    padded = np.array([each + [len(first)] * (depth - len(each)) for each in sources])
    return list(padded.T)
