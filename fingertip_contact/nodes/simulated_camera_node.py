"""simulated_camera_node: a recording of a camera, played as the camera itself would.

Publishes the recording's pictures and camera_infos under their recorded names (those of realsense2_camera), with
stamps of now: the first frame's stamp is the moment it is due, and all others keep their recorded distance to it. Only
topics that somebody listens to are sent. Ends with the recording, unless it loops.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import groupby

from rclpy.publisher import Publisher

from fingertip_contact.recordings.bag import CAMERA_INFO, IMAGE, RawMessage, open_recording
from fingertip_contact.ros import cdr, qos
from fingertip_contact.ros.bag_reader import ReadAhead
from fingertip_contact.ros.message_types import message_class
from fingertip_contact.ros.player import PlayerNode
from fingertip_contact.ros.process import Ending, run

POLL_S = 0.05


class SimulatedCameraNode(PlayerNode):
    def __init__(self, ending: Ending) -> None:
        """Raises ValueError or OSError where the recording is not one of a camera."""
        super().__init__("simulated_camera_node", ending)
        with open_recording(self._path) as recording:
            self._color_topic = recording.color_topic
            kinds = recording.bag.topics
        self._outlets: dict[str, Publisher] = {
            topic: self.create_publisher(message_class(kind), topic, qos.IMAGE_OUT)
            for topic, kind in kinds.items()
            if kind in (IMAGE, CAMERA_INFO)
        }
        self._waited = False
        self.start()

    def topics(self) -> list[str]:
        return list(self._outlets)

    def send(self, messages: ReadAhead) -> None:
        self._wait_for_subscribers()
        count, latest_s, first_ns = 0, 0.0, None
        started_s, started_ns = time.monotonic(), self.get_clock().now().nanoseconds
        for recorded_ns, frame in _frames(messages):
            first_ns = recorded_ns if first_ns is None else first_ns
            after_ns = round((recorded_ns - first_ns) / self._settings.rate)
            left_s = started_s + after_ns * 1e-9 - time.monotonic()
            latest_s = max(latest_s, -left_s)
            if self._ending.wait(max(left_s, 0.0)):
                return
            self._send_frame(frame, started_ns + after_ns)
            count += 1
        self.get_logger().info(f"played {count} frames, the latest {latest_s * 1e3:.1f} ms behind its time")

    def _wait_for_subscribers(self) -> None:
        if self._waited:
            return
        color = self._outlets[self._color_topic]
        while color.get_subscription_count() < self._settings.wait_for_subscribers and not self._ending.wait(POLL_S):
            pass
        self._ending.wait(self._settings.start_delay_s)
        self._waited = True

    def _send_frame(self, frame: list[RawMessage], stamp_ns: int) -> None:
        # Hands take the longest, so their picture goes first.
        for message in sorted(frame, key=lambda message: message.topic != self._color_topic):
            outlet = self._outlets[message.topic]
            if outlet.get_subscription_count():
                outlet.publish(cdr.with_stamp(message.cdr, stamp_ns))


def _frames(messages: ReadAhead) -> Iterator[tuple[int, list[RawMessage]]]:
    """The messages of each stamp together; a camera writes them one after another."""
    for stamp_ns, group in groupby(messages, key=lambda message: cdr.stamp_ns(message.cdr)):
        yield stamp_ns, list(group)


def main() -> None:
    """Entry point."""
    run(SimulatedCameraNode)


if __name__ == "__main__":
    main()
