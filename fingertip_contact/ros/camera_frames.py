"""The frames of a stereo camera for /tf_static, named as realsense2_camera names them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from geometry_msgs.msg import TransformStamped

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.ros import messages

# A camera's body has x forward, y left, z up; its optical frame x right, y down, z forward (REP 103).
BODY_FROM_OPTICAL = RigidTransform(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3))


def name_optical_frame(prefix: str, stream: str) -> str:
    """The frame of a stream's images. prefix: the camera's name, with the TF prefix before it."""
    return f"{prefix}_{stream}_optical_frame"


def make_camera_transforms(
    stamp_ns: int, prefix: str, depth_from: Mapping[str, RigidTransform]
) -> list[TransformStamped]:
    """Of each stream: PREFIX_link to PREFIX_STREAM_frame, and that to PREFIX_STREAM_optical_frame.

    depth_from: pose of each stream's camera in the optical frame of depth, at which the link is.
    """
    transforms = []
    for stream, pose in {"depth": RigidTransform(np.eye(3), np.zeros(3)), **depth_from}.items():
        frame = f"{prefix}_{stream}_frame"
        link_from_frame = BODY_FROM_OPTICAL @ pose @ BODY_FROM_OPTICAL.inverse
        for parent, child, transform in (
            (f"{prefix}_link", frame, link_from_frame),
            (frame, name_optical_frame(prefix, stream), BODY_FROM_OPTICAL),
        ):
            transforms.append(messages.make_transform(messages.make_header(stamp_ns, parent), child, transform))
    return transforms
