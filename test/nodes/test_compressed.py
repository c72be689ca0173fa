"""Compressed images through the nodes that play and record them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.ros import qos
from recording_forms import coders
from recording_forms.forms import transported
from ros_harness import COLOR, DEPTH, launch_nodes, ros_node
from small_bags import COLOR as SMALL_COLOR
from small_bags import image, write_recording

FRAMES = 10


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def test_compressed_images_are_played_recorded_and_decoded(start, tmp_path):
    """simulated_camera_node plays PNG colour beside raw depth, record_node keeps both byte for byte, and replay_node
    decodes them for whoever reads sensor_msgs/Image."""
    assert SMALL_COLOR == COLOR
    plain = write_recording(tmp_path / "plain.mcap", FRAMES)
    coder = coders.code_picture(".png", "bgr8; png compressed bgr8", cv2.IMWRITE_PNG_COMPRESSION, 1)
    coded = transported("bgr8", "/compressed", coder)(plain, tmp_path)
    out = tmp_path / "out.mcap"
    recorder = start("record_node", output=out, image_transport="compressed", depth_image_transport="raw")
    with ros_node() as test_node:
        test_node.wait_until(lambda: test_node.count_subscribers(f"{COLOR}/compressed") == 1, "the recorder")
        camera = start("simulated_camera_node", recording=coded, wait_for_subscribers=1, start_delay_s=0.5)
        test_node.wait_until(lambda: not camera.is_alive, "the end of the recording")
        assert recorder.stop() == 0
        with open_bag(out) as bag, open_bag(coded) as source:
            assert bag.message_count(f"{COLOR}/compressed") == bag.message_count(DEPTH) == FRAMES
            images, expected = (next(one.messages([f"{COLOR}/compressed"])).cdr for one in (bag, source))
            assert bytes(images)[12:] == bytes(expected)[12:]
        received = test_node.subscribe(Image, COLOR, qos.EVENT)
        start("replay_node", recording=out, image_transport="raw", start_delay_s=1.0)
        test_node.wait_until(lambda: len(received) == FRAMES, f"{FRAMES} images")
    assert (received[0].encoding, received[0].width) == ("bgr8", 64)
    np.testing.assert_array_equal(np.asarray(received[0].data).reshape(48, 64, 3), image(0))
