"""Whether the camera stands where fingertips can be seen, and what to tell the person who put it there."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.frames import MIDDLE_KNUCKLE, WRIST, Hand, Surface
from fingertip_contact.geometry import Camera, Plane

# Fingers that point away from the camera hide their own tips. How much they point at it, along the desk: as a mean over
# so many hands, and below so much the camera is behind them. Seen from above, neither is the case.
MEAN_OVER_HANDS = 60
BEHIND = -0.15
# Measured on simulated recordings: outside of these, degrees above the desk, fingers hide each other or themselves.
LOW_DEG, STEEP_DEG = 40.0, 70.0

BEHIND_HANDS = (
    "the camera looks from behind the hands, which hide their fingertips: nothing is read; "
    "put it on the far side of the keyboard, facing the typist"
)


class Placement:
    """update() takes every frame's hands; `usable` and `advice` tell what became of it."""

    def __init__(self) -> None:
        self._towards = 0.0
        self._elevation_deg = math.nan

    def update(self, camera: Camera, hands: tuple[Hand, ...], surface: Surface | None) -> None:
        """surface: None where it is not known; then nothing is learnt."""
        if surface is None:
            self._elevation_deg = math.nan
            return
        self._elevation_deg = surface.plane.elevation_deg
        for hand in hands:
            towards = _towards_camera(camera, hand, surface.plane)
            if math.isfinite(towards):
                self._towards += (towards - self._towards) / MEAN_OVER_HANDS

    @property
    def usable(self) -> bool:
        """Whether fingertips can be seen at all."""
        return self._towards > BEHIND

    @property
    def advice(self) -> str:
        """What to change, in words; empty when all is well."""
        if not self.usable:
            return BEHIND_HANDS
        if self._elevation_deg > STEEP_DEG:
            return f"{self._above}: bent fingers hide their tips; 45 to 65 degrees are best"
        if self._elevation_deg < LOW_DEG:
            return f"{self._above}: fingers hide each other; 45 to 65 degrees are best"
        return ""

    @property
    def _above(self) -> str:
        return f"the camera looks down at {self._elevation_deg:.0f} degrees"


def _towards_camera(camera: Camera, hand: Hand, plane: Plane) -> float:
    """How much a hand points at the camera, along the desk: -1 to 1, less the steeper the camera looks down; NaN where
    the hand does not lie before the desk."""
    wrist_m, knuckle_m = plane.intersect(camera.rays(hand.landmarks_px[[WRIST, MIDDLE_KNUCKLE]]))
    pointing = knuckle_m - wrist_m
    length_m = float(np.linalg.norm(pointing))
    # The camera looks along z; on the plane, what points back at it is -z.
    return -float(pointing[2]) / length_m if length_m > 0 else math.nan
