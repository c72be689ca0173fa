"""From the topics to Rerun's scene: the same that `process --rerun` writes."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, MarkerArray

from fingertip_contact.cameras.rotation import rotate_camera
from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC
from fingertip_contact.ros.images import CameraReader, decode_color_bgr
from fingertip_contact.ros.markers import parse_sheet_pose
from fingertip_contact.ros.message_guard import leave_out_invalid
from fingertip_contact.ros.rotated_frames import read_overlay_turn
from fingertip_contact.safe_text import to_one_line
from fingertip_contact.visualization.rerun_scene import ReportLevel, RerunScene

LEVELS: dict[bytes, ReportLevel] = {DiagnosticStatus.OK: "ok", DiagnosticStatus.WARN: "warning"}
# Anybody may report under any name: more nodes than these are not told apart.
MAX_NODES = 32


class RerunTopics:
    """Subscribes the results; the overlay, which costs its node time, only while somebody is shown it."""

    def __init__(self, node: Node, layout: Layout, rotate_deg: int, image_rate_hz: float) -> None:
        """rotate_deg: as of the nodes, whose results are of turned images. image_rate_hz: 0 for no images."""
        self._node = node
        self._layout = layout
        self._rotate_deg = rotate_deg
        self._image_period_s = 1.0 / image_rate_hz if image_rate_hz else math.inf
        self._image_due_s = -math.inf
        self._overlay: Subscription | None = None
        self._recording: Any = None
        self._scene: RerunScene | None = None
        self._cameras = CameraReader()
        self._camera: Camera | None = None
        self._overlay_turn_deg = 0
        self._text = ""
        self._stamp_ns = 0
        self._reports: dict[str, tuple[ReportLevel, str]] = {}
        for message_type, topic, receive, profile in (
            (InteractiveMarkerFeedback, "key_events", self._take_key_event, qos.EVENT),
            (InteractiveMarkerFeedback, "contact_events", self._take_contact_event, qos.EVENT),
            (String, "typed_text", self._take_text, qos.LATCHED),
            (PointCloud2, "fingertips", self._take_fingertips, qos.RESULT),
            (MarkerArray, "markers", self._take_markers, qos.RESULT),
            (CameraInfo, CAMERA_INFO_TOPIC, self._take_camera, qos.CAMERA_INFO_IN),
            (DiagnosticArray, "/diagnostics", self._take_diagnostics, qos.DIAGNOSTICS),
        ):
            qos.create_subscription(node, message_type, topic, leave_out_invalid(node, receive), profile)

    def show(self, recording: Any | None) -> None:
        """In this rerun.RecordingStream from now on; in none, what comes is not kept."""
        if recording is None:
            self._scene = None
        elif self._scene is None or recording is not self._recording:
            # Also after a pause, in which a key may have come up.
            self._recording, self._scene = recording, RerunScene(recording, self._layout)
            self._reports.clear()
            self._log_camera(self._get_last_stamp_ns())
            self._scene.log_text(self._get_last_stamp_ns(), self._text)
        self._follow_overlay(self._scene is not None and self._image_period_s < math.inf)

    def _follow_overlay(self, is_wanted: bool) -> None:
        if is_wanted and self._overlay is None:
            take = leave_out_invalid(self._node, self._take_overlay)
            self._overlay = qos.create_subscription(self._node, Image, "overlay/image", take, qos.IMAGE_IN)
        elif not is_wanted and self._overlay is not None:
            self._node.destroy_subscription(self._overlay)
            self._overlay = None

    def _take_key_event(self, message: InteractiveMarkerFeedback) -> None:
        event = messages.parse_key_event(message)
        if self._scene is not None:
            self._scene.log_key_event(replace(event, contact=_number_press(event.contact)))

    def _take_contact_event(self, message: InteractiveMarkerFeedback) -> None:
        event = messages.parse_contact_event(message)
        if self._scene is not None:
            self._scene.log_contact_event(_number_press(event))

    def _take_text(self, message: String) -> None:
        self._text = message.data
        if self._scene is not None:
            self._scene.log_text(self._get_last_stamp_ns(), self._text)

    def _take_fingertips(self, message: PointCloud2) -> None:
        fingertips = messages.parse_fingertips(message)
        self._stamp_ns = messages.stamp_to_ns(message.header.stamp)
        if self._scene is not None:
            self._scene.log_fingertips(self._stamp_ns, fingertips)

    def _take_markers(self, message: MarkerArray) -> None:
        if self._scene is not None and message.markers:
            stamp_ns = messages.stamp_to_ns(message.markers[0].header.stamp)
            self._scene.log_sheet(stamp_ns, parse_sheet_pose(message))

    def _take_camera(self, message: CameraInfo) -> None:
        self._camera = rotate_camera(self._cameras.read(message), self._rotate_deg)
        self._log_camera(self._get_last_stamp_ns())

    def _take_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if self._scene is None or status.hardware_id != PACKAGE:
                continue
            level = LEVELS.get(status.level, "error")
            # The rate of a node that is well differs each second.
            report = (level, "well again" if level == "ok" else to_one_line(status.message))
            if self._reports.get(status.name, ("ok", "well again")) == report:
                continue
            if status.name in self._reports or len(self._reports) < MAX_NODES:
                self._reports[status.name] = report
                stamp_ns = messages.stamp_to_ns(message.header.stamp)
                self._scene.log_report(stamp_ns, f"{to_one_line(status.name)}: {report[1]}", level)

    def _take_overlay(self, message: Image) -> None:
        now_s = time.monotonic()
        if now_s < self._image_due_s or self._scene is None:
            return
        self._image_due_s = now_s + self._image_period_s
        stamp_ns = messages.stamp_to_ns(message.header.stamp)
        self._overlay_turn_deg = read_overlay_turn(message.header.frame_id)
        self._log_camera(stamp_ns)
        self._scene.log_image(stamp_ns, decode_color_bgr(message))

    def _log_camera(self, stamp_ns: int) -> None:
        if self._scene is not None and self._camera is not None:
            self._scene.log_camera(stamp_ns, self._camera, self._overlay_turn_deg)

    def _get_last_stamp_ns(self) -> int:
        """Of the last image's fingertips, for what has no stamp, or one of another image."""
        return self._stamp_ns or self._node.get_clock().now().nanoseconds


def _number_press(event: ContactEvent) -> ContactEvent:
    """Messages carry no number of the press: that of the finger serves, which has one press at a time."""
    return replace(event, press=HANDS.index(event.hand) * len(FINGERS) + FINGERS.index(event.finger))
