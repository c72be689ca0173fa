"""From the topics to the page's LiveState."""

from __future__ import annotations

import math
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarker, InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.images import decode_color_bgr
from fingertip_contact.ros.message_guard import leave_out_invalid
from fingertip_contact.ros.typing_topics import parse_suggestions
from fingertip_contact.safe_text import to_one_line
from fingertip_contact.transports.image_coding import encode_jpeg
from fingertip_contact.web import json_values
from fingertip_contact.web.live_state import LiveState

JPEG_QUALITY = 80
MAX_FINGERTIPS = 10
# Clocks that are farther apart than this belong to different times: a bag without /clock, a camera's own clock.
MAX_LATENCY_MS = 10_000.0
LEVELS = {DiagnosticStatus.OK: "ok", DiagnosticStatus.WARN: "warning"}


class WebTopics:
    """Subscribes the results; the overlay, which costs its node time, only while `follow_overlay` is on."""

    def __init__(self, node: Node, state: LiveState, image_rate_hz: float) -> None:
        self._node = node
        self._state = state
        self._image_period_s = 1.0 / image_rate_hz
        self._image_due_s = -math.inf
        self._overlay: Subscription | None = None
        for message_type, topic, receive, profile in (
            (InteractiveMarkerFeedback, "key_events", self._take_key_event, qos.EVENT),
            (InteractiveMarkerFeedback, "contact_events", self._take_contact_event, qos.EVENT),
            (InteractiveMarkerInit, "open_presses", self._take_open_presses, qos.LATCHED),
            (String, "typed_text", self._take_text, qos.LATCHED),
            (String, "suggestions", self._take_suggestions, qos.LATCHED),
            (PointCloud2, "fingertips", self._take_fingertips, qos.RESULT),
            (DiagnosticArray, "/diagnostics", self._take_diagnostics, qos.DIAGNOSTICS),
        ):
            qos.create_subscription(node, message_type, topic, leave_out_invalid(node, receive), profile)

    def follow_overlay(self, is_wanted: bool) -> None:
        """Subscribe the overlay, or end that."""
        if is_wanted and self._overlay is None:
            self._overlay = qos.create_subscription(
                self._node, Image, "overlay/image", leave_out_invalid(self._node, self._take_overlay), qos.IMAGE_IN
            )
        elif not is_wanted and self._overlay is not None:
            self._node.destroy_subscription(self._overlay)
            self._overlay = None
            # Nobody is to be shown an old image later.
            self._state.set_overlay(b"")

    def _take_key_event(self, message: InteractiveMarkerFeedback) -> None:
        event = messages.parse_key_event(message)
        self._state.add_event(json_values.make_event("key_events", event.contact, event.key))

    def _take_contact_event(self, message: InteractiveMarkerFeedback) -> None:
        self._state.add_event(json_values.make_event("contact_events", messages.parse_contact_event(message), ""))

    def _take_open_presses(self, message: InteractiveMarkerInit) -> None:
        self._state.set_down([_make_press(marker) for marker in message.markers])

    def _take_text(self, message: String) -> None:
        self._state.set_text(message.data)

    def _take_suggestions(self, message: String) -> None:
        self._state.set_suggestions(parse_suggestions(message.data))

    def _take_fingertips(self, message: PointCloud2) -> None:
        stamp_ns = messages.stamp_to_ns(message.header.stamp)
        latency_ms = (self._node.get_clock().now().nanoseconds - stamp_ns) * 1e-6
        self._state.set_fingertips(
            [json_values.make_fingertip(tip) for tip in messages.parse_fingertips(message)[:MAX_FINGERTIPS]],
            stamp_ns // json_values.MICROSECOND_NS,
            round(latency_ms, 1) if abs(latency_ms) <= MAX_LATENCY_MS else None,
        )

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.hardware_id == PACKAGE:
                level = LEVELS.get(status.level, "error")
                self._state.set_report(status.name, level, to_one_line(status.message), _find_advice(status))

    def _take_overlay(self, message: Image) -> None:
        now_s = time.monotonic()
        if now_s < self._image_due_s:
            return
        self._image_due_s = now_s + self._image_period_s
        self._state.set_overlay(encode_jpeg(decode_color_bgr(message), JPEG_QUALITY))


def _make_press(marker: InteractiveMarker) -> dict[str, Any]:
    return {
        "finger": marker.description,
        "key": marker.controls[0].name if marker.controls else "",
        "stamp_us": messages.stamp_to_ns(marker.header.stamp) // json_values.MICROSECOND_NS,
    }


def _find_advice(status: DiagnosticStatus) -> list[dict[str, str]]:
    """code, text and remedy of each advice in a report."""
    values = {entry.key: entry.value for entry in status.values}
    codes = filter(None, values.get("advice", "").split(", "))
    return [
        {
            "code": code,
            "text": to_one_line(values.get(f"advice/{code}", "")),
            "remedy": to_one_line(values.get(f"remedy/{code}", "")),
        }
        for code in codes
    ]
