"""The cameras: a D405's colour and imagers, or a webcam, somewhere over the desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform

Side = Literal["facing", "own_side"]
Device = Literal["d405", "d405_wide", "webcam"]

BASELINE_M = 0.018
_STREAM = 8800
# Size, focal length of colour and of the imagers. Of D405s as seen in the wild; 60 degrees horizontally of a webcam.
_DEVICES: dict[str, tuple[tuple[int, int], float, float | None]] = {
    "d405": ((640, 480), 391.0, 386.0),
    "d405_wide": ((848, 480), 434.0, 428.0),
    "webcam": ((640, 480), 320 / np.tan(np.radians(30)), None),
}


@dataclass(frozen=True)
class View:
    """color and imager: intrinsics; imager is None for a webcam. Colour and the left imager share their place; the
    right imager is BASELINE_M to the right."""

    side: Side
    color: Camera
    imager: Camera | None
    color_pose: RigidTransform

    @property
    def right_pose(self) -> RigidTransform:
        """Of the right imager."""
        return RigidTransform(self.color_pose.rotation, self.color_pose.translation_m - np.array([BASELINE_M, 0, 0]))


def sample_view(seed: int, device: Device, side: Side, angle_deg: float, distance_m: float) -> View:
    """angle_deg: of the optical axis over the desk; distance_m: to the sheet's middle."""
    random = np.random.default_rng(_STREAM + seed)
    (width, height), color_px, imager_px = _DEVICES[device]

    def make_camera(focal_px: float) -> Camera:
        focal_px *= random.uniform(0.997, 1.003)
        cx, cy = (width - 1) / 2 + random.normal(0, 3), (height - 1) / 2 + random.normal(0, 3)
        return Camera(focal_px, focal_px, cx, cy, width, height)

    away = 1.0 if side == "facing" else -1.0
    azimuth_rad = np.radians(random.normal(0, 5))
    angle_rad = np.radians(angle_deg)
    eye_m = distance_m * np.array(
        [np.sin(azimuth_rad) * np.cos(angle_rad), away * np.cos(azimuth_rad) * np.cos(angle_rad), np.sin(angle_rad)]
    )
    aim_m = np.array([random.normal(0, 0.006), random.normal(-0.008, 0.006), 0.0])
    forward = (aim_m - eye_m) / np.linalg.norm(aim_m - eye_m)
    # The image's upper edge is towards the typist for a camera that faces him, else away from him.
    right = np.cross(forward, [0.0, -away, 0.0] if angle_deg > 85 else [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    roll_rad = np.radians(random.normal(0, 1.2))
    turned = np.cos(roll_rad) * right + np.sin(roll_rad) * down
    rotation = np.stack([turned, np.cross(forward, turned), forward])
    imager = None if imager_px is None else make_camera(imager_px)
    return View(side, make_camera(color_px), imager, RigidTransform(rotation, -rotation @ eye_m))
