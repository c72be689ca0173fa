"""A camera as the renderer needs it: rays in the sheet frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform

NEAREST_M = 0.02  # what is nearer to the camera, or behind it, is not projected


class Eye:
    """A camera's rays in the sheet frame. directions: (H * W, 3) float32 with optical z = 1, so a distance along a ray
    is a depth."""

    def __init__(self, camera: Camera, camera_from_sheet: RigidTransform) -> None:
        self.camera = camera
        self.camera_from_sheet = camera_from_sheet
        self.shape = (camera.height, camera.width)
        self.origin_m = camera_from_sheet.inverse.translation_m.astype(np.float32)
        self.directions = self.rays(pixel_grid(camera))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) -> directions (N, 3) float32, sheet frame."""
        return self.camera_from_sheet.inverse.rotate(self.camera.rays(pixels)).astype(np.float32)

    def outline_pixels(self, points_m: np.ndarray) -> np.ndarray:
        """Points (N, 3), sheet frame -> pixels (M, 2) of those in front of the camera, also far outside the picture.

        Without the lens's distortion, whose polynomial is good inside the picture only, where it is a few pixels.
        """
        seen = self.camera_from_sheet.apply(points_m.astype(np.float64))
        seen = seen[seen[:, 2] > NEAREST_M]
        return replace(self.camera, distortion=()).project(seen)


def pixel_grid(camera: Camera) -> np.ndarray:
    """The centres of all pixels, row by row: (H * W, 2)."""
    rows, columns = np.mgrid[: camera.height, : camera.width]
    return np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
