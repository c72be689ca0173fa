"""The camera: its pose, and its pinhole model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH_PX, HEIGHT_PX = 640, 480

_STREAM = 2600
# Of a D405 at 640 x 480.
_FOCAL_PX = 392


@dataclass(frozen=True)
class View:
    """rotation: (3, 3) and translation_m: (3,), sheet frame to optical frame (x right, y down, z forward)."""

    rotation: np.ndarray
    translation_m: np.ndarray
    focal_px: float
    cx_px: float
    cy_px: float

    @property
    def position_m(self) -> np.ndarray:
        """(3,) float32 of the camera in the sheet frame."""
        return (-self.rotation.T @ self.translation_m).astype(np.float32)

    def rays(self, u_px: np.ndarray, v_px: np.ndarray) -> np.ndarray:
        """(..., 3) float32 in the sheet frame: times a depth along z, the vector from the camera to the point."""
        across, down = (u_px - self.cx_px) / self.focal_px, (v_px - self.cy_px) / self.focal_px
        return (np.stack([across, down, np.ones_like(u_px)], -1) @ self.rotation).astype(np.float32)

    def project(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3) in the sheet frame -> pixels (N, 2) and depths along z (N,), metres."""
        x, y, z = (points_m @ self.rotation.T + self.translation_m).T
        return np.column_stack([self.focal_px * x / z + self.cx_px, self.focal_px * y / z + self.cy_px]), z


def sample_view(seed: int, angle_deg: float, random: np.random.Generator) -> View:
    """A camera beyond the sheet that faces it, angle_deg above the desk. random: draws the principal point."""
    rotation, translation_m, focal_px = _sample_placement(angle_deg, np.random.default_rng(_STREAM + seed))
    return View(rotation, translation_m, focal_px, 319.5 + random.uniform(-4, 4), 239.5 + random.uniform(-4, 4))


def _sample_placement(angle_deg: float, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, float]:
    """Rotation, translation and focal length."""
    distance_m = random.uniform(0.33, 0.36)
    elevation_rad = np.radians(angle_deg + random.uniform(-1.5, 1.5))
    yaw_rad = np.radians(random.uniform(-6, 6))
    direction = [
        np.sin(yaw_rad) * np.cos(elevation_rad),
        np.cos(yaw_rad) * np.cos(elevation_rad),
        np.sin(elevation_rad),
    ]
    position_m = distance_m * np.array(direction)
    aim_m = np.array([random.uniform(-0.006, 0.006), random.uniform(-0.012, 0.0), 0.008])
    forward = aim_m - position_m
    forward /= np.linalg.norm(forward)
    level = np.cross(forward, [0, 0, 1.0])
    level /= np.linalg.norm(level)
    plumb = np.cross(forward, level)
    roll_rad = np.radians(random.uniform(-1.5, 1.5))
    right = np.cos(roll_rad) * level + np.sin(roll_rad) * plumb
    down = -np.sin(roll_rad) * level + np.cos(roll_rad) * plumb
    rotation = np.stack([right, down, forward])
    return rotation, -rotation @ position_m, _FOCAL_PX * random.uniform(0.995, 1.005)
