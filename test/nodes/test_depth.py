"""depth_estimation_node with random weights, over real topics."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("torch")

import rclpy
import torch
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from depth_weights import D405_NAME, make_random_weights, save_training_checkpoint
from fingertip_contact.images import decode_depth_image
from fingertip_contact.nodes.depth_estimation_node import DepthEstimationStage
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.parameter_tables import DepthEstimationSettings
from ros_harness import COLOR, launch_nodes, ros_node, write_recording

NS = "/fingertip_contact"
# The first start converts the network.
CONVERSION_TIMEOUT_S = 120.0
MIN_MESSAGES = 10
SIZES = {"input_height": 84, "input_width": 112, "region_height": 0}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A checkpoint in the published format, with random values."""
    return save_training_checkpoint(make_random_weights(), tmp_path_factory.mktemp("weights") / D405_NAME)


def extract_stamps(messages_received):
    return [messages.stamp_to_ns(message.header.stamp) for message in messages_received]


def extract_values(arrays):
    """The depth node's values in each diagnostics message."""
    return [
        {entry.key: entry.value for entry in status.values}
        for array in arrays
        for status in array.status
        if status.name.endswith("depth_estimation_node")
    ]


def test_depth_is_published_at_the_camera_rate(weights, tmp_path):
    """Without subscribers the network does not run. With one, each image gets depth although the network processes only
    some: 32FC1 metres of the image's size, NaN where invalid, with the image's header and a camera_info; diagnostics
    report the age of the network's image. Contact runs on this depth, without a depth camera."""
    bag = write_recording(tmp_path / "desk.mcap", 30)
    with ros_node() as test_node, launch_nodes(tmp_path) as start:
        node = start(
            "depth_estimation_node", environment={"XDG_CACHE_HOME": str(tmp_path)}, checkpoint=weights, **SIZES
        )
        test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 1, "the node", CONVERSION_TIMEOUT_S)
        diagnostics = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        start("replay_node", recording=bag, loop=True, rate=0.3)
        infos_in = test_node.subscribe(CameraInfo, COLOR.replace("image_raw", "camera_info"), qos.IMAGE_IN)
        test_node.wait_until(lambda: len(infos_in) >= MIN_MESSAGES, "the camera")
        test_node.wait_until(lambda: len(extract_values(diagnostics)) >= 2, "diagnostics")
        assert {values["network_hz"] for values in extract_values(diagnostics)} == {"0.0"}

        images = test_node.subscribe(Image, f"{NS}/depth_estimate/image", qos.IMAGE_IN)
        infos = test_node.subscribe(CameraInfo, f"{NS}/depth_estimate/camera_info", qos.IMAGE_IN)
        test_node.wait_until(lambda: len(images) >= MIN_MESSAGES and len(infos) >= MIN_MESSAGES, "depth")
        test_node.wait_until(lambda: "network_age_ms" in extract_values(diagnostics)[-1], "the network's age")
        last = extract_values(diagnostics)[-1]
        assert float(last["network_age_ms"]) >= 0
        assert float(last["rate_hz"]) > 0
        assert images[0].encoding == "32FC1"
        assert images[0].header.frame_id == "camera_color_optical_frame"
        assert set(extract_stamps(infos[:MIN_MESSAGES])) <= set(extract_stamps(infos_in))
        assert len(set(extract_stamps(images[:MIN_MESSAGES])) & set(extract_stamps(infos))) >= MIN_MESSAGES - 1
        depth_m = decode_depth_image(images[0]).to_metres()
        assert depth_m.shape == (480, 640)
        valid_m = depth_m[np.isfinite(depth_m)]
        assert np.all((valid_m >= 0.07) & (valid_m <= 0.5))

        start("pipeline_node", depth_source="model")
        fingertips = test_node.subscribe(PointCloud2, f"{NS}/fingertips", qos.RESULT)
        test_node.wait_until(lambda: len(fingertips) >= MIN_MESSAGES, "contact on the network's depth")
        assert set(extract_stamps(fingertips)) <= set(extract_stamps(infos_in))
        assert node.stop() == 0


class Payload:
    """Opens a file for writing when it is unpickled."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


def make_missing_weights(folder):
    return folder / D405_NAME


def make_truncated_weights(folder):
    path = save_training_checkpoint(make_random_weights(), folder / D405_NAME)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def make_incomplete_weights(folder):
    weights = dict(make_random_weights())
    del weights["depth_head.scratch.output_conv1.bias"]
    return save_training_checkpoint(weights, folder / D405_NAME)


def make_other_encoder_weights(folder):
    return save_training_checkpoint({"pretrained.cls_token": torch.zeros(1, 1, 768)}, folder / D405_NAME)


def make_malicious_weights(folder):
    path = folder / D405_NAME
    path.write_bytes(pickle.dumps({"model": Payload(folder / "ran")}))
    return path


def make_weights_without_max_depth(folder):
    return save_training_checkpoint(make_random_weights(), folder / "mine.pth")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_missing_weights, "models pull d405"),
        (make_truncated_weights, "fetch the file again"),
        (make_incomplete_weights, "missing: depth_head.scratch.output_conv1.bias"),
        (make_other_encoder_weights, "take a file named ..._vits"),
        (make_malicious_weights, "nothing in them was run"),
        (make_weights_without_max_depth, "give max_depth_m"),
    ],
)
def test_invalid_weights_fail_configuration_with_the_remedy(make, message, tmp_path, capfd, monkeypatch):
    """FAILURE and one line; the process stays alive, and no code in a file is run."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = make(tmp_path)
    rclpy.init()
    node = ManagedNode("depth_estimation_node", DepthEstimationSettings, DepthEstimationStage)
    try:
        node.set_parameters([Parameter("checkpoint", value=str(path))])
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        log_text = [line for line in capfd.readouterr().err.splitlines() if "cannot configure" in line]
        assert len(log_text) == 1
        assert message in log_text[0]
        assert str(path) in log_text[0]
        assert not (tmp_path / "ran").exists()
    finally:
        node.destroy_node()
        rclpy.shutdown()
