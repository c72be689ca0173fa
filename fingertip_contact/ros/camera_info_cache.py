"""A camera's camera_info: the same in nearly all messages, and decoded only where it changes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from fingertip_contact.ros import qos
from fingertip_contact.ros.cdr import STAMP, CdrReader, Header
from fingertip_contact.ros.latched_topics import follow_latched


@dataclass(frozen=True)
class StampedCameraInfo:
    """A sensor_msgs/CameraInfo; `decoded` may be an earlier one, all of whose other fields are the same."""

    header: Header
    decoded: CameraInfo

    def __getattr__(self, name: str) -> Any:
        return getattr(self.decoded, name)


def to_message(info: CameraInfo | StampedCameraInfo) -> CameraInfo:
    """For publishers: what was read of a StampedCameraInfo is valid until the next call."""
    if isinstance(info, CameraInfo):
        return info
    stamp = info.decoded.header.stamp
    stamp.sec, stamp.nanosec = info.header.stamp.sec, info.header.stamp.nanosec
    return info.decoded


class CameraInfoCache:
    """read() decodes the messages of one topic: rclpy takes a third of a millisecond for each, in which no other thread
    runs."""

    def __init__(self) -> None:
        self._body = b""
        self._decoded: CameraInfo | None = None

    def read(self, cdr: bytes) -> StampedCameraInfo:
        """cdr: the serialised message. Raises ValueError where it is damaged."""
        header, body = CdrReader(cdr).read_header(), cdr[STAMP.stop :]
        if self._decoded is None or body != self._body:
            try:
                self._decoded, self._body = deserialize_message(cdr, CameraInfo), body
            except RuntimeError as error:  # Of rmw.
                raise ValueError(f"a camera_info of {len(cdr)} bytes cannot be read: {error}") from error
        return StampedCameraInfo(header, self._decoded)


def subscribe_to_camera_info(
    node: Node, topic: str, profile: QoSProfile, receive: Callable[[Any], None], active: ExitStack
) -> None:
    """Until `active` is closed. receive: gets a StampedCameraInfo; of a publisher that latches, a CameraInfo too."""
    cache = CameraInfoCache()
    subscription = qos.create_subscription(
        node, CameraInfo, topic, lambda cdr: receive(cache.read(cdr)), profile, raw=True
    )
    active.callback(node.destroy_subscription, subscription)
    follow_latched(node, subscription, receive, active)
