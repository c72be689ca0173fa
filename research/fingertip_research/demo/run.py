"""One run of the demo: the nodes process a recording that is played as a live camera; their results are recorded."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_contact.ros.environment import make_node_environment
from fingertip_research.demo.nodes import PROCESSING_NODES, NodeParameters, make_remaps, run_nodes
from fingertip_research.ros.topic_recorder import ReceivedMessages, record_topics

# Time for the nodes to load their networks and discover each other, in addition to the recording's duration.
START_TIMEOUT_S = 60.0
# The last results arrive within this time after the camera has ended.
RESULT_DRAIN_S = 1.0
UPDATE_PERIOD_S = 0.1
# The ports of DDS domains up to 101 are free on every platform; 0 is the default of other programs.
DOMAINS = range(1, 102)


class RunError(RuntimeError):
    """The nodes did not process the recording to its end."""


def isolate_processes() -> None:
    """Give this process and its children a DDS domain of their own on this machine, unless one is chosen, and the
    settings for images."""
    os.environ.setdefault("ROS_DOMAIN_ID", str(secrets.choice(DOMAINS)))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    os.environ.update(make_node_environment())


def play(
    recording: Path,
    log_folder: Path,
    show: Callable[[ReceivedMessages], None],
    processing_nodes: NodeParameters = PROCESSING_NODES,
) -> ReceivedMessages:
    """Plays a recording to the nodes and returns the received messages; calls `show` every UPDATE_PERIOD_S.

    Raises RunError, naming the logs, if the nodes do not start, the camera fails or no image is received.
    """
    isolate_processes()
    with open_bag_recording(recording) as source:
        color_topic, remaps = source.color_topic, make_remaps(source)
        timeout_s = START_TIMEOUT_S + source.duration_s
    with (
        record_topics(camera_info_topic(color_topic)) as received,
        run_nodes(recording, remaps, log_folder, processing_nodes) as nodes,
    ):
        _monitor(received, nodes, timeout_s, show, log_folder)
    if not received.frame_stamps_ns:
        raise RunError(f"no image was received over DDS; see {log_folder}")
    return received


def _monitor(
    received: ReceivedMessages,
    nodes: dict[str, subprocess.Popen],
    timeout_s: float,
    show: Callable[[ReceivedMessages], None],
    log_folder: Path,
) -> None:
    camera = nodes["simulated_camera_node"]
    deadline_s = time.monotonic() + timeout_s
    while camera.poll() is None:
        exited = [name for name, process in nodes.items() if process is not camera and process.poll() is not None]
        if exited:
            raise RunError(f"{' and '.join(exited)} ended early; see {log_folder}")
        if time.monotonic() > deadline_s:
            raise RunError(f"the nodes did not finish within {timeout_s:.0f} s; see {log_folder}")
        show(received)
        time.sleep(UPDATE_PERIOD_S)
    if camera.returncode:
        raise RunError(f"the simulated camera failed with exit code {camera.returncode}; see {log_folder}")
    time.sleep(RESULT_DRAIN_S)
    show(received)
