"""hand_tracking_node: colour images in, hands out.

Subscribes color/image, or its topic of `image_transport`. Publishes hands with the image's stamp and frame, one message
per image, empty without hands, in pixels of the images turned by `rotate`; /diagnostics.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from rclpy.node import Node

from fingertip_contact.cameras.rotation import require_rotation, rotate_image
from fingertip_contact.ros import messages
from fingertip_contact.ros.camera_input import COLOR_TOPIC
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.frame_losses import StampGaps
from fingertip_contact.ros.hand_publisher import HandPublisher
from fingertip_contact.ros.image_transport import decode, subscribe_to_images
from fingertip_contact.ros.images import decode_color_bgr
from fingertip_contact.ros.lifecycle import LifecycleStage, ManagedNode
from fingertip_contact.ros.parameter_tables import HandTrackingSettings
from fingertip_contact.ros.process import run_node
from fingertip_contact.ros.rotated_frames import name_rotated_frame
from fingertip_contact.ros.worker import FrameWorker
from fingertip_contact.stamps import StampOrder


class HandTrackingStage(LifecycleStage):
    """A tracker between two topics."""

    def __init__(self, node: Node, settings: HandTrackingSettings, held: ExitStack) -> None:
        self._node = node
        require_rotation(settings.rotate)
        self._transport, self._rotate_deg = settings.image_transport, settings.rotate
        self._diagnostics = Diagnostics(node, held)
        self._hands = HandPublisher(node, settings, held)

    def start(self, active: ExitStack) -> None:
        self._hands.reset()
        worker = FrameWorker(self._process, self._diagnostics.record_error)
        active.callback(worker.close)
        gaps, order = StampGaps(), StampOrder()
        self._diagnostics.add_source(
            lambda: {
                "lost_before": gaps.missing_count,
                "repeated": order.repeated_count,
                "late": order.late_count,
                "dropped": worker.dropped,
            },
            active,
        )

        def receive(image: Any) -> None:
            try:
                stamp_ns = messages.stamp_to_ns(image.header.stamp)
            except ValueError as error:
                self._diagnostics.record_error(error)
                return
            gaps.add(stamp_ns)
            if order.accept(stamp_ns):
                worker.offer(image)

        subscribe_to_images(self._node, COLOR_TOPIC, self._transport, receive, active)

    def _process(self, image: Any) -> None:
        color_bgr = rotate_image(decode_color_bgr(decode(image)), self._rotate_deg)
        stamp_ns = messages.stamp_to_ns(image.header.stamp)
        self._hands.process(color_bgr, stamp_ns, name_rotated_frame(image.header.frame_id, self._rotate_deg))
        self._diagnostics.record_frame(stamp_ns)


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(lambda shutdown_event: ManagedNode("hand_tracking_node", HandTrackingSettings, HandTrackingStage))
