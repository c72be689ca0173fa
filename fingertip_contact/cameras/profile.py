"""What is known of a camera model before it is opened."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.registry import CAMERAS


@dataclass(frozen=True)
class CameraProfile:
    """name: as people call it. baseline_m: between its two imagers. disparity_sigma_px: sub-pixel error of its stereo
    matching, of one pixel. depth_unit_m: of its raw depth. depth_range_m: nearest and farthest usable depth.
    focal_px: of 640x480 images, where no camera_info says better. color_topics, depth_topics: how the topics of its
    ROS driver end, the preferred one first. driver_topics: full names of colour image, colour camera_info and depth
    aligned to colour, as its driver starts by default. optical_frame: of the colour camera. left_topics, right_topics:
    as color_topics, the rectified images of its two imagers; empty where it has none, or they are not used.
    color_from_left: pose of the left imager in the colour camera's optical frame; the identity where colour comes from
    the left imager."""

    name: str
    baseline_m: float
    disparity_sigma_px: float
    depth_unit_m: float
    depth_range_m: tuple[float, float]
    focal_px: float
    color_topics: tuple[str, ...]
    depth_topics: tuple[str, ...]
    driver_topics: tuple[str, str, str]
    optical_frame: str
    left_topics: tuple[str, ...] = ()
    right_topics: tuple[str, ...] = ()
    color_from_left: RigidTransform = field(default_factory=lambda: RigidTransform(np.eye(3), np.zeros(3)))


def load_camera_profile(name: str = "d405") -> CameraProfile:
    """A camera's profile by name. Raises ValueError for an unknown one."""
    profile = CAMERAS.get(name)
    if not isinstance(profile, CameraProfile):
        raise ValueError(f"camera {name!r} is {profile!r}; it has to be a CameraProfile")
    return profile
