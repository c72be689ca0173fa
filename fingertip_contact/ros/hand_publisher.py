"""Hand tracking with its topic."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import PointCloud2

from fingertip_contact.datatypes import Hand
from fingertip_contact.protocols import HandTracker
from fingertip_contact.registry import HAND_TRACKERS
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_input import HANDS_TOPIC
from fingertip_contact.ros.parameter_tables import HandTrackingSettings


class HandPublisher:
    """Tracks hands and publishes them on `hands`: one message per image, empty without hands."""

    def __init__(self, node: Node, settings: HandTrackingSettings, held: ExitStack) -> None:
        """The topic ends when `held` is closed. Raises ValueError for an unknown tracker or unusable weights."""
        self._tracker: HandTracker = HAND_TRACKERS.make(
            settings.hand_tracker,
            required=("process", "reset"),
            max_hands=settings.max_hands,
            threads=settings.threads,
            mirrored=settings.mirrored,
        )
        self._publisher = qos.create_publisher(node, PointCloud2, HANDS_TOPIC, qos.RESULT)
        held.callback(node.destroy_publisher, self._publisher)

    def reset(self) -> None:
        """Forget every hand."""
        self._tracker.reset()

    def process(self, color_bgr: np.ndarray, stamp_ns: int, frame_id: str) -> tuple[Hand, ...]:
        """The hands of an image (H, W, 3) uint8, published with its stamp and optical frame."""
        hands = self._tracker.process(color_bgr, stamp_ns)
        self._publisher.publish(messages.make_hands(messages.make_header(stamp_ns, frame_id), hands))
        return hands
