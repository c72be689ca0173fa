"""An artificial camera on topics: frames whose fields may be damaged one by one."""

from __future__ import annotations

import time
from array import array
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC, DEPTH_TOPIC
from fingertip_contact.selftest.stand_ins import CAMERA, DISTANCE_M
from fingertip_contact.stamps import MAX_LATENESS_NS

FRAME_ID = "camera_color_optical_frame"
UNCHANGED: Mapping[str, Any] = MappingProxyType({})
_PIXELS = CAMERA.width * CAMERA.height
FLAT_DEPTH = array("B", np.full(_PIXELS, DISTANCE_M * 1000, np.uint16).tobytes())


class ArtificialCamera:
    """Publishes images of one brightness (stand_ins), their camera_info and flat depth, as a reliable driver does."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.images = node.create_publisher(Image, COLOR_TOPIC, qos.EVENT)
        self.infos = node.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, qos.EVENT)
        self.depths = node.create_publisher(Image, DEPTH_TOPIC, qos.EVENT)
        self.last_ns = 0

    def count_subscribers(self) -> tuple[int, int, int]:
        """Of image, camera_info and depth."""
        image, info, depth = (each.get_subscription_count() for each in (self.images, self.infos, self.depths))
        return image, info, depth

    def find_next_ns(self) -> int:
        """A stamp for now, later than the last one unless that was of another time."""
        now_ns = time.time_ns()
        return self.last_ns + 1 if 0 <= self.last_ns - now_ns < MAX_LATENESS_NS else now_ns

    def close(self) -> None:
        """End its topics."""
        for publisher in (self.images, self.infos, self.depths):
            self._node.destroy_publisher(publisher)

    def send(
        self,
        code: int,
        stamp_ns: int | None = None,
        *,
        image: Mapping[str, Any] | None = UNCHANGED,
        info: Mapping[str, Any] | None = UNCHANGED,
        depth: Mapping[str, Any] | None = UNCHANGED,
        depth_stamp_ns: int | None = None,
    ) -> None:
        """A frame, now by default. image, info, depth: fields of the messages that differ; None: no message."""
        stamp_ns = self.find_next_ns() if stamp_ns is None else stamp_ns
        self.last_ns = stamp_ns
        if info is not None:
            header = messages.make_header(stamp_ns, FRAME_ID)
            self.infos.publish(change(messages.make_camera_info(header, CAMERA), info))
        if depth is not None:
            header = messages.make_header(stamp_ns if depth_stamp_ns is None else depth_stamp_ns, FRAME_ID)
            self.depths.publish(change(make_depth(header), depth))
        if image is not None:
            self.images.publish(change(make_image(messages.make_header(stamp_ns, FRAME_ID), code), image))


def make_image(header: Header, code: int) -> Image:
    """An image of one brightness."""
    data = array("B", bytes([code]) * (3 * _PIXELS))
    return Image(
        header=header, height=CAMERA.height, width=CAMERA.width, encoding="bgr8", step=3 * CAMERA.width, data=data
    )


def make_depth(header: Header) -> Image:
    """The flat desk, as realsense2_camera publishes it."""
    return Image(
        header=header,
        height=CAMERA.height,
        width=CAMERA.width,
        encoding="16UC1",
        step=2 * CAMERA.width,
        data=FLAT_DEPTH,
    )


def make_depth_fields(value: float, dtype: type[np.generic] = np.float32) -> dict[str, Any]:
    """The fields of a depth image of one value: metres as 32FC1, or millimetres as 16UC1."""
    pixels = np.full(_PIXELS, value, dtype)
    encoding = "32FC1" if dtype is np.float32 else "16UC1"
    return {
        "encoding": encoding,
        "step": CAMERA.width * pixels.itemsize,
        "data": array("B", pixels.tobytes()),
    }


def change(message: Any, fields: Mapping[str, Any]) -> Any:
    """The message with these fields; `header.stamp` and the like reach into it."""
    for name, value in fields.items():
        *parents, last = name.split(".")
        target = message
        for parent in parents:
            target = getattr(target, parent)
        setattr(target, last, value)
    return message
