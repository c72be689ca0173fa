"""The camera: its pose and its lens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from fingertip_contact.geometry import Camera

WIDTH_PX, HEIGHT_PX = 640, 480

# facing: beyond the sheet, towards the typist; own_side: over the typist's side, the sheet's text upright.
Side = Literal["facing", "own_side"]

_STREAM = 2600
# Of a D405's colour at 640 x 480.
_FOCAL_PX = 392
_DISTANCES_M: dict[Side, tuple[float, float]] = {"facing": (0.33, 0.36), "own_side": (0.25, 0.42)}


@dataclass(frozen=True)
class View:
    """rotation: (3, 3) and translation_m: (3,), sheet frame to optical frame (x right, y down, z forward).

    distortion: of the lens, k1, k2, p1, p2, k3 (plumb_bob), or empty.
    """

    rotation: np.ndarray
    translation_m: np.ndarray
    focal_px: float
    cx_px: float
    cy_px: float
    distortion: tuple[float, ...] = ()

    @cached_property
    def camera(self) -> Camera:
        """The intrinsics."""
        return Camera(self.focal_px, self.focal_px, self.cx_px, self.cy_px, WIDTH_PX, HEIGHT_PX, self.distortion)

    @property
    def side(self) -> Side:
        """facing, where the image's right is the typist's left."""
        return "own_side" if self.rotation[0, 0] > 0 else "facing"

    @property
    def position_m(self) -> np.ndarray:
        """(3,) float32 of the camera in the sheet frame."""
        return (-self.rotation.T @ self.translation_m).astype(np.float32)

    def rays(self, u_px: np.ndarray, v_px: np.ndarray) -> np.ndarray:
        """(..., 3) float32 in the sheet frame: times a depth along z, the vector from the camera to the point."""
        if self.distortion:
            rays = self.camera.rays(np.stack([u_px, v_px], -1)).reshape(*u_px.shape, 3)
        else:
            # In float32: in double precision, the recordings with ideal depth would differ in a few pixels.
            across, down = (u_px - self.cx_px) / self.focal_px, (v_px - self.cy_px) / self.focal_px
            rays = np.stack([across, down, np.ones_like(u_px)], -1)
        return (rays @ self.rotation).astype(np.float32)

    def project(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N, 3) in the sheet frame -> pixels (N, 2) and depths along z (N,), metres."""
        points_m = points_m @ self.rotation.T + self.translation_m
        if self.distortion:
            return self.camera.project(points_m), points_m[:, 2]
        x, y, z = points_m.T
        return np.column_stack([self.focal_px * x / z + self.cx_px, self.focal_px * y / z + self.cy_px]), z


def sample_view(seed: int, angle_deg: float, side: Side, random: np.random.Generator) -> View:
    """A camera angle_deg above the desk that looks at the sheet. random: draws the principal point."""
    rotation, translation_m, focal_px = _sample_placement(angle_deg, side, np.random.default_rng(_STREAM + seed))
    return View(rotation, translation_m, focal_px, 319.5 + random.uniform(-4, 4), 239.5 + random.uniform(-4, 4))


def _sample_placement(
    angle_deg: float, side: Side, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, float]:
    """Rotation, translation and focal length."""
    away = 1 if side == "facing" else -1
    distance_m = random.uniform(*_DISTANCES_M[side])
    elevation_rad = np.radians(angle_deg + random.uniform(-1.5, 1.5))
    yaw_rad = np.radians(random.uniform(-6, 6))
    direction = [
        np.sin(yaw_rad) * np.cos(elevation_rad),
        away * np.cos(yaw_rad) * np.cos(elevation_rad),
        np.sin(elevation_rad),
    ]
    position_m = distance_m * np.array(direction)
    aim_m = np.array([random.uniform(-0.006, 0.006), random.uniform(-0.012, 0.0), 0.008])
    forward = aim_m - position_m
    forward /= np.linalg.norm(forward)
    level = _find_level(forward, side, yaw_rad)
    plumb = np.cross(forward, level)
    roll_rad = np.radians(random.uniform(-1.5, 1.5))
    right = np.cos(roll_rad) * level + np.sin(roll_rad) * plumb
    down = -np.sin(roll_rad) * level + np.cos(roll_rad) * plumb
    rotation = np.stack([right, down, forward])
    return rotation, -rotation @ position_m, _FOCAL_PX * random.uniform(0.995, 1.005)


def _find_level(forward: np.ndarray, side: Side, yaw_rad: float) -> np.ndarray:
    """(3,) the direction to the right in the image of a camera without roll."""
    if side == "facing":
        level = np.cross(forward, [0, 0, 1.0])
    else:
        # Not from the vertical: a camera right above the sheet looks along it.
        level = np.array([np.cos(yaw_rad), np.sin(yaw_rad), 0.0])
        level -= level @ forward * forward
    return level / np.linalg.norm(level)
