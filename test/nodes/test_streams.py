"""Streams as they really run, over real topics: a key that is held stays held, whatever the stamps do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.ros import messages, qos
from held_finger import CAMERA, FRAME_ID, HeldFingerCamera, write_parameters
from ros_harness import COLOR, INFO, PERIOD_NS, START_NS, extract_key_transitions, launch_nodes, ros_node

NS = "/fingertip_contact"
PYTHONPATH = os.pathsep.join([str(Path(__file__).parents[1] / "support"), os.environ.get("PYTHONPATH", "")])
FRAMES = 80


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


class Stream:
    """A contact_node that reads a held key, with its results and diagnostics."""

    def __init__(self, test_node, start, folder):
        self.test_node = test_node
        self.fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        self.events = test_node.subscribe(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        self._diagnostics = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self._start = lambda: start(
            "contact_node", environment={"PYTHONPATH": PYTHONPATH}, **write_parameters(folder), camera_timeout_s=60.0
        )

    def start(self, camera):
        self.node = self._start()
        self.test_node.wait_until(lambda: camera.is_heard, "the node")

    @property
    def statuses(self):
        return [status for array in self._diagnostics for status in array.status]

    def read_values(self):
        return extract_values(self.statuses[-1]) if self.statuses else {}


def extract_values(status):
    return {entry.key: entry.value for entry in status.values}


def test_repeated_and_late_images_end_no_press(start, tmp_path):
    """Every image twice and pairs swapped: one press, no end, a result for each that advances; all is told."""
    indices = [index for index in range(30) for _ in range(2)]
    indices[20], indices[22] = indices[22], indices[20]
    with ros_node() as test_node:
        stream = Stream(test_node, start, tmp_path)
        camera = HeldFingerCamera(test_node, COLOR, INFO, f"{NS}/hands")
        stream.start(camera)
        for index in indices:
            camera.send(START_NS + index * PERIOD_NS)
            test_node.spin_for(0.01)
        # The first ones may come before the node is connected.
        test_node.wait_until(lambda: len(stream.fingertips) >= 25, "the results")
        test_node.wait_until(lambda: int(stream.read_values().get("repeated", 0)) >= 25, "the count of repeats")
        assert stream.read_values()["late"] == "2"
        told = [status for status in stream.statuses if "stamps_stand" in extract_values(status).get("advice", "")]
        assert told
        assert told[0].level == DiagnosticStatus.WARN
        assert "let one publisher write each topic" in told[0].message
        stream.node.wait_for_log("let one publisher write each topic")
        assert extract_key_transitions(stream.events) == [("down", "h")]
        stamps_ns = [messages.stamp_to_ns(cloud.header.stamp) for cloud in stream.fingertips]
        assert stamps_ns == sorted(set(stamps_ns))


@pytest.mark.parametrize("kind", ["latched", "own rate"])
def test_the_last_camera_info_serves(start, tmp_path, kind):
    """One that was latched before the node began, or without a stamp at a tenth of the rate: frames have results."""
    with ros_node() as test_node:
        profile = qos.LATCHED if kind == "latched" else qos.EVENT
        infos = test_node.create_publisher(CameraInfo, INFO, profile)
        images = test_node.create_publisher(Image, COLOR, qos.EVENT)
        hands = test_node.create_publisher(PointCloud2, f"{NS}/hands", qos.EVENT)
        info = messages.make_camera_info(messages.make_header(0, FRAME_ID), CAMERA)
        if kind == "latched":
            infos.publish(info)
        stream = Stream(test_node, start, tmp_path)
        stream.node = stream._start()
        test_node.wait_until(
            lambda: all(publisher.get_subscription_count() for publisher in (infos, images, hands)), "the node"
        )
        for index in range(FRAMES):
            if kind == "own rate" and index % 10 == 0:
                infos.publish(info)
            header = messages.make_header(START_NS + index * PERIOD_NS, FRAME_ID)
            images.publish(
                Image(header=header, height=120, width=160, encoding="bgr8", step=480, data=bytes(160 * 120 * 3))
            )
            hands.publish(messages.make_hands(header, []))
            test_node.spin_for(0.01)
        # The first ones wait until it is known that no camera_info comes with each image; only their newest remain.
        test_node.wait_until(lambda: len(stream.fingertips) >= FRAMES - 31, "the results")
