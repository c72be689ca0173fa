"""By how much an image is turned so that the sheet in it can be read, as it lies before the typist."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from fingertip_contact.cameras.rotation import (
    ROTATIONS_DEG,
    require_rotation,
    rotate_camera,
    rotate_optical_frame,
    rotate_pixels,
)
from fingertip_contact.datatypes import FrameResult
from fingertip_contact.geometry import Camera, RigidTransform

AUTO = "auto"
# Of a parameter or an option.
TURNS = (AUTO, *map(str, ROTATIONS_DEG))
# Beyond half a quarter turn another one is nearer; this much more keeps an image from flipping back and forth.
_HYSTERESIS_DEG = 15.0
# Away from the typist, along the sheet: a key's width.
_STEP_M = np.array([[0.0, 0.0, 0.0], [0.0, 0.02, 0.0]])


class UprightTurn:
    """Remembers how the images were turned last."""

    def __init__(self, turn: str) -> None:
        """turn: one of TURNS. Raises ValueError for another."""
        if turn not in TURNS:
            raise ValueError(f"an overlay is turned by one of {', '.join(TURNS)} degrees, not by {turn!r}")
        self._is_auto = turn == AUTO
        self.degrees = 0 if self._is_auto else int(turn)

    def update(self, camera: Camera, camera_from_sheet: RigidTransform | None) -> int:
        """Clockwise: 0, 90, 180 or 270. While the sheet is not known, as before."""
        if self._is_auto and camera_from_sheet is not None:
            exact_deg = find_upright_deg(camera, camera_from_sheet)
            if abs(_wrap_deg(exact_deg - self.degrees)) > 45.0 + _HYSTERESIS_DEG:
                self.degrees = round(exact_deg / 90.0) * 90 % 360
        return self.degrees


def find_upright_deg(camera: Camera, camera_from_sheet: RigidTransform) -> float:
    """The clockwise turn, 0 to 360 degrees, after which what is away from the typist is up, in the sheet's middle. 0
    where that is not in front of the camera."""
    points_m = camera_from_sheet.apply(_STEP_M)
    if np.any(points_m[:, 2] <= 0):
        return 0.0
    near_px, far_px = camera.project(points_m)
    right_px, down_px = far_px - near_px
    # Where it points now, clockwise from up.
    return -math.degrees(math.atan2(right_px, -down_px)) % 360.0


def turn_result(result: FrameResult, camera: Camera, degrees: int) -> tuple[FrameResult, Camera]:
    """What is drawn of a result, in the image turned clockwise, and the camera that takes such images: hands, pixels of
    fingertips, the sheet."""
    require_rotation(degrees)
    if degrees == 0:
        return result, camera
    pose = result.camera_from_sheet
    turned = replace(
        result,
        hands=tuple(
            replace(hand, landmarks_px=rotate_pixels(hand.landmarks_px, camera, degrees)) for hand in result.hands
        ),
        fingertips=tuple(
            replace(tip, pixel=tuple(rotate_pixels(np.array([tip.pixel]), camera, degrees)[0].tolist()))
            for tip in result.fingertips
        ),
        camera_from_sheet=None if pose is None else rotate_optical_frame(degrees) @ pose,
    )
    return turned, rotate_camera(camera, degrees)


def _wrap_deg(angle_deg: float) -> float:
    """-180 to 180."""
    return (angle_deg + 180.0) % 360.0 - 180.0
