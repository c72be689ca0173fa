"""simulated_camera_node: plays a recording of a camera with current stamps.

Publishes the recording's images, compressed or not, and camera_infos under their recorded names (those of
realsense2_camera). The first
frame's stamp is the time at which it is due; the other stamps keep their recorded intervals. Topics without subscribers
are not published. Ends with the recording, unless it loops.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import groupby

from rclpy.publisher import Publisher

from fingertip_contact.recordings.bag import CAMERA_INFO, RawMessage
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.ros import cdr, qos
from fingertip_contact.ros.bag_reader import BagPrefetcher
from fingertip_contact.ros.message_types import load_message_class
from fingertip_contact.ros.parameter_tables import SimulatedCameraSettings
from fingertip_contact.ros.player import PlayerNode
from fingertip_contact.ros.process import ShutdownEvent, run_node
from fingertip_contact.transports.any_image import COMPRESSED_IMAGE, IMAGE

POLL_S = 0.05


class SimulatedCameraNode(PlayerNode[SimulatedCameraSettings]):
    def __init__(self, shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError or OSError if the recording has no camera."""
        super().__init__("simulated_camera_node", SimulatedCameraSettings, shutdown_event)
        with open_bag_recording(self._path) as recording:
            recording.require_ros_images()
            self._color_topic = recording.color_topic
            type_names = recording.bag.topics
        self._topic_publishers: dict[str, Publisher] = {
            topic: qos.create_publisher(self, load_message_class(type_name), topic, qos.IMAGE_OUT)
            for topic, type_name in type_names.items()
            if type_name in (IMAGE, COMPRESSED_IMAGE, CAMERA_INFO)
        }
        self._has_waited = False
        self.start()

    def topics(self) -> list[str]:
        return list(self._topic_publishers)

    def send(self, messages: BagPrefetcher) -> None:
        self._wait_for_subscribers()
        count, max_delay_s, first_ns = 0, 0.0, None
        started_s, started_ns = time.monotonic(), self.get_clock().now().nanoseconds
        for recorded_ns, frame in _frames(messages):
            first_ns = recorded_ns if first_ns is None else first_ns
            elapsed_ns = round((recorded_ns - first_ns) / self._settings.rate)
            remaining_s = started_s + elapsed_ns * 1e-9 - time.monotonic()
            max_delay_s = max(max_delay_s, -remaining_s)
            if self._shutdown_event.wait(max(remaining_s, 0.0)):
                return
            self._send_frame(frame, started_ns + elapsed_ns)
            count += 1
        self.get_logger().info(f"played {count} frames, at most {max_delay_s * 1e3:.1f} ms late")

    def _wait_for_subscribers(self) -> None:
        if self._has_waited:
            return
        color = self._topic_publishers[self._color_topic]
        while color.get_subscription_count() < self._settings.wait_for_subscribers and not self._shutdown_event.wait(
            POLL_S
        ):
            pass
        self._shutdown_event.wait(self._settings.start_delay_s)
        self._has_waited = True

    def _send_frame(self, frame: list[RawMessage], stamp_ns: int) -> None:
        # Hand tracking is the slowest step: its image is published first.
        for message in sorted(frame, key=lambda message: message.topic != self._color_topic):
            publisher = self._topic_publishers[message.topic]
            if publisher.get_subscription_count():
                publisher.publish(cdr.replace_stamp(message.cdr, stamp_ns))


def _frames(messages: BagPrefetcher) -> Iterator[tuple[int, list[RawMessage]]]:
    """Stamp and messages of each frame; a camera's messages of one stamp are consecutive."""
    for stamp_ns, group in groupby(messages, key=lambda message: cdr.read_stamp_ns(message.cdr)):
        yield stamp_ns, list(group)


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(SimulatedCameraNode)
