"""Where the camera stands: beyond the sheet, facing the typist, or over the typist's own side of it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from fingertip_contact.geometry import RigidTransform

View = Literal["facing", "own_side"]
VIEWS: tuple[View, ...] = ("facing", "own_side")

ANGLES_DEG = (30.0, 90.0)
DISTANCES_M = (0.22, 0.50)


def parse_view(name: str) -> View:
    """Raises ValueError for a name that is not one of VIEWS."""
    for view in VIEWS:
        if view == name:
            return view
    raise ValueError(f"view is {name}: choose one of {', '.join(VIEWS)}")


def check_placement(angle_deg: float, distance_m: float | None) -> None:
    """Raises ValueError for an angle outside ANGLES_DEG or a distance outside DISTANCES_M."""
    if not ANGLES_DEG[0] <= angle_deg <= ANGLES_DEG[1]:
        raise ValueError(f"angle is {angle_deg} degrees: choose {ANGLES_DEG[0]:g} to {ANGLES_DEG[1]:g}")
    if distance_m is not None and not DISTANCES_M[0] <= distance_m <= DISTANCES_M[1]:
        raise ValueError(f"distance is {distance_m} m: choose {DISTANCES_M[0]} to {DISTANCES_M[1]} m")


def sample_camera_from_sheet(
    random: np.random.Generator, view: View, angle_deg: float, distance_m: float
) -> RigidTransform:
    """The pose of a camera that looks at the sheet from an elevation of about angle_deg.

    facing: image up is towards the typist, left is the typist's right. own_side: image up is away from the typist, and
    the sheet's text is upright; at 90 degrees, too.
    """
    elevation = math.radians(angle_deg + random.normal(0, 0.7))
    azimuth, roll = np.radians(random.normal(0, [2.0, 1.0]))
    target = np.array([random.normal(0, 0.004), random.normal(-0.008, 0.004), 0.0])
    side = {"facing": 1.0, "own_side": -1.0}[view]
    outwards = side * np.array([math.sin(azimuth), math.cos(azimuth), 0.0])
    towards_camera = outwards * math.cos(elevation) + np.array([0.0, 0.0, math.sin(elevation)])
    forward = -towards_camera
    right = side * np.array([-math.cos(azimuth), math.sin(azimuth), 0.0])
    down = np.cross(forward, right)
    turn = np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    rotation = np.vstack([turn @ np.vstack([right, down]), forward])
    return RigidTransform(rotation, -rotation @ (target + distance_m * towards_camera))
