"""A camera's camera_info: the same in nearly all messages, and decoded only where it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo

from fingertip_contact.ros.cdr import STAMP, CdrReader, Header


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
