"""Listens to everything the nodes say about a run, so that it can be shown and scored afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.frames import ContactEvent, Fingertip, Hand, KeyEvent
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import messages, qos


@dataclass
class Heard:
    """What came, by the stamp of the picture that it derives from (nanoseconds).

    key_latency_ns: from a picture's stamp to the arrival of a key event decided by it. texts: (arrival, text so far).
    depths: stamps of the depth network's pictures. diagnostics: (arrival, node, what it says of itself).
    """

    frames_in: set[int] = field(default_factory=set)
    hands: dict[int, tuple[Hand, ...]] = field(default_factory=dict)
    fingertips: dict[int, tuple[Fingertip, ...]] = field(default_factory=dict)
    contact_events: list[ContactEvent] = field(default_factory=list)
    key_events: list[KeyEvent] = field(default_factory=list)
    key_latency_ns: list[int] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    depths: set[int] = field(default_factory=set)
    diagnostics: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The last text."""
        return self.texts[-1][1] if self.texts else ""


class Listener(Node):
    """Subscribes to the results, and to camera_info for the number of pictures; `heard` grows as messages come."""

    def __init__(self, camera_info_topic: str) -> None:
        super().__init__("listener", namespace=PACKAGE)
        self.heard = Heard()
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
        self.heard.frames_in.add(messages.stamp_ns(message.header.stamp))

    def _on_hands(self, message: PointCloud2) -> None:
        self.heard.hands[messages.stamp_ns(message.header.stamp)] = messages.hands_from(message)

    def _on_fingertips(self, message: PointCloud2) -> None:
        self.heard.fingertips[messages.stamp_ns(message.header.stamp)] = messages.fingertips_from(message)

    def _on_contact_event(self, message: InteractiveMarkerFeedback) -> None:
        self.heard.contact_events.append(messages.contact_event_from(message))

    def _on_key_event(self, message: InteractiveMarkerFeedback) -> None:
        self.heard.key_latency_ns.append(time.time_ns() - messages.stamp_ns(message.header.stamp))
        self.heard.key_events.append(messages.key_event_from(message))

    def _on_depth_info(self, message: CameraInfo) -> None:
        self.heard.depths.add(messages.stamp_ns(message.header.stamp))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            values = {entry.key: entry.value for entry in status.values}
            self.heard.diagnostics.append((time.time_ns(), status.name.rsplit("/", 1)[-1], values))

    def _on_text(self, message: String) -> None:
        self.heard.texts.append((time.time_ns(), message.data))
