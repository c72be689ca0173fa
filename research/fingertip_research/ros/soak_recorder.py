"""Notes what the nodes publish for hours, in little memory: stamps and arrivals, presses, diagnostics."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, PointCloud2
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import cdr, messages, qos
from fingertip_research.ros.diagnostic_values import list_diagnostics
from fingertip_research.ros.spinning import run_in_thread

SENT, HANDS, FINGERTIPS = "sent", "hands", "fingertips"


@dataclass
class Arrivals:
    """Messages of one topic in order of arrival: the stamps of their images and when they came, nanoseconds."""

    stamps_ns: array[int] = field(default_factory=lambda: array("q"))
    arrivals_ns: array[int] = field(default_factory=lambda: array("q"))

    def add(self, stamp_ns: int) -> None:
        self.stamps_ns.append(stamp_ns)
        self.arrivals_ns.append(time.time_ns())


@dataclass
class SoakRecord:
    """It grows while messages arrive.

    topics: of SENT (the camera's camera_info), HANDS and FINGERTIPS. presses: (touch-down ns, key) of each press on a
    key. diagnostics: (arrival ns, node, its values).
    """

    topics: dict[str, Arrivals] = field(
        default_factory=lambda: {name: Arrivals() for name in (SENT, HANDS, FINGERTIPS)}
    )
    presses: list[tuple[int, str]] = field(default_factory=list)
    diagnostics: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)


class SoakRecorder(Node):
    def __init__(self, camera_info_topic: str) -> None:
        super().__init__("soak_recorder", namespace=PACKAGE)
        self.record = SoakRecord()
        names = {SENT: (CameraInfo, camera_info_topic), HANDS: (PointCloud2, HANDS)}
        names[FINGERTIPS] = (PointCloud2, FINGERTIPS)
        for name, (message_type, topic) in names.items():
            # Unread: the stamp is all that counts, and this process must not load the machine that it measures.
            receive = partial(self._on_stamped, self.record.topics[name])
            self.create_subscription(message_type, topic, receive, qos.RESULT, raw=True)
        self.create_subscription(InteractiveMarkerFeedback, "key_events", self._on_key_event, qos.EVENT)
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, qos.DIAGNOSTICS)

    @staticmethod
    def _on_stamped(arrivals: Arrivals, message: bytes) -> None:
        arrivals.add(cdr.read_stamp_ns(message))

    def _on_key_event(self, message: InteractiveMarkerFeedback) -> None:
        event = messages.parse_key_event(message)
        if event.contact.type == "press":
            self.record.presses.append((event.contact.contact_ns, event.key))

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.record.diagnostics += list_diagnostics(message)


@contextmanager
def record_soak(camera_info_topic: str) -> Iterator[SoakRecord]:
    """Records for the duration of the block. Ctrl-C is left to the caller."""
    with run_in_thread(lambda: SoakRecorder(camera_info_topic)) as recorder:
        yield recorder.record
