"""The rays of a camera in the sheet frame, for the renderer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform

MIN_PROJECTION_DEPTH_M = 0.02  # points nearer to the camera, or behind it, are not projected


class CameraRays:
    """A camera's rays in the sheet frame. directions: (H * W, 3) float32 with optical z = 1, so that a distance along
    a ray is a depth."""

    def __init__(self, camera: Camera, camera_from_sheet: RigidTransform) -> None:
        self.camera = camera
        self.camera_from_sheet = camera_from_sheet
        self.shape = (camera.height, camera.width)
        self.origin_m = camera_from_sheet.inverse.translation_m.astype(np.float32)
        self.directions = self.compute_directions(pixel_grid(camera))

    def compute_directions(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) -> directions (N, 3) float32, sheet frame."""
        return self.camera_from_sheet.inverse.rotate(self.camera.rays(pixels)).astype(np.float32)

    def project_outline(self, points_m: np.ndarray) -> np.ndarray:
        """Points (N, 3), sheet frame -> pixels (M, 2) of those in front of the camera, inside and outside the image.

        Ignores the lens distortion: it is a few pixels inside the image, and its polynomial is invalid outside.
        """
        points = self.camera_from_sheet.apply(points_m.astype(np.float64))
        points = points[points[:, 2] > MIN_PROJECTION_DEPTH_M]
        return replace(self.camera, distortion=()).project(points)

    def project_displacements(self, pixels: np.ndarray, depth_m: np.ndarray, moved_m: np.ndarray) -> np.ndarray:
        """How far points move in the image: (N, 2) px. pixels: (N,) flat indices; depth_m: (N,) of the points;
        moved_m: (N, 3) their small displacements, sheet frame.

        Ignores the lens distortion, which changes less than a tenth of a displacement.
        """
        row, column = np.divmod(pixels, self.shape[1])
        moved = self.camera_from_sheet.rotate(moved_m)
        x = (column - self.camera.cx) / self.camera.fx
        y = (row - self.camera.cy) / self.camera.fy
        across = (moved[:, 0] - x * moved[:, 2]) / depth_m * self.camera.fx
        down = (moved[:, 1] - y * moved[:, 2]) / depth_m * self.camera.fy
        return np.stack([across, down], axis=1).astype(np.float32)


def pixel_grid(camera: Camera) -> np.ndarray:
    """The centres of all pixels, row by row: (H * W, 2)."""
    rows, columns = np.mgrid[: camera.height, : camera.width]
    return np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
