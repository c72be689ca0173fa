"""Camera topics to frames: colour, its camera_info and aligned depth of exactly one stamp."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.depth.fusion import fuse
from fingertip_contact.images import decode_depth_image
from fingertip_contact.pairing import StampPairer
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.images import CameraReader, decode_color_bgr

COLOR_TOPIC, CAMERA_INFO_TOPIC, DEPTH_TOPIC, HANDS_TOPIC = "color/image", "color/camera_info", "depth/image", "hands"
MODEL_DEPTH_TOPIC = "depth_estimate/image"

# The topics of each `depth_source`.
DEPTH_SOURCE_TOPICS = {
    "sensor": (DEPTH_TOPIC,),
    "model": (MODEL_DEPTH_TOPIC,),
    "fused": (DEPTH_TOPIC, MODEL_DEPTH_TOPIC),
}
_TOPIC_TYPES = {
    COLOR_TOPIC: (Image, qos.IMAGE_IN),
    CAMERA_INFO_TOPIC: (CameraInfo, qos.CAMERA_INFO_IN),
    DEPTH_TOPIC: (Image, qos.IMAGE_IN),
    MODEL_DEPTH_TOPIC: (Image, qos.IMAGE_IN),
    HANDS_TOPIC: (PointCloud2, qos.RESULT),
}


class PairedInput:
    """Subscribes to some of the topics above and delivers the messages of each stamp that all of them have.

    on_messages is called in the executor's thread and must return quickly; an invalid stamp goes to on_error.
    The subscriptions end when `active` is closed.
    """

    def __init__(
        self,
        node: Node,
        topics: tuple[str, ...],
        on_messages: Callable[[dict[str, Any]], None],
        on_error: Callable[[Exception], None],
        active: ExitStack,
    ) -> None:
        self._on_messages = on_messages
        self._on_error = on_error
        self._pairer = StampPairer(topics)
        for topic in topics:
            message_type, profile = _TOPIC_TYPES[topic]
            receive = partial(self._receive, topic)
            active.callback(node.destroy_subscription, node.create_subscription(message_type, topic, receive, profile))

    @property
    def dropped(self) -> int:
        """Number of colour images without the other messages of their stamp."""
        return self._pairer.dropped

    def _receive(self, topic: str, message: Any) -> None:
        try:
            stamp_ns = messages.stamp_to_ns(message.header.stamp)
        except ValueError as error:
            self._on_error(error)
            return
        complete = self._pairer.add(topic, stamp_ns, message)
        if complete is not None:
            self._on_messages(complete)


class FrameReader:
    """Makes a Frame from the messages of one stamp."""

    def __init__(self) -> None:
        self._cameras = CameraReader()

    def read(self, received: dict[str, Any]) -> Frame:
        """Images are views of the messages where the encoding allows.

        Raises ValueError if a message contradicts its own fields, or image, depth and intrinsics differ in size.
        """
        color = received[COLOR_TOPIC]
        camera = self._cameras.read(received[CAMERA_INFO_TOPIC])
        image = decode_color_bgr(color)
        height, width = image.shape[:2]
        if (width, height) != (camera.width, camera.height):
            raise ValueError(
                f"the colour image is {width}x{height}, its camera_info states {camera.width}x{camera.height}"
            )
        depths = [
            _read_depth(received[topic], (height, width))
            for topic in (DEPTH_TOPIC, MODEL_DEPTH_TOPIC)
            if topic in received
        ]
        depth = depths[0] if len(depths) == 1 else fuse(depths[0], depths[1].to_metres(), camera.fx)
        return Frame(messages.stamp_to_ns(color.header.stamp), color.header.frame_id, camera, image, depth)


def _read_depth(message: Image, shape: tuple[int, int]) -> DepthImage:
    depth = decode_depth_image(message)
    if depth.values.shape != shape:
        raise ValueError(
            f"depth is {depth.values.shape[1]}x{depth.values.shape[0]}, colour {shape[1]}x{shape[0]}; "
            "use the depth aligned to colour (align_depth.enable:=true)"
        )
    return depth
