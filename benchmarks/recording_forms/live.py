"""Publishes a recording to a running pipeline_node and collects its key events.

pipeline_node runs as users start it, in a process of its own, with the transports that the recording has. Messages are
published as replay_node does, but each frame when the last ones have their results: a busy machine drops none.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingertip_contact.recordings.bag import RawMessage, open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.plain_images import find_coded_topics, make_plain_image
from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.ros.recorded_inputs import RecordedInputs, find_recorded_inputs
from fingertip_contact.transports.any_image import strip_transport
from fingertip_research.demo.nodes import stop_node

NAMESPACE = "/fingertip_contact"
DEADLINE_S = 120.0
# After the last frame its result is still on its way.
LAST_RESULT_S = 3.0
# A topic's subscriber has discovered its publisher after that.
DISCOVERY_S = 0.3
# Frames without a result yet; some, e.g. those that wait for their camera_info, get it late, or not at all.
MAX_WAITING = 2
FRAME_S = 2.0


@dataclass(frozen=True)
class LiveResult:
    """events: (stamp of the deciding frame, type, finger, key) of key_events. frame_count: of the results."""

    events: tuple[tuple[int, int, str, str], ...]
    frame_count: int


def run_live(path: Path, depth_source: str) -> LiveResult:
    """Raises ValueError or OSError if the recording cannot be opened, RuntimeError if the node does not begin."""
    os.environ.update(make_node_environment())
    import rclpy

    with open_bag_recording(path, depth_source=depth_source) as recording:
        inputs = find_recorded_inputs(recording)
        coded = find_coded_topics(recording.bag.topics) if inputs.is_decoded else {}
    rclpy.init()
    try:
        listener = _Listener(inputs)
        with _start("pipeline_node", _make_arguments(inputs, depth_source)), open_bag(path) as bag:
            listener.wait_for_node()
            for message in bag.messages(inputs.stored_topics):
                listener.send(make_plain_image(path, message) if message.topic in coded else message)
            listener.wait(LAST_RESULT_S)
        return LiveResult(tuple(listener.events), len(set(listener.frames)))
    finally:
        rclpy.shutdown()


class _Listener:
    """Sends messages and keeps what comes back."""

    def __init__(self, inputs: RecordedInputs) -> None:
        import rclpy
        from sensor_msgs.msg import PointCloud2
        from visualization_msgs.msg import InteractiveMarkerFeedback

        from fingertip_contact.ros import messages, qos

        self.events: list[tuple[int, int, str, str]] = []
        self.frames: list[int] = []
        self._inputs = inputs
        self._sent_count = 0
        self._publishers: dict[str, Any] = {}
        self._node = rclpy.create_node("form_player")

        def add_event(event: InteractiveMarkerFeedback) -> None:
            stamp_ns = messages.stamp_to_ns(event.header.stamp)
            self.events.append((stamp_ns, event.event_type, event.client_id, event.control_name))

        def add_frame(cloud: PointCloud2) -> None:
            self.frames.append(messages.stamp_to_ns(cloud.header.stamp))

        self._node.create_subscription(InteractiveMarkerFeedback, f"{NAMESPACE}/key_events", add_event, qos.EVENT)
        self._node.create_subscription(PointCloud2, f"{NAMESPACE}/fingertips", add_frame, qos.RESULT)

    def wait_for_node(self) -> None:
        infos = self._inputs.topics["color/camera_info"]
        if not self.wait(DEADLINE_S, lambda: self._node.count_subscribers(infos) > 0):
            raise RuntimeError(f"pipeline_node did not begin within {DEADLINE_S:g} s")

    def send(self, message: RawMessage) -> None:
        from fingertip_contact.ros import qos
        from fingertip_contact.ros.message_types import load_message_class

        publisher = self._publishers.get(message.topic)
        if publisher is None:
            publisher = self._node.create_publisher(load_message_class(message.type), message.topic, qos.RESULT)
            self._publishers[message.topic] = publisher
            self.wait(DEADLINE_S, lambda: publisher.get_subscription_count() > 0 or not self._is_read(message.topic))
            self.wait(DISCOVERY_S)
        if strip_transport(message.topic) == self._inputs.topics["color/image"]:
            self.wait(FRAME_S, lambda: self._sent_count - len(self.frames) < MAX_WAITING)
            self._sent_count += 1
        publisher.publish(bytes(message.cdr))
        self.wait(0.0)

    def wait(self, seconds: float, condition: Callable[[], bool] = lambda: False) -> bool:
        """Spin until the condition holds, or for this long; returns whether it held."""
        import rclpy

        expires_s = time.monotonic() + seconds
        while not (holds := condition()):
            rclpy.spin_once(self._node, timeout_sec=0.01)
            if time.monotonic() >= expires_s:
                break
        return holds

    def _is_read(self, topic: str) -> bool:
        return self._node.count_subscribers(topic) > 0


def _make_arguments(inputs: RecordedInputs, depth_source: str) -> list[str]:
    # Held keys are ended by the recording, not by the time-out.
    parameters = {"depth_source": depth_source, "camera_timeout_s": 60.0, **inputs.transports}
    remaps = [f"{name}:={topic}" for name, topic in inputs.topics.items()]
    return _make_parameters(parameters) + [word for remap in remaps for word in ("-r", remap)]


def _make_parameters(parameters: dict[str, object]) -> list[str]:
    return [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]


@contextmanager
def _start(node: str, arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "fingertip_contact.start", node, "--ros-args", "--log-level", "error"]
    process = subprocess.Popen([*command, *arguments])
    try:
        yield process
    finally:
        stop_node(process)
