"""The topics of a FrameResult."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import Header, String
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit, MarkerArray

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.ros import markers, messages, qos
from fingertip_contact.ros.acknowledgement import wait_until_acknowledged
from fingertip_contact.ros.images import ImageWriter
from fingertip_contact.ros.open_presses import OpenPresses
from fingertip_contact.ros.rotated_frames import name_overlay_frame
from fingertip_contact.ros.tf_broadcasters import TransformBroadcaster
from fingertip_contact.ros.typing_topics import TypingTopics
from fingertip_contact.visualization.overlay import Overlay
from fingertip_contact.visualization.upright import AUTO


class ResultPublisher:
    """Publishes results; markers and overlay only while they have subscribers. Not thread-safe."""

    def __init__(
        self,
        node: Node,
        layout: Layout,
        marker_rate_hz: float,
        held: ExitStack,
        tf_prefix: str = "",
        overlay_turn: str = AUTO,
    ) -> None:
        """tf_prefix: what the names of the TF frames begin with. overlay_turn: as of Overlay."""
        self._layout = layout
        self._marker_period_s = 1.0 / marker_rate_hz
        self._markers_due_s = 0.0
        self._text: str | None = None
        self._frame_id = ""
        self._overlay = Overlay(layout, overlay_turn)
        self._image_writer = ImageWriter("bgr8")
        self._tf_prefix = tf_prefix
        self._transforms = TransformBroadcaster(node) if TransformBroadcaster else None

        def make_publisher(message_type: type, topic: str, profile: QoSProfile) -> Publisher:
            publisher: Publisher = qos.create_publisher(node, message_type, topic, profile)
            held.callback(node.destroy_publisher, publisher)
            return publisher

        self._key_events = make_publisher(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        self._contact_events = make_publisher(InteractiveMarkerFeedback, "contact_events", qos.EVENT)
        self._open_presses = make_publisher(InteractiveMarkerInit, "open_presses", qos.LATCHED)
        self._typed_text = make_publisher(String, "typed_text", qos.LATCHED)
        self._typing = TypingTopics(make_publisher)
        self._fingertips = make_publisher(PointCloud2, "fingertips", qos.RESULT)
        self._markers = make_publisher(MarkerArray, "markers", qos.RESULT)
        self._overlay_image = make_publisher(Image, "overlay/image", qos.IMAGE_OUT)
        # Before the publishers are destroyed: the last messages are the ends of held keys.
        events = (
            self._key_events,
            self._contact_events,
            self._open_presses,
            self._typed_text,
            *self._typing.publishers,
        )
        held.callback(wait_until_acknowledged, events)
        self._presses, self._has_frame = OpenPresses(), False
        self._node = node

    def announce(self) -> None:
        """Publish that no press is down: whoever heard those of a node that was killed learns that they are over."""
        self._publish_open_presses(self._node.get_clock().now().nanoseconds)

    def publish(self, frame: Frame, result: FrameResult) -> None:
        """Publish a frame's result, events first: a key must not wait for an image."""
        self._frame_id = frame.frame_id
        self.publish_events(result)
        if not self._has_frame:  # The node's clock may have been at zero, or the camera's runs ahead.
            self._has_frame = True
            self._publish_open_presses(result.stamp_ns)
        header = messages.make_header(result.stamp_ns, frame.frame_id)
        self._fingertips.publish(messages.make_fingertips(header, result.fingertips))
        self._publish_transforms(header, result.camera_from_sheet)
        if self._markers.get_subscription_count() and time.monotonic() >= self._markers_due_s:
            self._markers_due_s = time.monotonic() + self._marker_period_s
            self._markers.publish(markers.make_markers(header, result, self._layout))
        if self._overlay_image.get_subscription_count():
            image = self._overlay.draw(frame.color_bgr, result, frame.camera)
            overlay_header = messages.make_header(
                result.stamp_ns, name_overlay_frame(frame.frame_id, self._overlay.turn_deg)
            )
            self._overlay_image.publish(self._image_writer.make_message(overlay_header, image))

    def publish_events(self, result: FrameResult) -> None:
        """Publish only events and text, for presses that end without a frame."""
        self._overlay.follow(result)
        for key_event in filter(attrgetter("key"), result.key_events):
            self._key_events.publish(messages.make_key_event(self._frame_id, key_event))
        self._typing.publish_keys(result.key_events)
        for contact_event in result.contact_events:
            self._contact_events.publish(messages.make_contact_event(self._frame_id, contact_event))
        if self._presses.update(result.contact_events, result.key_events):
            self._publish_open_presses(result.stamp_ns)
        self.publish_text(result.text)

    def cancel_open_presses(self, last: FrameResult) -> None:
        """Cancel what was published as pressed and has not ended. last: the last frame's result."""
        keys = self._presses.make_cancels(last.stamp_ns)
        if keys:
            contacts = tuple(key.contact for key in keys)
            self.publish_events(replace(last, contact_events=contacts, key_events=keys))

    def publish_text(self, text: str) -> None:
        """Publish the text if it has changed."""
        if text != self._text:
            self._text = text
            self._typed_text.publish(messages.make_text(text))

    def publish_suggestions(self, stamp_ns: int, word: str, suggestions: tuple[str, ...]) -> None:
        """Publish what could replace the word in progress, if it has changed."""
        self._typing.publish_suggestions(stamp_ns, word, suggestions)

    def _publish_open_presses(self, stamp_ns: int) -> None:
        self._open_presses.publish(
            self._presses.make_message(self._node.get_fully_qualified_name(), stamp_ns, self._frame_id)
        )

    def _publish_transforms(self, header: Header, camera_from_sheet: RigidTransform | None) -> None:
        if self._transforms is None or camera_from_sheet is None:
            return
        # The sheet lies on the surface: both have the same pose.
        poses: list[Any] = [
            messages.make_transform(header, self._tf_prefix + name, camera_from_sheet)
            for name in ("surface", "keyboard")
        ]
        self._transforms.sendTransform(poses)
