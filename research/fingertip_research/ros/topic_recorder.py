"""Records all results that the nodes publish during a run, for display and scoring."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.datatypes import ContactEvent, Fingertip, Hand, KeyEvent
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import messages, qos
from fingertip_research.ros.diagnostic_values import list_diagnostics
from fingertip_research.ros.spinning import run_in_thread


@dataclass
class ReceivedMessages:
    """The received messages, by the stamp of the image from which they derive (nanoseconds).

    key_latencies_ns: from an image's stamp to the arrival of a key event decided by it. texts: (arrival, typed text).
    depth_stamps_ns: stamps of the depth network's images. diagnostics: (arrival, node, its values).
    """

    frame_stamps_ns: set[int] = field(default_factory=set)
    hands: dict[int, tuple[Hand, ...]] = field(default_factory=dict)
    fingertips: dict[int, tuple[Fingertip, ...]] = field(default_factory=dict)
    contact_events: list[ContactEvent] = field(default_factory=list)
    key_events: list[KeyEvent] = field(default_factory=list)
    key_latencies_ns: list[int] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    depth_stamps_ns: set[int] = field(default_factory=set)
    diagnostics: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The last text."""
        return self.texts[-1][1] if self.texts else ""


class TopicRecorder(Node):
    """Subscribes to the results, and to camera_info for the number of images; `received` grows as messages arrive."""

    def __init__(self, camera_info_topic: str) -> None:
        super().__init__("topic_recorder", namespace=PACKAGE)
        self.received = ReceivedMessages()
        subscribe = self.create_subscription
        subscribe(CameraInfo, camera_info_topic, self._on_camera_info, qos.RESULT)
        subscribe(PointCloud2, "hands", self._on_hands, qos.RESULT)
        subscribe(PointCloud2, "fingertips", self._on_fingertips, qos.RESULT)
        subscribe(InteractiveMarkerFeedback, "contact_events", self._on_contact_event, qos.EVENT)
        subscribe(InteractiveMarkerFeedback, "key_events", self._on_key_event, qos.EVENT)
        subscribe(String, "typed_text", self._on_text, qos.LATCHED)
        subscribe(CameraInfo, "depth_estimate/camera_info", self._on_depth_info, qos.RESULT)
        subscribe(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.DIAGNOSTICS)

    def _on_camera_info(self, message: CameraInfo) -> None:
        self.received.frame_stamps_ns.add(messages.stamp_to_ns(message.header.stamp))

    def _on_hands(self, message: PointCloud2) -> None:
        self.received.hands[messages.stamp_to_ns(message.header.stamp)] = messages.parse_hands(message)

    def _on_fingertips(self, message: PointCloud2) -> None:
        self.received.fingertips[messages.stamp_to_ns(message.header.stamp)] = messages.parse_fingertips(message)

    def _on_contact_event(self, message: InteractiveMarkerFeedback) -> None:
        self.received.contact_events.append(messages.parse_contact_event(message))

    def _on_key_event(self, message: InteractiveMarkerFeedback) -> None:
        self.received.key_latencies_ns.append(time.time_ns() - messages.stamp_to_ns(message.header.stamp))
        self.received.key_events.append(messages.parse_key_event(message))

    def _on_depth_info(self, message: CameraInfo) -> None:
        self.received.depth_stamps_ns.add(messages.stamp_to_ns(message.header.stamp))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.received.diagnostics += list_diagnostics(message)

    def _on_text(self, message: String) -> None:
        self.received.texts.append((time.time_ns(), message.data))


@contextmanager
def record_topics(camera_info_topic: str) -> Iterator[ReceivedMessages]:
    """Records the results that are published for the duration of the block. Ctrl-C is left to the caller."""
    with run_in_thread(lambda: TopicRecorder(camera_info_topic)) as recorder:
        yield recorder.received
