"""pipeline_node: hand tracking and contact in one process; they share images without a copy.

Subscribes what contact_node does, except hands. Publishes hands and everything that contact_node does, and has its
services.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from rclpy.node import Node

from fingertip_contact.datatypes import Frame, Hand
from fingertip_contact.nodes.contact_stage import ContactStageBase
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC
from fingertip_contact.ros.hand_publisher import HandPublisher
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.parameter_tables import PipelineSettings
from fingertip_contact.ros.process import run_node


class PipelineStage(ContactStageBase):
    """Tracks hands itself."""

    topics = (COLOR_TOPIC, CAMERA_INFO_TOPIC)

    def prepare_hands(self, node: Node, settings: PipelineSettings, held: ExitStack) -> None:
        self._hands = HandPublisher(node, settings, held)

    def start(self, active: ExitStack) -> None:
        self._hands.reset()
        super().start(active)

    def find_hands(self, frame: Frame, received: dict[str, Any]) -> tuple[Hand, ...]:
        return self._hands.process(frame.color_bgr, frame.stamp_ns, frame.frame_id)


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(lambda shutdown_event: ManagedNode("pipeline_node", PipelineSettings, PipelineStage))
