"""Plays a recording to a running pipeline_node and collects its key events.

replay_node and pipeline_node run as users start them, each in a process, with the transports that the recording has.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.ros.recorded_inputs import RecordedInputs, find_recorded_inputs

NAMESPACE = "/fingertip_contact"
DEADLINE_S = 120.0
SHUTDOWN_S = 20.0
# After the last frame its result is still on its way.
LAST_RESULT_S = 1.0


@dataclass(frozen=True)
class LiveResult:
    """events: (stamp of the deciding frame, type, finger, key) of key_events. frame_count: of the results."""

    events: tuple[tuple[int, int, str, str], ...]
    frame_count: int


def run_live(path: Path, depth_source: str, rate: float) -> LiveResult:
    """rate: of playback; at less than 1 a busy machine drops no frame.

    Raises ValueError or OSError if the recording cannot be opened, RuntimeError if a node ends or does not begin.
    """
    os.environ.update(make_node_environment())
    import rclpy
    from sensor_msgs.msg import PointCloud2
    from visualization_msgs.msg import InteractiveMarkerFeedback

    from fingertip_contact.ros import messages, qos

    with open_bag_recording(path, depth_source=depth_source) as recording:
        inputs = find_recorded_inputs(recording)
    events: list[tuple[int, int, str, str]] = []
    frames: list[int] = []

    def add_event(event: InteractiveMarkerFeedback) -> None:
        stamp_ns = messages.stamp_to_ns(event.header.stamp)
        events.append((stamp_ns, event.event_type, event.client_id, event.control_name))

    rclpy.init()
    try:
        node = rclpy.create_node("form_listener")
        node.create_subscription(InteractiveMarkerFeedback, f"{NAMESPACE}/key_events", add_event, qos.EVENT)
        node.create_subscription(
            PointCloud2,
            f"{NAMESPACE}/fingertips",
            lambda cloud: frames.append(messages.stamp_to_ns(cloud.header.stamp)),
            qos.RESULT,
        )

        def spin_until(condition: Callable[[], bool]) -> None:
            expires_s = time.monotonic() + DEADLINE_S
            while not condition():
                if time.monotonic() > expires_s:
                    raise RuntimeError(f"{path}: nothing came for {DEADLINE_S:g} s from the nodes")
                rclpy.spin_once(node, timeout_sec=0.05)

        camera_infos = inputs.topics["color/camera_info"]
        with _start("pipeline_node", _make_arguments(inputs, depth_source)):
            spin_until(lambda: node.count_subscribers(camera_infos) > 0)
            player = {
                "recording": path,
                "rate": rate,
                "start_delay_s": 1.0,
                "image_transport": "raw" if inputs.is_decoded else "recorded",
            }
            with _start("replay_node", _make_parameters(player)) as process:
                spin_until(lambda: process.poll() is not None)
            ends_s = time.monotonic() + LAST_RESULT_S
            spin_until(lambda: time.monotonic() > ends_s)
        node.destroy_node()
    finally:
        rclpy.shutdown()
    return LiveResult(tuple(events), len(set(frames)))


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
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(SHUTDOWN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
