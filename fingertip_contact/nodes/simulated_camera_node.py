"""simulated_camera_node: a recording of a camera, played as the camera itself would.

Publishes the recording's pictures and camera_infos under their recorded names (those of realsense2_camera), with
stamps of now: the first frame's stamp is the moment it is due, and all others keep their recorded distance to it. Only
topics that somebody listens to are sent. Ends with the recording, unless it loops.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from rclpy.node import Node
from rclpy.publisher import Publisher

from fingertip_contact.recordings.bag import CAMERA_INFO, IMAGE, RawMessage, open_recording
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import cdr, qos
from fingertip_contact.ros.bag_reader import ReadAhead
from fingertip_contact.ros.message_types import message_class
from fingertip_contact.ros.parameter_tables import TABLES
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import run

READ_AHEAD_S = 2.0
POLL_S = 0.05
# Readers take the last frames before the writer goes.
LINGER_S = 1.0


class SimulatedCameraNode(Node):
    def __init__(self, done: threading.Event) -> None:
        """Raises ValueError or OSError where the recording is not one of a camera."""
        super().__init__("simulated_camera_node", namespace=PACKAGE)
        self._settings = NodeParameters(self, TABLES["simulated_camera_node"]).snapshot()
        self._done = done
        self._path = Path(self._settings.recording)
        if not self._settings.recording:
            raise ValueError("no recording to play: set the parameter `recording` to an MCAP file or a rosbag2 folder")
        with open_recording(self._path) as recording:
            self._color_topic = recording.color_topic
            topics = {name: kind for name, kind in recording.bag.topics.items() if kind in (IMAGE, CAMERA_INFO)}
        self._publishers_by_topic: dict[str, Publisher] = {
            topic: self.create_publisher(message_class(kind), topic, qos.IMAGE_OUT) for topic, kind in topics.items()
        }
        self._thread = threading.Thread(target=self._play, name="camera", daemon=True)
        self._thread.start()

    def destroy_node(self) -> None:
        self._done.set()
        self._thread.join()
        super().destroy_node()

    def _play(self) -> None:
        try:
            while not self._done.is_set():
                self._play_once()
                if not self._settings.loop:
                    break
            self._done.wait(LINGER_S)
        except (ValueError, OSError) as error:
            self.get_logger().error(str(error))
        self._done.set()

    def _play_once(self) -> None:
        reader = ReadAhead(self._path, list(self._publishers_by_topic), READ_AHEAD_S)
        try:
            reader.wait_until_full()
            self._wait_for_subscribers()
            self._send(_frames(reader))
        finally:
            reader.close()

    def _wait_for_subscribers(self) -> None:
        color = self._publishers_by_topic[self._color_topic]
        while color.get_subscription_count() < self._settings.wait_for_subscribers and not self._done.is_set():
            self._done.wait(POLL_S)
        self._done.wait(self._settings.start_delay_s)

    def _send(self, frames: Iterator[tuple[int, list[RawMessage]]]) -> None:
        count, latest_s, first_ns = 0, 0.0, None
        started_s = time.monotonic()
        started_ns = self.get_clock().now().nanoseconds
        for recorded_ns, frame in frames:
            first_ns = recorded_ns if first_ns is None else first_ns
            after_ns = round((recorded_ns - first_ns) / self._settings.rate)
            delay_s = started_s + after_ns * 1e-9 - time.monotonic()
            latest_s = max(latest_s, -delay_s)
            if delay_s > 0 and self._done.wait(delay_s):
                return
            self._send_frame(frame, started_ns + after_ns)
            count += 1
        self.get_logger().info(f"played {count} frames, the latest {latest_s * 1e3:.1f} ms behind its time")

    def _send_frame(self, frame: list[RawMessage], stamp_ns: int) -> None:
        # Hands take the longest, so their picture goes first.
        for message in sorted(frame, key=lambda message: message.topic != self._color_topic):
            publisher = self._publishers_by_topic[message.topic]
            if publisher.get_subscription_count():
                publisher.publish(cdr.with_stamp(message.cdr, stamp_ns))


def _frames(messages: ReadAhead) -> Iterator[tuple[int, list[RawMessage]]]:
    """The messages of each stamp together; a camera writes them one after another."""
    for stamp_ns, group in groupby(messages, key=lambda message: cdr.stamp_ns(message.cdr)):
        yield stamp_ns, list(group)


def main() -> None:
    """Entry point."""
    run(SimulatedCameraNode)


if __name__ == "__main__":
    main()
