"""A camera_info that comes once or rarely, over real topics; other faults of streams are rows of `selftest faults`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from fingertip_contact.ros import messages, qos
from held_finger import CAMERA, FRAME_ID, write_parameters
from ros_harness import COLOR, INFO, PERIOD_NS, START_NS, launch_nodes, ros_node

NS = "/fingertip_contact"
PYTHONPATH = os.pathsep.join([str(Path(__file__).parents[1] / "support"), os.environ.get("PYTHONPATH", "")])
FRAMES = 80


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


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
        fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.EVENT)
        start("contact_node", environment={"PYTHONPATH": PYTHONPATH}, **write_parameters(tmp_path))
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
        test_node.wait_until(lambda: len(fingertips) >= FRAMES - 31, "the results")
