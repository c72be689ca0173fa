"""The topics of a RealSense camera, with the names that realsense2_camera gives them by default."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from fingertip_contact.cameras.realsense_capture import RealsenseCapture, RealsenseImages
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.geometry import Camera
from fingertip_contact.images import DEPTH_UNIT_M
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_frames import make_camera_transforms, name_optical_frame
from fingertip_contact.ros.compressed_publisher import CompressedPublisher
from fingertip_contact.ros.images import ImageWriter
from fingertip_contact.ros.tf_broadcasters import StaticTransformBroadcaster

# Of each stream: the topic of its images. Depth is aligned to colour, and in its frame.
IMAGE_TOPICS = {
    "color": "color/image_raw",
    "depth": "aligned_depth_to_color/image_raw",
    "infra1": "infra1/image_rect_raw",
    "infra2": "infra2/image_rect_raw",
}


def express_depth(depth: DepthImage, encoding: str) -> np.ndarray:
    """(H, W) as it is published: 16UC1 uint16 whole millimetres, rounded, 0 invalid; 32FC1 float32 metres, NaN invalid.

    realsense2_camera cuts to millimetres instead, so that depth is half a millimetre too short.
    """
    if encoding == "32FC1":
        return depth.to_metres()
    counts = np.rint(depth.values * (depth.unit_m / DEPTH_UNIT_M[np.uint16]))
    return counts.clip(0, np.iinfo(np.uint16).max).astype(np.uint16)


class RealsenseTopics:
    """Publishers of one camera. Images without subscribers are not made into messages. `publish` and
    `publish_compressed` may be called by two threads."""

    def __init__(
        self, node: Node, base: str, prefix: str, depth_format: str, streams: tuple[str, ...], held: ExitStack
    ) -> None:
        """base: of all topics, `/namespace/name`. prefix: of all frames. streams: of IMAGE_TOPICS."""
        self._node, self._prefix, self._depth_format = node, prefix, depth_format
        coded = {"color": "bgr8", "depth": "16UC1", "infra1": "mono8", "infra2": "mono8"}
        encodings = coded | {"depth": depth_format}
        self._writers = {stream: ImageWriter(encodings[stream]) for stream in streams}
        self._images: dict[str, Publisher] = {}
        self._infos: dict[str, Publisher] = {}
        self._compressed: dict[str, CompressedPublisher] = {}
        for stream in streams:
            topic = f"{base}/{IMAGE_TOPICS[stream]}"
            self._compressed[stream] = CompressedPublisher(node, topic, coded[stream], held)
            self._images[stream] = qos.create_publisher(node, Image, topic, qos.IMAGE_OUT)
            self._infos[stream] = qos.create_publisher(
                node, CameraInfo, f"{topic.rpartition('/')[0]}/camera_info", qos.IMAGE_OUT
            )
            for publisher in (self._images[stream], self._infos[stream]):
                held.callback(node.destroy_publisher, publisher)
        self._transforms = StaticTransformBroadcaster(node) if StaticTransformBroadcaster else None
        self._cameras: dict[str, Camera] = {}
        self._baseline_m = 0.0

    def set_camera(self, capture: RealsenseCapture) -> None:
        """Use the intrinsics of a camera that was opened, and publish its frames."""
        # As realsense2_camera does: depth lies on the colour camera's grid.
        self._cameras = {**capture.cameras, "depth": capture.cameras["color"]}
        self._baseline_m = capture.baseline_m if "infra2" in capture.cameras else 0.0
        if self._transforms is not None:
            now_ns = self._node.get_clock().now().nanoseconds
            self._transforms.sendTransform(make_camera_transforms(now_ns, self._prefix, capture.depth_from))

    def publish(self, images: RealsenseImages) -> None:
        """Publish what there is of an exposure, colour first: hand tracking is the slowest step."""
        makers = _list_makers(images, self._depth_format)
        for stream, publisher in self._images.items():
            make_image = makers.get(stream)
            if make_image is None:
                continue
            header = self._make_header(images, stream)
            if publisher.get_subscription_count():
                publisher.publish(self._writers[stream].make_message(header, make_image()))
            info = messages.make_camera_info(header, self._cameras[stream])
            if stream == "infra2":
                # sensor_msgs/CameraInfo: P[3] is -f B of the right camera of a pair.
                info.p[3] = -self._cameras[stream].fx * self._baseline_m
            self._infos[stream].publish(info)

    @property
    def has_compressed_subscribers(self) -> bool:
        return any(publisher.has_subscribers for publisher in self._compressed.values())

    def publish_compressed(self, images: RealsenseImages) -> None:
        """Code and publish what there is of an exposure: depth always in whole millimetres, which PNG can hold."""
        makers = _list_makers(images, "16UC1")
        for stream, publisher in self._compressed.items():
            make_image = makers.get(stream)
            if make_image is not None and publisher.has_subscribers:
                publisher.publish(self._make_header(images, stream), make_image())

    def _make_header(self, images: RealsenseImages, stream: str) -> Header:
        frame = name_optical_frame(self._prefix, "color" if stream == "depth" else stream)
        return messages.make_header(images.stamp_ns, frame)


def _list_makers(images: RealsenseImages, depth_format: str) -> dict[str, Callable[[], np.ndarray]]:
    """Of each stream that the exposure has: what makes its image."""
    makers: dict[str, Callable[[], np.ndarray]] = {"color": lambda: images.color_bgr}
    if images.depth is not None:
        makers["depth"] = partial(express_depth, images.depth, depth_format)
    for stream, image in (("infra1", images.left), ("infra2", images.right)):
        if image is not None:
            makers[stream] = partial(np.asarray, image)
    return makers
