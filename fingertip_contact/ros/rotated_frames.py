"""The optical frames of images that a node turns (`rotate`, `overlay_rotate`): their names, checks of them, and their
place in TF."""

from __future__ import annotations

import re

from geometry_msgs.msg import TransformStamped
from rclpy.node import Node

from fingertip_contact.cameras.rotation import rotate_optical_frame
from fingertip_contact.ros import messages
from fingertip_contact.ros.tf_broadcasters import StaticTransformBroadcaster

_OVERLAY = re.compile(r"_overlay_(90|180|270)$")
_ROTATED = re.compile(r"_rotated_(90|180|270)$")


def name_rotated_frame(frame_id: str, degrees: int) -> str:
    """The optical frame of a camera's images after they were turned. frame_id: before."""
    return f"{frame_id}_rotated_{degrees}" if degrees else frame_id


def require_rotated_frame(frame_id: str, degrees: int, topic: str) -> None:
    """Raises ValueError where pixels are not those of images turned by `degrees`. frame_id, topic: of the message."""
    found = _ROTATED.search(frame_id)
    found_deg = int(found[1]) if found else 0
    if found_deg != degrees:
        raise ValueError(
            f"{topic} is of images turned by {found_deg} degrees, and this node turns them by {degrees}: set rotate "
            "alike in all nodes, or by the launch file"
        )


def make_rotation_transform(stamp_ns: int, frame_id: str, degrees: int) -> TransformStamped:
    """From a camera's optical frame to that of its turned images."""
    mounted_from_turned = rotate_optical_frame(degrees).inverse
    header = messages.make_header(stamp_ns, frame_id)
    return messages.make_transform(header, name_rotated_frame(frame_id, degrees), mounted_from_turned)


def name_overlay_frame(frame_id: str, degrees: int) -> str:
    """Of an overlay that is turned for people: no frame of TF, so that nothing takes it for the camera's own image."""
    return f"{frame_id}_overlay_{degrees}" if degrees else frame_id


def read_overlay_turn(frame_id: str) -> int:
    """By how much an overlay of this frame was turned, degrees clockwise."""
    found = _OVERLAY.search(frame_id)
    return int(found[1]) if found else 0


class RotatedFrameBroadcaster:
    """Tells /tf_static, where tf2_ros is installed, how the frame of turned images lies in the camera's."""

    def __init__(self, node: Node, degrees: int) -> None:
        self._degrees = degrees
        self._frame_id: str | None = None
        self._broadcaster = StaticTransformBroadcaster(node) if degrees and StaticTransformBroadcaster else None

    def announce(self, stamp_ns: int, frame_id: str) -> None:
        """Once for each frame. frame_id: of the camera's images as they come."""
        if self._broadcaster is None or frame_id == self._frame_id:
            return
        self._frame_id = frame_id
        self._broadcaster.sendTransform(make_rotation_transform(stamp_ns, frame_id, self._degrees))
