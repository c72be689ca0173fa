"""The depth network as a node: random weights, real topics."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("torch")

from depth_weights import D405_NAME, random_weights, save_as_trained
from ros_harness import COLOR, nodes, ros_node, write_recording
from sensor_msgs.msg import CameraInfo, Image

from fingertip_contact.images import depth_from_message
from fingertip_contact.ros import qos

NS = "/fingertip_contact"
# The first start converts the network.
CONVERT_S = 90.0
WANTED = 3


def test_depth_comes_with_its_camera(tmp_path):
    """32FC1 metres of the picture's size, NaN where invalid, with the picture's header, and its camera_info beside."""
    weights = save_as_trained(random_weights(), tmp_path / D405_NAME)
    bag = write_recording(tmp_path / "desk.mcap", 30)
    with ros_node() as ears, nodes(tmp_path) as start:
        node = start(
            "depth_estimation_node",
            environment={"XDG_CACHE_HOME": str(tmp_path)},
            checkpoint=weights,
            input_height=84,
            input_width=112,
            max_depth_m=0.5,
        )
        ears.until(lambda: ears.count_subscribers(COLOR) == 1, "the node", CONVERT_S)
        images = ears.hear(Image, f"{NS}/depth_estimate/image", qos.IMAGE_IN)
        infos = ears.hear(CameraInfo, f"{NS}/depth_estimate/camera_info", qos.IMAGE_IN)
        start("replay_node", recording=bag, loop=True, rate=0.3)
        ears.until(lambda: len(images) >= WANTED and len(infos) >= WANTED, "depth")
        assert images[0].encoding == "32FC1"
        assert images[0].header == infos[0].header
        assert images[0].header.frame_id == "camera_color_optical_frame"
        depth_m = depth_from_message(images[0]).metres()
        assert depth_m.shape == (480, 640)
        valid_m = depth_m[np.isfinite(depth_m)]
        assert np.all((valid_m >= 0.07) & (valid_m <= 0.5))
        assert node.leave() == 0
