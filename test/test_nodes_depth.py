"""The depth network as a node: random weights, real topics."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("torch")

import rclpy
import torch
from depth_weights import D405_NAME, random_weights, save_as_trained
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_harness import COLOR, nodes, ros_node, write_recording
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from fingertip_contact.images import decode_depth_image
from fingertip_contact.nodes.depth_estimation_node import DepthEstimationStage
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.lifecycle import ManagedNode

NS = "/fingertip_contact"
# The first start converts the network.
CONVERT_S = 120.0
WANTED = 10
SIZES = {"input_height": 84, "input_width": 112, "region_height": 0}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A checkpoint as published, with random values."""
    return save_as_trained(random_weights(), tmp_path_factory.mktemp("weights") / D405_NAME)


def stamps_of(heard):
    return [messages.stamp_to_ns(message.header.stamp) for message in heard]


def values_of(arrays):
    """The depth node's values in each of its diagnostics."""
    return [
        {entry.key: entry.value for entry in status.values}
        for array in arrays
        for status in array.status
        if status.name.endswith("depth_estimation_node")
    ]


def test_depth_at_the_cameras_rate(weights, tmp_path):
    """Nothing is computed while nobody listens. Then each picture gets depth, though the network sees but some:
    32FC1 metres of the picture's size, NaN where invalid, with the picture's header, its camera_info beside, and
    diagnostics that say how old the network's picture was. Contact runs on it, without a depth camera."""
    bag = write_recording(tmp_path / "desk.mcap", 30)
    with ros_node() as ears, nodes(tmp_path) as start:
        node = start(
            "depth_estimation_node", environment={"XDG_CACHE_HOME": str(tmp_path)}, checkpoint=weights, **SIZES
        )
        ears.until(lambda: ears.count_subscribers(COLOR) == 1, "the node", CONVERT_S)
        diagnostics = ears.hear(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        start("replay_node", recording=bag, loop=True, rate=0.3)
        infos_in = ears.hear(CameraInfo, COLOR.replace("image_raw", "camera_info"), qos.IMAGE_IN)
        ears.until(lambda: len(infos_in) >= WANTED, "the camera")
        ears.until(lambda: len(values_of(diagnostics)) >= 2, "diagnostics")
        assert {values["network_hz"] for values in values_of(diagnostics)} == {"0.0"}

        images = ears.hear(Image, f"{NS}/depth_estimate/image", qos.IMAGE_IN)
        infos = ears.hear(CameraInfo, f"{NS}/depth_estimate/camera_info", qos.IMAGE_IN)
        ears.until(lambda: len(images) >= WANTED and len(infos) >= WANTED, "depth")
        ears.until(lambda: "network_age_ms" in values_of(diagnostics)[-1], "the network's age")
        last = values_of(diagnostics)[-1]
        assert float(last["network_age_ms"]) >= 0
        assert float(last["rate_hz"]) > 0
        assert images[0].encoding == "32FC1"
        assert images[0].header.frame_id == "camera_color_optical_frame"
        assert set(stamps_of(infos[:WANTED])) <= set(stamps_of(infos_in))
        assert len(set(stamps_of(images[:WANTED])) & set(stamps_of(infos))) >= WANTED - 1
        depth_m = decode_depth_image(images[0]).to_metres()
        assert depth_m.shape == (480, 640)
        valid_m = depth_m[np.isfinite(depth_m)]
        assert np.all((valid_m >= 0.07) & (valid_m <= 0.5))

        start("pipeline_node", depth_source="model")
        fingertips = ears.hear(PointCloud2, f"{NS}/fingertips", qos.RESULT)
        ears.until(lambda: len(fingertips) >= WANTED, "contact on the network's depth")
        assert set(stamps_of(fingertips)) <= set(stamps_of(infos_in))
        assert node.leave() == 0


class Payload:
    """Would write a file if a loader ran it."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


def missing(folder):
    return folder / D405_NAME


def truncated(folder):
    path = save_as_trained(random_weights(), folder / D405_NAME)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def incomplete(folder):
    weights = dict(random_weights())
    del weights["depth_head.scratch.output_conv1.bias"]
    return save_as_trained(weights, folder / D405_NAME)


def another_encoder(folder):
    return save_as_trained({"pretrained.cls_token": torch.zeros(1, 1, 768)}, folder / D405_NAME)


def malicious(folder):
    path = folder / D405_NAME
    path.write_bytes(pickle.dumps({"model": Payload(folder / "ran")}))
    return path


def without_largest_depth(folder):
    return save_as_trained(random_weights(), folder / "mine.pth")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (missing, "models pull d405"),
        (truncated, "fetch the file again"),
        (incomplete, "missing: depth_head.scratch.output_conv1.bias"),
        (another_encoder, "take a file named ..._vits"),
        (malicious, "nothing in them was run"),
        (without_largest_depth, "state max_depth_m"),
    ],
)
def test_bad_weights_fail_to_configure_and_name_the_remedy(make, says, tmp_path, capfd, monkeypatch):
    """FAILURE and one line; the process lives, and nothing in a file is run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = make(tmp_path)
    rclpy.init()
    node = ManagedNode("depth_estimation_node", DepthEstimationStage)
    try:
        node.set_parameters([Parameter("checkpoint", value=str(path))])
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        said = [line for line in capfd.readouterr().err.splitlines() if "cannot configure" in line]
        assert len(said) == 1
        assert says in said[0]
        assert str(path) in said[0]
        assert not (tmp_path / "ran").exists()
    finally:
        node.destroy_node()
        rclpy.shutdown()
