"""Nodes without depth, over real topics: colour alone, and both imagers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.ros import messages, qos
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view
from ros_harness import (
    BASELINE_M,
    COLOR,
    DEPTH,
    FRAME_ID,
    INFO,
    LEFT,
    LEFT_INFO,
    PERIOD_NS,
    RIGHT,
    RIGHT_INFO,
    START_NS,
    launch_nodes,
    ros_node,
)

NS = "/fingertip_contact"
FRAMES = 60


@pytest.fixture(scope="module")
def sheet_recording(tmp_path_factory) -> Path:
    """The printed sheet in colour and in both imagers' images; no depth."""
    path = tmp_path_factory.mktemp("recording") / "sheet.mcap"
    image = render_sheet_view(load_layout("qwerty"), make_camera_pose(60, 0.3), np.random.default_rng(0))
    grey = np.ascontiguousarray(image[..., 0])
    with BagWriter(path) as bag:
        for index in range(FRAMES):
            stamp_ns = START_NS + index * PERIOD_NS
            bag.write_camera_info(INFO, stamp_ns, FRAME_ID, CAMERA)
            bag.write_image(COLOR, stamp_ns, FRAME_ID, image, "bgr8")
            for topic, info, baseline_m in ((LEFT, LEFT_INFO, 0.0), (RIGHT, RIGHT_INFO, BASELINE_M)):
                bag.write_camera_info(info, stamp_ns, "left", CAMERA, baseline_m)
                bag.write_image(topic, stamp_ns, "left", grey, "mono8")
    return path


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def extract_last_values(arrays: list[DiagnosticArray], node: str) -> dict[str, str]:
    """The node's last diagnostics, and its message; nothing before the first."""
    statuses = [status for array in arrays for status in array.status if status.name.endswith(node)]
    if not statuses:
        return {}
    return {entry.key: entry.value for entry in statuses[-1].values} | {"message": statuses[-1].message}


@pytest.mark.parametrize(
    ("depth_source", "nodes"),
    [("none", ["hand_tracking_node", "contact_node"]), ("stereo", ["pipeline_node"])],
)
def test_nodes_run_without_depth(start, sheet_recording, hand_weights, depth_source, nodes):
    """Each frame that was not dropped has its result, the surface is the sheet's, everything is published, and nothing
    is complained of; only the topics that the source needs are subscribed."""
    has_imagers = depth_source == "stereo"
    with ros_node() as test_node:
        fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        markers = test_node.subscribe(MarkerArray, f"{NS}/markers", qos.RESULT)
        overlays = test_node.subscribe(Image, f"{NS}/overlay/image", qos.IMAGE_IN)
        diagnostics = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        started = [start(name, **({"depth_source": depth_source} if "hand" not in name else {})) for name in nodes]
        test_node.wait_until(
            lambda: (
                test_node.count_subscribers(COLOR) == len(nodes)
                and test_node.count_subscribers(INFO) == 1
                and test_node.count_subscribers(RIGHT_INFO) == has_imagers
            ),
            "the nodes",
        )
        assert test_node.count_subscribers(DEPTH) == 0
        assert test_node.count_subscribers(LEFT) == test_node.count_subscribers(RIGHT) == has_imagers
        start("replay_node", recording=sheet_recording, rate=0.5)

        def count_frames(*names):
            values = extract_last_values(diagnostics, nodes[-1])
            return sum(int(values.get(name, 0)) for name in names)

        # A busy machine drops frames while the networks are warmed up, and counts them.
        test_node.wait_until(lambda: count_frames("frames", "unpaired", "dropped") >= FRAMES, f"{FRAMES} frames")
        test_node.wait_until(lambda: len(fingertips) == count_frames("frames"), "their results")
        stamps_ns = [messages.stamp_to_ns(cloud.header.stamp) for cloud in fingertips]
        assert stamps_ns == sorted(set(stamps_ns) & {START_NS + index * PERIOD_NS for index in range(FRAMES)})
        assert len(stamps_ns) > FRAMES // 2
        values = extract_last_values(diagnostics, nodes[-1])
        assert (values["surface_from"], values["sheet"]) == ("sheet", "True")
        assert "errors" not in values
        assert {marker.ns for marker in markers[-1].markers} == {"fingertips", "keys", "surface"}
        assert (overlays[-1].width, overlays[-1].height) == (640, 480)
        for node in started:
            assert "WARN" not in node.log_text, node.log_summary
            assert node.stop() == 0


def test_a_missing_sheet_is_named(start, tmp_path, hand_weights):
    """Colour alone over a bare desk: one warning says what to lay in view."""
    path = tmp_path / "desk.mcap"
    with BagWriter(path) as bag:
        for index in range(FRAMES):
            bag.write_camera_info(INFO, START_NS + index * PERIOD_NS, FRAME_ID, CAMERA)
            bag.write_image(COLOR, START_NS + index * PERIOD_NS, FRAME_ID, np.full((480, 640, 3), 99, np.uint8), "bgr8")
    with ros_node() as test_node:
        node = start("pipeline_node", depth_source="none")
        test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 1, "the node")
        start("replay_node", recording=path)
        node.wait_for_log("lay the printed sheet in view")


def test_imagers_are_recorded_when_asked(start, sheet_recording, tmp_path):
    """`infra` adds both imagers, in a form that is read back; without it they are not subscribed."""
    out = tmp_path / "out.mcap"
    without = start("record_node", output=tmp_path / "without.mcap")
    recorder = start("record_node", output=out, infra=True)
    with ros_node() as test_node:
        test_node.wait_until(
            lambda: test_node.count_subscribers(COLOR) == 2 and test_node.count_subscribers(RIGHT_INFO) == 1,
            "the recorders",
        )
        camera = start("simulated_camera_node", recording=sheet_recording, wait_for_subscribers=2, rate=0.5)
        test_node.wait_until(lambda: not camera.is_alive, "the end of the recording")
    assert recorder.stop() == without.stop() == 0
    with open_bag_recording(out, depth_source="stereo") as recording:
        frames = list(recording.frames())
    assert (len(frames), recording.missing_stereo_count) == (FRAMES, 0)
    assert frames[0].stereo.baseline_m == pytest.approx(BASELINE_M)
    with open_bag_recording(tmp_path / "without.mcap") as recording:
        assert recording.streams_text == "colour alone"
