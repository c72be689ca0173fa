"""Two cameras and two pipelines, each in a namespace, as d405.launch.py starts them twice."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray

from fingertip_contact.ros import qos
from ros_harness import COLOR, DEPTH, DEPTH_INFO, INFO, launch_nodes, ros_node, write_recording

SIDES = ("left", "right")
# Everybody's: of ROS itself, and what names its sender or its frames.
COMMON = {"/parameter_events", "/rosout", "/diagnostics", "/tf", "/tf_static"}


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def list_names(node, side):
    """Topics and services of a pipeline."""
    lists = (
        node.get_publisher_names_and_types_by_node,
        node.get_subscriber_names_and_types_by_node,
        node.get_service_names_and_types_by_node,
    )
    return {name for find in lists for name, _ in find("pipeline_node", f"/{side}")}


def test_pipelines_do_not_hear_each_other(start, tmp_path, hand_weights):
    """Only the left camera plays, and only the left pipeline has frames; no topic or service is common to both."""
    recording = write_recording(tmp_path / "desk.mcap", 60)
    with ros_node() as test_node:
        arrays = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

        def count_frames(side):
            """Of the newest diagnostics; None before the first."""
            statuses = [status for array in arrays for status in array.status if status.name.startswith(f"{side}/pipe")]
            values = {entry.key: entry.value for entry in statuses[-1].values} if statuses else None
            return None if values is None else int(values.get("frames", 0))

        for side in SIDES:
            inputs = {"color/image": COLOR, "color/camera_info": INFO, "depth/image": DEPTH}
            remaps = {name: topic.replace("/camera", f"/{side}", 1) for name, topic in inputs.items()}
            start("pipeline_node", remaps={"__ns": f"/{side}", **remaps}, tf_prefix=f"{side}_")
        topics = (COLOR, INFO, DEPTH, DEPTH_INFO)
        remaps = {topic: topic.replace("/camera", "/left", 1) for topic in topics}
        start("simulated_camera_node", remaps={"__ns": "/left", **remaps}, recording=recording, loop=True, rate=0.3)
        test_node.wait_until(lambda: (count_frames("left") or 0) >= 1, "frames of the left camera")
        test_node.wait_until(lambda: count_frames("right") is not None, "the right pipeline")
        assert count_frames("right") == 0
        names = {side: list_names(test_node, side) for side in SIDES}
    for side in SIDES:
        assert f"/{side}/key_events" in names[side]
        assert {name for name in names[side] if not name.startswith(f"/{side}/")} <= COMMON
