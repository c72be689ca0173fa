"""Exact depth of what each pixel of the colour image shows, through both lenses."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_research.simulation.camera_rays import pixel_grid


class ExactDepth:
    """Moves exact depth from the depth camera's grid to the colour camera's.

    Colour comes from the left imager, which is also the origin of depth. The two differ only by lens and
    rectification: a colour pixel has the same depth pixel at any depth.
    """

    def __init__(self, depth_camera: Camera, color_camera: Camera) -> None:
        self._map = make_pixel_map(color_camera, depth_camera)

    def align(self, depth_m: np.ndarray) -> np.ndarray:
        """(H, W) float32, metres -> the same on the colour camera's grid, NaN beyond the depth camera's view."""
        columns, rows = self._map
        return cv2.remap(
            depth_m, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=[float("nan")]
        )


def make_pixel_map(source: Camera, target: Camera) -> tuple[np.ndarray, np.ndarray]:
    """The position of each pixel of `source` in `target`, which has the same optical centre: columns, rows (H, W)."""
    pixels = target.project(source.rays(pixel_grid(source))).astype(np.float32)
    return pixels[:, 0].reshape(source.height, source.width), pixels[:, 1].reshape(source.height, source.width)
