"""Real nodes in real processes over DDS, each wait with a deadline. Import after `pytest.importorskip("rclpy")`."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.selftest import processes

# An idle machine needs a second; a busy one much longer.
DEADLINE_S = 90.0
# A few periods of discovery, see config/fastdds_profile.xml.
DISCOVERY_S = 1.0
FRAME_ID = "camera_color_optical_frame"
COLOR, INFO = "/camera/camera/color/image_raw", "/camera/camera/color/camera_info"
DEPTH = "/camera/camera/aligned_depth_to_color/image_raw"
DEPTH_INFO = "/camera/camera/aligned_depth_to_color/camera_info"
LEFT, LEFT_INFO = "/camera/camera/infra1/image_rect_raw", "/camera/camera/infra1/camera_info"
RIGHT, RIGHT_INFO = "/camera/camera/infra2/image_rect_raw", "/camera/camera/infra2/camera_info"
REMAPS = {
    "color/image": COLOR,
    "color/camera_info": INFO,
    "depth/image": DEPTH,
    "infra1/image": LEFT,
    "infra1/camera_info": LEFT_INFO,
    "infra2/image": RIGHT,
    "infra2/camera_info": RIGHT_INFO,
}
BASELINE_M = 0.018
START_NS = 1_700_000_000_000_000_000
PERIOD_NS = 33_333_333
CAMERA = Camera(390.0, 390.0, 320.0, 240.0, 640, 480)

# While this file is open, its lock keeps a domain for this process.
_domain_lock: IO[str] | None = None


def _claim_domain() -> str:
    """A ROS domain, 1 to 100, that no other test run on this machine has: runs of several checkouts or users must not
    receive each other's messages."""
    global _domain_lock
    for domain in (1 + (os.getpid() + offset) % 100 for offset in range(100)):
        try:
            _domain_lock = (Path(tempfile.gettempdir()) / f"fingertip_contact_domain_{domain}.lock").open("a")
            fcntl.flock(_domain_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # Another run has it, or another user made the file.
            continue
        return str(domain)
    raise RuntimeError("100 test runs have every ROS domain of this machine; set ROS_DOMAIN_ID")


if "ROS_DOMAIN_ID" not in os.environ:
    os.environ["ROS_DOMAIN_ID"] = _claim_domain()
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.update(make_node_environment())


@contextmanager
def ros_node(name: str = "test", **options: Any) -> Iterator[RosTestNode]:
    """A node of the test, with its own executor."""
    rclpy.init()
    test_node = RosTestNode(name, **options)
    try:
        yield test_node
    finally:
        test_node.spinner.shutdown()
        test_node.destroy_node()
        rclpy.shutdown()


class RosTestNode(Node):
    """A node that keeps the messages it receives."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, namespace="fingertip_contact", **options)
        self.spinner = SingleThreadedExecutor()
        self.spinner.add_node(self)

    def subscribe(self, interface_type: type, topic: str, profile: Any) -> list[Any]:
        """A list that grows with the messages of a topic."""
        messages: list[Any] = []
        self.create_subscription(interface_type, topic, messages.append, profile)
        return messages

    def call_service(self, interface_type: type, name: str, request: Any) -> Any:
        """The response of a service."""
        client = self.create_client(interface_type, name)
        self.wait_until(client.service_is_ready, f"service {name}")
        # No API reports when the server has discovered the client's reader; an earlier response is lost.
        self.spin_for(DISCOVERY_S)
        future = client.call_async(request)
        self.wait_until(future.done, f"a response of {name}")
        self.destroy_client(client)
        return future.result()

    def wait_until(self, condition: Callable[[], bool], description: str, deadline_s: float = DEADLINE_S) -> None:
        """Spin until a condition holds; fails with the description after the deadline."""
        expires_s = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < expires_s, f"waited {deadline_s} s for {description}; {describe_running_nodes()}"
            self.spinner.spin_once(timeout_sec=0.05)

    def spin_for(self, seconds: float) -> None:
        """Spin for this long, to receive messages that must not come."""
        expires_s = time.monotonic() + seconds
        while time.monotonic() < expires_s:
            self.spinner.spin_once(timeout_sec=0.05)


def describe_running_nodes() -> str:
    """The logs of the nodes that a test has started, in short."""
    return "\n".join(f"{node.name}: {node.log_summary}" for node in _running_nodes)


_running_nodes: list[NodeProcess] = []


class NodeProcess(processes.NodeProcess):
    """A node of the package in a process of its own, with the topics of the tests' camera."""

    def __init__(
        self,
        name: str,
        log: Path,
        parameters: dict[str, object],
        environment: dict[str, str] | None = None,
        remaps: Mapping[str, str] | None = None,
    ) -> None:
        renamed = [text for topic, target in (remaps or REMAPS).items() for text in ("-r", f"{topic}:={target}")]
        given = [text for parameter, value in parameters.items() for text in ("-p", f"{parameter}:={value}")]
        super().__init__(name, log, ["--ros-args", *renamed, *given], environment)


@contextmanager
def launch_nodes(folder: Path) -> Iterator[Callable[..., NodeProcess]]:
    """Starts nodes; all of them are killed at the end."""

    def start(
        name: str,
        environment: dict[str, str] | None = None,
        remaps: Mapping[str, str] | None = None,
        **parameters: object,
    ) -> NodeProcess:
        node = NodeProcess(name, folder / f"{len(_running_nodes)}_{name}.log", parameters, environment, remaps)
        _running_nodes.append(node)
        return node

    try:
        yield start
    finally:
        while _running_nodes:
            _running_nodes.pop().kill()


def extract_key_transitions(events: list[InteractiveMarkerFeedback]) -> list[tuple[str, str]]:
    """The keys of MOUSE_DOWN and MOUSE_UP in order of arrival, as ("down", "h"), ("up", "h").

    Fails if a finger is pressed twice or released without a press: each press ends exactly once.
    """
    pressed_keys: dict[str, str] = {}
    transitions = []
    for event in events:
        if event.event_type == InteractiveMarkerFeedback.MOUSE_DOWN:
            assert event.client_id not in pressed_keys, f"{event.client_id} pressed twice"
            pressed_keys[event.client_id] = event.control_name
            transitions.append(("down", event.control_name))
        elif event.event_type == InteractiveMarkerFeedback.MOUSE_UP:
            assert pressed_keys.pop(event.client_id, None) == event.control_name, f"{event.client_id} was not down"
            transitions.append(("up", event.control_name))
    return transitions


def write_recording(path: Path, frames: int) -> Path:
    """A recording of a camera over an empty desk: a textured image and flat depth, with stamps of 30 Hz."""
    generator = np.random.default_rng(0)
    image = generator.integers(90, 110, (480, 640, 3), dtype=np.uint8)
    depth = generator.integers(349, 352, (480, 640), dtype=np.uint16)
    with BagWriter(path) as bag:
        for index in range(frames):
            stamp_ns = START_NS + index * PERIOD_NS
            bag.write_image(COLOR, stamp_ns, FRAME_ID, image, "bgr8")
            bag.write_camera_info(INFO, stamp_ns, FRAME_ID, CAMERA)
            bag.write_image(DEPTH, stamp_ns, FRAME_ID, depth, "16UC1")
            bag.write_camera_info(DEPTH_INFO, stamp_ns, FRAME_ID, CAMERA)
    return path
