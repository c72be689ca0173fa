"""A camera's topics as an iterator of frames, for programs that are not nodes."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from fingertip_contact.datatypes import Frame
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_contact.ros import environment
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC, DEPTH_TOPIC, FrameReader, PairedInput
from fingertip_research.ros.spinning import spin_in_thread

# Three seconds at 30 Hz, the maximum delay of a slow disk.
QUEUE_SIZE = 90
TIMEOUT_S = 10.0


class LiveCamera:
    """Pairs of colour and aligned depth with equal stamps, as they arrive. dropped: frames lost to a full queue."""

    def __init__(self, color_topic: str, depth_topic: str) -> None:
        remaps = {COLOR_TOPIC: color_topic, CAMERA_INFO_TOPIC: camera_info_topic(color_topic), DEPTH_TOPIC: depth_topic}
        arguments = [token for name, topic in remaps.items() for token in ("-r", f"{name}:={topic}")]
        self.node = Node("live_camera", cli_args=["--ros-args", *arguments])
        self.dropped = 0
        self._topics = f"{color_topic} and {depth_topic}"
        self._reader = FrameReader()
        self._queue: queue.Queue[dict[str, Any] | Exception] = queue.Queue(QUEUE_SIZE)
        self._active = ExitStack()
        PairedInput(
            self.node, (COLOR_TOPIC, CAMERA_INFO_TOPIC, DEPTH_TOPIC), self._receive, self._enqueue, self._active
        )

    def frames(self, timeout_s: float = TIMEOUT_S) -> Iterator[Frame]:
        """Yields frames without end. Raises ValueError if none arrives for timeout_s, or a message is not usable."""
        while True:
            try:
                received = self._queue.get(timeout=timeout_s)
            except queue.Empty:
                raise ValueError(
                    f"no pair of {self._topics} with the same stamp arrived for {timeout_s:g} s; is the camera running "
                    "with align_depth.enable:=true and enable_sync:=true?"
                ) from None
            if isinstance(received, Exception):
                raise received
            yield self._reader.read(received)

    def close(self) -> None:
        self._active.close()
        self.node.destroy_node()

    def _receive(self, received: dict[str, Any]) -> None:
        # Depth is measured here: that of a near stamp will not do.
        depth = received.get(DEPTH_TOPIC)
        if depth is not None and depth.header.stamp == received[COLOR_TOPIC].header.stamp:
            self._enqueue(received)

    def _enqueue(self, received: dict[str, Any] | Exception) -> None:
        try:
            self._queue.put_nowait(received)
        except queue.Full:
            self.dropped += 1


@contextmanager
def open_live_camera(color_topic: str, depth_topic: str) -> Iterator[LiveCamera]:
    """Subscribes for the duration of the block. Ctrl-C is left to the caller."""
    os.environ.update(environment.find_missing_variables())
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    camera = LiveCamera(color_topic, depth_topic)
    try:
        with spin_in_thread(camera.node):
            yield camera
    finally:
        camera.close()
        rclpy.shutdown()
