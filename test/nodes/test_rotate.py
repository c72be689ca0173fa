"""A camera on its side, of a driver that does not turn its images: the nodes that read them do."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.cameras.rotation import rotate_frame
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.ros import qos
from ros_harness import COLOR, DEPTH, FRAME_ID, INFO, extract_key_transitions, launch_nodes, ros_node

NS = "/fingertip_contact"
# Slow enough for a busy machine.
RATE = 0.5
PASS_S = 120.0


def lay_on_its_side(recording: Path, path: Path) -> Path:
    """As a camera records it whose images have to be turned by 90 degrees to be those of the recording."""
    with open_bag_recording(recording) as source, BagWriter(path) as bag:
        for frame in source.frames():
            mounted = rotate_frame(frame, 270)
            bag.write_image(COLOR, frame.stamp_ns, FRAME_ID, mounted.color_bgr, "bgr8")
            bag.write_camera_info(INFO, frame.stamp_ns, FRAME_ID, mounted.camera)
            bag.write_image(DEPTH, frame.stamp_ns, FRAME_ID, mounted.depth.values, "16UC1")
    return path


def test_typing_is_read_from_a_camera_on_its_side(readable_recording, hand_weights, tmp_path):
    """The same keys by the same fingers as upright; what is published is of the turned images, and named after them."""
    recording = lay_on_its_side(readable_recording, tmp_path / "side.mcap")
    with ros_node() as test_node, launch_nodes(tmp_path) as start:
        keys = test_node.subscribe(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        texts = test_node.subscribe(String, f"{NS}/typed_text", qos.LATCHED)
        hands = test_node.subscribe(PointCloud2, f"{NS}/hands", qos.RESULT)
        overlays = test_node.subscribe(Image, f"{NS}/overlay/image", qos.IMAGE_IN)
        for name in ("hand_tracking_node", "contact_node"):
            start(name, rotate=90)
        test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 2, "the nodes")
        start("simulated_camera_node", recording=recording, rate=RATE, wait_for_subscribers=2)
        test_node.wait_until(lambda: bool(texts) and texts[-1].data == "hi" and len(keys) == 4, "the text", PASS_S)
    assert extract_key_transitions(keys) == [("down", "h"), ("up", "h"), ("down", "i"), ("up", "i")]
    assert [key.client_id for key in keys[::2]] == ["right_index", "right_middle"]
    assert {message.header.frame_id for message in (*hands, *keys)} == {f"{FRAME_ID}_rotated_90"}
    assert (overlays[-1].width, overlays[-1].height) == (640, 480)
