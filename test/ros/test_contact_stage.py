"""Rules of the stage between a camera's messages and contact."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import CameraInfo, Image

from fingertip_contact.datatypes import Frame, Hand
from fingertip_contact.nodes.contact_stage import ContactStageBase
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC
from fingertip_contact.ros.parameter_tables import ContactSettings
from ros_harness import CAMERA, FRAME_ID, PERIOD_NS, START_NS, ros_node

DEADLINE_S = 30.0


class Stage(ContactStageBase):
    """Contact waits for the hands of the next frame."""

    topics = (COLOR_TOPIC, CAMERA_INFO_TOPIC)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.found = [threading.Event() for _ in range(2)]
        self.overlapped: list[bool] = []
        self._contact.process = self._wait  # type: ignore[method-assign]

    def find_hands(self, frame: Frame, received: dict[str, Any]) -> tuple[Hand, ...]:
        self.found[(frame.stamp_ns - START_NS) // PERIOD_NS].set()
        return ()

    def _wait(self, frame: Frame, hands: tuple[Hand, ...]) -> tuple[()]:
        self.overlapped.append(self.found[1].wait(DEADLINE_S))
        return ()


def test_hands_are_found_while_the_frame_before_is_processed():
    """The first frame's contact ends only when the second frame's hands are known: one thread would wait for ever."""
    with ros_node() as node, ExitStack() as active, ExitStack() as held:
        stage = Stage(node, ContactSettings(depth_source="none"), held)
        stage.start(active)
        images = node.create_publisher(Image, COLOR_TOPIC, qos.IMAGE_OUT)
        infos = node.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, qos.IMAGE_OUT)
        node.wait_until(lambda: images.get_subscription_count() == infos.get_subscription_count() == 1, "the stage")
        for index in range(2):
            header = messages.make_header(START_NS + index * PERIOD_NS, FRAME_ID)
            infos.publish(messages.make_camera_info(header, CAMERA))
            image = Image(header=header, height=480, width=640, step=3 * 640, encoding="bgr8")
            image.data = bytes(480 * 640 * 3)
            images.publish(image)
        node.wait_until(lambda: len(stage.overlapped) == 2, "both frames")
        assert stage.overlapped == [True, True]
