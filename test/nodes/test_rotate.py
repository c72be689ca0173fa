"""A camera on its side, of a driver that does not turn its images: the nodes that read them do."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.ros import qos
from ros_harness import COLOR, FRAME_ID, extract_key_transitions, launch_nodes, ros_node
from typed_cuts import write_cut

NS = "/fingertip_contact"
# Slow enough for a busy machine.
RATE = 0.5
PASS_S = 120.0


def test_typing_is_read_from_a_camera_on_its_side(readable_recording, hand_weights, tmp_path):
    """The same keys by the same fingers as upright; what is published is of the turned images, and named after them."""
    # Turned by 90 degrees, its images are those of the recording.
    recording = write_cut(readable_recording, tmp_path / "side.mcap", rotate_deg=270)
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
