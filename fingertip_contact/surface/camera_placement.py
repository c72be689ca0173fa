"""How well the camera sees the fingertips from where it is, and how to place it better: advice, never a refusal."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.advice import CAMERA_BEHIND_HANDS, Advice
from fingertip_contact.datatypes import MIDDLE_KNUCKLE, WRIST, Hand, Surface
from fingertip_contact.geometry import Camera, Plane

# Fingers that point away from the camera hide a part of their tips. The cosine along the desk between the fingers'
# direction and that to the camera is averaged with this time constant per hand; below the limit the camera is behind
# the hands.
AVERAGING_S = 2.0
MIN_FACING_COSINE = -0.15
# Measured on simulated recordings: outside of these elevations fingers hide each other or themselves.
MIN_ELEVATION_DEG, MAX_ELEVATION_DEG = 40.0, 70.0

# Lower than this the desk is seen edge-on: one pixel is centimetres of it.
MIN_USABLE_ELEVATION_DEG = 12.0

BEHIND_HANDS_HINT = CAMERA_BEHIND_HANDS.message
BEST_ELEVATION = "45 to 65 degrees are best"


class CameraPlacement:
    """update() takes every frame's hands; `is_usable` and `hint` are the result. Nothing depends on them: they are for
    people."""

    def __init__(self) -> None:
        self._facing_cosine = 0.0
        self._elevation_deg = math.nan
        self._last_ns: int | None = None

    def update(self, camera: Camera, hands: tuple[Hand, ...], surface: Surface | None, stamp_ns: int) -> None:
        """surface: None while it is unknown; the average then stays as it is."""
        elapsed_s = 0.0 if self._last_ns is None else max(0.0, (stamp_ns - self._last_ns) / 1e9)
        self._last_ns = stamp_ns
        if surface is None:
            self._elevation_deg = math.nan
            return
        self._elevation_deg = surface.plane.elevation_deg
        for hand in hands:
            facing_cosine = _compute_facing_cosine(camera, hand, surface.plane)
            if math.isfinite(facing_cosine):
                weight = min(elapsed_s / AVERAGING_S, 1.0)
                self._facing_cosine += weight * (facing_cosine - self._facing_cosine)

    @property
    def is_usable(self) -> bool:
        """Whether anything can be read from here; true while the desk is unknown."""
        return not self._elevation_deg < MIN_USABLE_ELEVATION_DEG

    @property
    def advice(self) -> Advice | None:
        """What to change; None when all is well."""
        text = f"the camera looks down at {self._elevation_deg:.0f} degrees"
        if not self.is_usable:
            return Advice("camera_along_desk", f"{text}, along the desk: nothing can be read", BEST_ELEVATION)
        if self._facing_cosine <= MIN_FACING_COSINE:
            return CAMERA_BEHIND_HANDS
        if self._elevation_deg > MAX_ELEVATION_DEG:
            return Advice("camera_too_steep", f"{text}: bent fingers hide their tips", BEST_ELEVATION)
        if self._elevation_deg < MIN_ELEVATION_DEG:
            return Advice("camera_too_flat", f"{text}: fingers hide each other", BEST_ELEVATION)
        return None

    @property
    def hint(self) -> str:
        """The advice in words; empty when all is well."""
        return "" if self.advice is None else self.advice.message


def _compute_facing_cosine(camera: Camera, hand: Hand, plane: Plane) -> float:
    """Cosine along the desk between a hand's direction and that to the camera: -1 to 1, closer to 0 the steeper the
    camera looks down; NaN where the hand is not in front of the desk."""
    wrist_m, knuckle_m = plane.intersect(camera.rays(hand.landmarks_px[[WRIST, MIDDLE_KNUCKLE]]))
    direction = knuckle_m - wrist_m
    length_m = float(np.linalg.norm(direction))
    # The camera looks along z; on the plane, -z points back at it.
    return -float(direction[2]) / length_m if length_m > 0 else math.nan
