"""Registers a depth image to a colour camera: the depth that the colour camera would see, on its own grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform

# A pixel of depth covers at most so many more pixels of colour across: a colour image of eight times the resolution.
MAX_SPREAD_PX = 8
# Where the cameras are turned or the surface leans, neighbours part by fractions of a pixel. Less than half a pixel to
# either side, so that equal cameras give equal images.
GAP_PX = 0.45
# A D405's colour and depth come from one imager: less than a tenth of a pixel apart at 0.07 m.
MAX_NO_PARALLAX_M = 2e-5
# Of a rotation's entries: a tenth of a pixel at 600 px from the middle.
MAX_NO_TURN = 1e-4
# Farther than any depth that is kept.
_NOTHING = np.iinfo(np.uint16).max


@dataclass(frozen=True)
class DepthRegistration:
    """Both cameras and their relative pose; distortion of either is undone and applied exactly."""

    depth_camera: Camera
    color_camera: Camera
    color_from_depth: RigidTransform

    def register(self, values: np.ndarray, unit_m: float) -> np.ndarray:
        """(H, W) uint16 of the depth camera -> (H, W) uint16 of the colour camera, in the same unit; 0 is invalid.

        A pixel covers what lies between its corners; of several, the nearest is seen. Depth is that along the colour
        camera's axis. librealsense's align covers a pixel beyond, which makes hands thicker; here only gaps between
        pixels are closed. Raises ValueError if the size is not the depth camera's."""
        height, width = values.shape
        if (width, height) != (self.depth_camera.width, self.depth_camera.height):
            raise ValueError(
                f"the depth image is {width}x{height}, its camera "
                f"{self.depth_camera.width}x{self.depth_camera.height}; record it again"
            )
        if self._is_separable:
            return self._gather(values)
        valid = values > 0
        depth_m = values[valid] * unit_m
        first, last = self._find_rectangles(valid, depth_m)
        counts = np.rint((self._depth_ratios[valid] * depth_m + self.color_from_depth.translation_m[2]) / unit_m)
        in_range = (counts > 0) & (counts < _NOTHING)
        first, last, counts = first[in_range], last[in_range], counts[in_range].astype(np.uint16)
        aligned, closed = (self._draw(first - margin, last + margin, counts) for margin in (0.0, GAP_PX))
        return np.where(aligned > 0, aligned, closed)

    @cached_property
    def has_parallax(self) -> bool:
        """Whether a pixel's place depends on its depth."""
        return bool(np.linalg.norm(self.color_from_depth.translation_m) >= MAX_NO_PARALLAX_M)

    @cached_property
    def _is_separable(self) -> bool:
        """Whether each row of colour shows one row of depth: two pinholes at one place, of a D405's left imager."""
        is_distorted = self.depth_camera.is_distorted or self.color_camera.is_distorted
        return not (is_distorted or self.has_parallax) and np.allclose(
            self.color_from_depth.rotation, np.eye(3), rtol=0, atol=MAX_NO_TURN
        )

    def _gather(self, values: np.ndarray) -> np.ndarray:
        """The pixel of depth in which the middle of each colour pixel lies; 0 where there is none. Takes 1 ms, where
        drawing takes 100."""
        depth, color = self.depth_camera, self.color_camera
        rows = _find_sources(depth.height, depth.cy, depth.fy, color.height, color.cy, color.fy)
        columns = _find_sources(depth.width, depth.cx, depth.fx, color.width, color.cx, color.fx)
        return np.pad(values, ((0, 1), (0, 1)))[rows[:, None], columns]

    def _find_rectangles(self, valid: np.ndarray, depth_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, 2) each: where the two corners of the valid pixels lie in the colour image."""
        if not self.has_parallax:
            return self._far_corners_px[:-1, :-1][valid], self._far_corners_px[1:, 1:][valid]
        translation_m = self.color_from_depth.translation_m
        corners = (self._turned_rays[:-1, :-1], self._turned_rays[1:, 1:])
        first, last = (self.color_camera.project(rays[valid] * depth_m[:, None] + translation_m) for rays in corners)
        return first, last

    @cached_property
    def _far_corners_px(self) -> np.ndarray:
        """(H + 1, W + 1, 2): where the corners lie in the colour image at any depth, without parallax."""
        shape = self._turned_rays.shape
        return self.color_camera.project(self._turned_rays.reshape(-1, 3)).reshape(*shape[:2], 2)

    @cached_property
    def _turned_rays(self) -> np.ndarray:
        """(H + 1, W + 1, 3): the rays through the corners in the colour camera's axes; times depth they are points."""
        return self.color_from_depth.rotate(self._corner_rays)

    @cached_property
    def _depth_ratios(self) -> np.ndarray:
        """(H, W): depth in the colour camera's axes over that in the depth camera's, at the middle of each pixel."""
        return (self._turned_rays[:-1, :-1, 2] + self._turned_rays[1:, 1:, 2]) / 2

    @cached_property
    def _corner_rays(self) -> np.ndarray:
        """(H + 1, W + 1, 3): rays through the corners of the depth camera's pixels."""
        height, width = self.depth_camera.height, self.depth_camera.width
        rows, columns = np.mgrid[: height + 1, : width + 1] - 0.5
        rays = self.depth_camera.rays(np.column_stack([columns.reshape(-1), rows.reshape(-1)]))
        return rays.reshape(height + 1, width + 1, 3)

    def _draw(self, first: np.ndarray, last: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Fills the pixels whose centres lie in the rectangles; of several, the nearest is kept."""
        # A border belongs to the pixel after it.
        first_px, last_px = np.ceil(first).astype(int), np.ceil(last).astype(int) - 1
        width, height = self.color_camera.width, self.color_camera.height
        nearest = np.full(height * width, _NOTHING, np.uint16)
        if not len(counts):
            return np.zeros((height, width), np.uint16)
        across, down = (last_px - first_px).clip(min=0, max=MAX_SPREAD_PX).max(axis=0)
        for dy in range(int(down) + 1):
            for dx in range(int(across) + 1):
                x, y = first_px[:, 0] + dx, first_px[:, 1] + dy
                inside = (x <= last_px[:, 0]) & (y <= last_px[:, 1]) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
                np.minimum.at(nearest, y[inside] * width + x[inside], counts[inside])
        nearest[nearest == _NOTHING] = 0
        return nearest.reshape(height, width)


def _find_sources(
    size: int, center: float, focal: float, color_size: int, color_center: float, color_focal: float
) -> np.ndarray:
    """(color_size,) int: the depth pixel of each colour pixel along one axis; `size` where it lies outside."""
    places = (np.arange(color_size) - color_center) / color_focal * focal + center
    # A border belongs to the pixel after it, as in `_draw`.
    sources = np.floor(places + 0.5).astype(int)
    return np.where((sources >= 0) & (sources < size), sources, size)
