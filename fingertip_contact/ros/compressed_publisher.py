"""Publishes the compressed images of a topic under the names of image_transport's plugins, without the plugins.

JPEG under `TOPIC/compressed`; depth as PNG under `TOPIC/compressedDepth`. Nodes read them with `image_transport`
`compressed`, and so does whatever else reads those plugins' topics.
"""

from __future__ import annotations

from array import array
from contextlib import ExitStack

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from fingertip_contact.ros import qos
from fingertip_contact.ros.image_transport import COMPRESSED, COMPRESSED_DEPTH, name_topic
from fingertip_contact.transports.image_coding import code_depth, code_jpeg

DEPTH = "16UC1"


class CompressedPublisher:
    """Of one stream of images. Nothing is coded without subscribers."""

    def __init__(self, node: Node, topic: str, encoding: str, held: ExitStack) -> None:
        """encoding: bgr8, mono8, or 16UC1 for depth in millimetres. The topic ends when `held` is closed."""
        self._encoding = encoding
        transport = COMPRESSED_DEPTH if encoding == DEPTH else COMPRESSED
        self._publisher = qos.create_publisher(node, CompressedImage, name_topic(node, topic, transport), qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._publisher)

    @property
    def has_subscribers(self) -> bool:
        return bool(self._publisher.get_subscription_count())

    def publish(self, header: Header, image: np.ndarray) -> None:
        """image: (H, W, 3) or (H, W), of the encoding. Takes milliseconds: 1 for JPEG, 8 for depth at 640x480."""
        data, image_format = code_depth(image) if self._encoding == DEPTH else code_jpeg(image, self._encoding)
        self._publisher.publish(CompressedImage(header=header, format=image_format, data=array("B", data)))
