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
        rows, columns = np.nonzero(values)
        depth_m = values[rows, columns] * unit_m
        first = self._project(self._corner_rays[rows, columns] * depth_m[:, None])
        last = self._project(self._corner_rays[rows + 1, columns + 1] * depth_m[:, None])
        centre = (self._corner_rays[rows, columns] + self._corner_rays[rows + 1, columns + 1]) / 2 * depth_m[:, None]
        counts = np.rint(self.color_from_depth.apply(centre)[:, 2] / unit_m)
        aligned, closed = (self._draw(first - margin, last + margin, counts) for margin in (0.0, GAP_PX))
        return np.where(aligned > 0, aligned, closed)

    @cached_property
    def _corner_rays(self) -> np.ndarray:
        """(H + 1, W + 1, 3): rays through the corners of the depth camera's pixels."""
        height, width = self.depth_camera.height, self.depth_camera.width
        rows, columns = np.mgrid[: height + 1, : width + 1] - 0.5
        rays = self.depth_camera.rays(np.column_stack([columns.reshape(-1), rows.reshape(-1)]))
        return rays.reshape(height + 1, width + 1, 3)

    def _project(self, points_m: np.ndarray) -> np.ndarray:
        return self.color_camera.project(self.color_from_depth.apply(points_m))

    def _draw(self, first: np.ndarray, last: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Fills the pixels whose centres lie in the rectangles; the nearest is drawn last."""
        # A border belongs to the pixel after it.
        first_px, last_px = np.ceil(first).astype(int), np.ceil(last).astype(int) - 1
        width, height = self.color_camera.width, self.color_camera.height
        aligned = np.zeros((height, width), np.uint16)
        order = np.argsort(-counts, kind="stable")
        order = order[(counts[order] > 0) & (counts[order] <= np.iinfo(np.uint16).max)]
        first_px, last_px, counts = first_px[order], last_px[order], counts[order]
        if not len(order):
            return aligned
        nearest = np.full((height, width), np.inf)
        across, down = (last_px - first_px).clip(min=0, max=MAX_SPREAD_PX).max(axis=0)
        for dy in range(int(down) + 1):
            for dx in range(int(across) + 1):
                x, y = first_px[:, 0] + dx, first_px[:, 1] + dy
                inside = (x <= last_px[:, 0]) & (y <= last_px[:, 1]) & (x >= 0) & (y >= 0) & (x < width) & (y < height)
                layer = np.full((height, width), np.inf)
                layer[y[inside], x[inside]] = counts[inside]
                np.minimum(nearest, layer, out=nearest)
        seen = np.isfinite(nearest)
        aligned[seen] = nearest[seen]
        return aligned
