"""The frames of a camera in TF."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.ros.camera_frames import make_camera_transforms

RIGHT = RigidTransform(np.eye(3), np.array([0.018, 0.0, 0.0]))


def test_frames_are_the_drivers():
    """The link is at depth, x forward; the right imager is to its right, which is -y; optical frames look along z."""
    transforms = {one.child_frame_id: one for one in make_camera_transforms(10**9, "camera", {"infra2": RIGHT})}
    assert set(transforms) == {
        "camera_depth_frame",
        "camera_depth_optical_frame",
        "camera_infra2_frame",
        "camera_infra2_optical_frame",
    }
    moved = transforms["camera_infra2_frame"]
    assert moved.header.frame_id == "camera_link"
    translation = moved.transform.translation
    assert (translation.x, translation.y, translation.z) == pytest.approx((0.0, -0.018, 0.0))
    assert moved.transform.rotation.w == pytest.approx(1.0)
    optical = transforms["camera_infra2_optical_frame"]
    assert optical.header.frame_id == "camera_infra2_frame"
    quaternion = optical.transform.rotation
    # REP 103, as the driver gives it.
    assert (quaternion.x, quaternion.y, quaternion.z, quaternion.w) == pytest.approx((-0.5, 0.5, -0.5, 0.5))
