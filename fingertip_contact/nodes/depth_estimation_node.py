"""depth_estimation_node: colour images in, metric depth out.

Subscribes color/image and color/camera_info of one stamp, and hands, which give the region of interest. Publishes
depth_estimate/image (32FC1, metres, NaN where invalid, REP-118) and depth_estimate/camera_info with the image's stamp
and frame, of the images turned by `rotate`, only while depth_estimate/image has subscribers; /diagnostics.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from fingertip_contact import weights
from fingertip_contact.cameras.rotation import require_rotation, rotate_camera, rotate_image
from fingertip_contact.datatypes import Hand
from fingertip_contact.depth.estimator import DepthEstimator
from fingertip_contact.depth.region import RegionFinder
from fingertip_contact.depth.stream import DepthStream, Estimate
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_info_cache import to_message
from fingertip_contact.ros.camera_input import (
    CAMERA_INFO_TOPIC,
    COLOR_TOPIC,
    HANDS_TOPIC,
    MODEL_DEPTH_TOPIC,
    PairedInput,
)
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.freshness import InferenceStatistics
from fingertip_contact.ros.image_transport import decode_all
from fingertip_contact.ros.images import CameraReader, ImageWriter, decode_color_bgr
from fingertip_contact.ros.lifecycle import LifecycleStage, ManagedNode
from fingertip_contact.ros.parameter_tables import DepthEstimationSettings
from fingertip_contact.ros.process import run_node
from fingertip_contact.ros.rotated_frames import name_rotated_frame, require_rotated_frame
from fingertip_contact.ros.worker import FrameWorker
from fingertip_contact.runtime_tuning import lower_priority, make_with_low_priority_threads

DEFAULT_WEIGHTS = "d405"
# Older hands are ignored: they may have moved.
MAX_HANDS_AGE_NS = 500_000_000
# Older depth is still published, since the desk rarely moves, and reported as an error.
MAX_DEPTH_AGE_S = 1.0


class DepthEstimationStage(LifecycleStage):
    """A depth network between two topics.

    Two threads: one propagates depth to every image in a few milliseconds, the other runs the network on the newest
    available image at low priority.
    """

    def __init__(self, node: Node, settings: DepthEstimationSettings, held: ExitStack) -> None:
        self._node = node
        require_rotation(settings.rotate)
        self._transports, self._rotate_deg = {COLOR_TOPIC: settings.image_transport}, settings.rotate
        self._every_frame = settings.every_frame
        self._diagnostics = Diagnostics(node, held)
        self._images = qos.create_publisher(node, Image, MODEL_DEPTH_TOPIC, qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._images)
        self._infos = qos.create_publisher(node, CameraInfo, "depth_estimate/camera_info", qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._infos)
        self._cameras = CameraReader()
        self._writer = ImageWriter("32FC1")
        # The threads of the network's runtime get the low priority too.
        full_image, region = make_with_low_priority_threads(lambda: make_estimators(settings))
        self._network_info = describe_estimator(full_image, "full_image") | (
            describe_estimator(region, "region") if region else {}
        )
        region_ratios = (
            settings.region_width / settings.input_width,
            settings.region_height / settings.input_height,
        )
        self._stream = DepthStream(full_image, region, RegionFinder(*region_ratios) if region else None)
        self._hands: PointCloud2 | None = None

    def start(self, active: ExitStack) -> None:
        self._stream.reset()
        self._inference_statistics = InferenceStatistics()
        record_error = self._diagnostics.record_error
        # The network is far slower than a camera: only the newest frame waits.
        self._network_worker = FrameWorker(self._infer, record_error, depth=1, on_start=lower_priority)
        active.callback(self._network_worker.close)
        frames = FrameWorker(self._process, record_error)
        active.callback(frames.close)
        paired = PairedInput(
            self._node, (COLOR_TOPIC, CAMERA_INFO_TOPIC), frames.offer, record_error, active, self._transports
        )
        self._diagnostics.add_source(lambda: paired.count_losses() | {"dropped": frames.dropped}, active)
        self._diagnostics.add_adviser(paired.advise, active)
        self._diagnostics.add_source(self._inference_statistics.report, active)
        self._diagnostics.add_source(lambda: self._network_info, active)
        hands = qos.create_subscription(self._node, PointCloud2, HANDS_TOPIC, self._cache_hands, qos.RESULT)
        active.callback(self._node.destroy_subscription, hands)

    def _cache_hands(self, message: PointCloud2) -> None:
        self._hands = message

    def _process(self, received: dict[str, Any]) -> None:
        """Propagate depth to a camera image."""
        if not self._images.get_subscription_count():
            return
        # Raises ValueError for unusable intrinsics, without which depth cannot be used.
        self._cameras.read(received[CAMERA_INFO_TOPIC])
        received = decode_all(received)
        self._network_worker.offer(received)
        if not self._every_frame:
            return
        image = received[COLOR_TOPIC]
        estimate = self._stream.propagate(messages.stamp_to_ns(image.header.stamp), self._read_image(received))
        if estimate is not None:
            self._publish(received, estimate)

    def _infer(self, received: dict[str, Any]) -> None:
        """Run the network on an image."""
        image = received[COLOR_TOPIC]
        stamp_ns = messages.stamp_to_ns(image.header.stamp)
        start_s = time.monotonic()
        estimate = self._stream.infer(stamp_ns, self._read_image(received), self._find_hands_near(stamp_ns))
        self._inference_statistics.on_inference(
            time.monotonic() - start_s, self._stream.full_image_stamp_ns == stamp_ns
        )
        if not self._every_frame:
            self._publish(received, estimate)

    def _read_image(self, received: dict[str, Any]) -> np.ndarray:
        """(H, W, 3) uint8 BGR, turned."""
        return rotate_image(decode_color_bgr(received[COLOR_TOPIC]), self._rotate_deg)

    def _find_hands_near(self, stamp_ns: int) -> Sequence[Hand]:
        """The last received hands, unless their stamp is too far from this one."""
        message = self._hands
        if message is None or abs(messages.stamp_to_ns(message.header.stamp) - stamp_ns) > MAX_HANDS_AGE_NS:
            return ()
        require_rotated_frame(message.header.frame_id, self._rotate_deg, HANDS_TOPIC)
        return messages.parse_hands(message)

    def _publish(self, received: dict[str, Any], estimate: Estimate) -> None:
        color, info = received[COLOR_TOPIC].header, received[CAMERA_INFO_TOPIC]
        stamp_ns = messages.stamp_to_ns(color.stamp)
        header = messages.make_header(stamp_ns, name_rotated_frame(color.frame_id, self._rotate_deg))
        if self._rotate_deg:
            info = messages.make_camera_info(header, rotate_camera(self._cameras.read(info), self._rotate_deg))
        self._images.publish(self._writer.make_message(header, estimate.depth_m))
        self._infos.publish(to_message(info))
        age_s = (stamp_ns - estimate.keyframe_stamp_ns) * 1e-9
        self._inference_statistics.on_publish(age_s)
        self._diagnostics.record_frame(stamp_ns)
        if age_s > MAX_DEPTH_AGE_S:
            self._diagnostics.record_error(
                ValueError(
                    f"the published depth is {age_s:.1f} s old: the depth network is too slow on this machine; use a "
                    "smaller input or int8, or end other programs"
                )
            )


def make_estimators(settings: DepthEstimationSettings) -> tuple[DepthEstimator, DepthEstimator | None]:
    """The estimator of full images, and that of regions if enabled. Raises ValueError if the weights, a size or the
    runtime cannot be used."""
    checkpoint = Path(settings.checkpoint) if settings.checkpoint else weights.get_verified_path(DEFAULT_WEIGHTS)

    def make_estimator(height: int, width: int) -> DepthEstimator:
        return DepthEstimator(
            checkpoint,
            height=height,
            width=width,
            max_depth_m=settings.max_depth_m or None,
            runtime=settings.runtime,
            precision=settings.precision,
            # All cores would make the network a little faster, and the other nodes slower.
            threads=settings.threads or max((os.cpu_count() or 1) // 2, 1),
        )

    full_image = make_estimator(settings.input_height, settings.input_width)
    has_regions = settings.region_height and settings.region_width
    return full_image, make_estimator(settings.region_height, settings.region_width) if has_regions else None


def describe_estimator(estimator: DepthEstimator, name: str) -> dict[str, object]:
    """Runtime and precision of an estimator, for diagnostics."""
    return {f"{name}_{key}": value for key, value in estimator.diagnostics.items()}


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(lambda shutdown_event: ManagedNode("depth_estimation_node", DepthEstimationSettings, DepthEstimationStage))
