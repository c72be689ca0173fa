"""Runs the nodes of the demo, each in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fingertip_contact.recordings.bag_recording import Recording
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_contact.ros.environment import make_node_environment

# Time for a node to exit after SIGINT before it is killed.
SHUTDOWN_TIMEOUT_S = 5.0

# Each node runs in its own process group where Python supports that, else in its own session: Linux compares the
# niceness of threads only within a session (sched(7), autogroup), and all nodes of a launch file are in one session.
PROCESS_GROUP_OPTIONS: dict[str, Any] = (
    {"process_group": 0} if sys.version_info >= (3, 11) else {"start_new_session": True}
)

# Nodes by name, with their parameters.
NodeParameters = Mapping[str, Mapping[str, object]]
PROCESSING_NODES: NodeParameters = {"hand_tracking_node": {}, "contact_node": {}}


def make_remaps(recording: Recording) -> dict[str, str]:
    """The nodes' inputs -> the camera's topics, as far as they were recorded."""
    remaps = {"color/image": recording.color_topic, "color/camera_info": camera_info_topic(recording.color_topic)}
    others = {"depth": recording.depth_topic}
    if recording.imager_topics is not None:
        others["infra1"], others["infra2"] = recording.imager_topics
    for name, topic in others.items():
        if topic is not None:
            remaps |= {f"{name}/image": topic, f"{name}/camera_info": camera_info_topic(topic)}
    return remaps


@contextmanager
def run_nodes(
    recording: Path,
    remaps: dict[str, str],
    log_folder: Path,
    processing_nodes: NodeParameters = PROCESSING_NODES,
    loop: bool = False,
) -> Iterator[dict[str, subprocess.Popen]]:
    """Runs the processing nodes and the simulated camera, which waits for all of them; yields the processes by name.

    remaps: as `make_remaps` gives them. loop: the camera plays the recording again and again.
    The output of a node goes to `log_folder`/<node>.log. All processes have ended when the block is left, also by an
    exception.
    """
    camera = {"recording": recording, "wait_for_subscribers": len(processing_nodes), "loop": loop}
    nodes: NodeParameters = {**processing_nodes, "simulated_camera_node": camera}
    log_folder.mkdir(parents=True, exist_ok=True)
    processes: dict[str, subprocess.Popen] = {}
    try:
        for node, parameters in nodes.items():
            processes[node] = _start_node(node, parameters, remaps, log_folder / f"{node}.log")
        yield processes
    finally:
        _stop_nodes(processes)


def _start_node(node: str, parameters: Mapping[str, object], remaps: dict[str, str], log: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "fingertip_contact.start", node, "--ros-args"]
    for name, value in parameters.items():
        command += ["-p", f"{name}:={value}"]
    for name, topic in remaps.items():
        command += ["-r", f"{name}:={topic}"]
    environment = make_node_environment(os.environ)
    with log.open("wb") as output:
        # Ctrl-C reaches only this process, which ends the nodes in order.
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output, **PROCESS_GROUP_OPTIONS)


def stop_node(process: subprocess.Popen) -> None:
    """End a node as Ctrl-C does; kill it if it has not ended after SHUTDOWN_TIMEOUT_S."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(SHUTDOWN_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _stop_nodes(processes: dict[str, subprocess.Popen]) -> None:
    for process in processes.values():
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in processes.values():
        stop_node(process)
