"""Simulated hands type, the real nodes read: every press ends exactly once, whatever happens."""

from __future__ import annotations

import signal

import pytest

pytest.importorskip("rclpy")

from ros_harness import COLOR, DEPTH, nodes, presses_and_ends, ros_node
from sensor_msgs.msg import Image
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, MarkerArray

from fingertip_contact.ros import qos

NS = "/fingertip_contact"
# Slow enough that a busy machine keeps up: what is tested is what is read, not how fast.
RATE = 0.5
PASSES_S = 180.0
TYPED = [("down", "h"), ("up", "h"), ("down", "i"), ("up", "i")]


@pytest.fixture
def start(tmp_path):
    with nodes(tmp_path) as start:
        yield start


def test_a_loop_gives_the_same_events_in_each_pass(start, typed_recording, hand_weights):
    """Three processes over DDS read the text, and read it again when the bag begins anew; every topic speaks."""
    with ros_node() as ears:
        keys = ears.hear(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        contacts = ears.hear(InteractiveMarkerFeedback, f"{NS}/contact_events", qos.EVENT)
        texts = ears.hear(String, f"{NS}/typed_text", qos.LATCHED)
        markers = ears.hear(MarkerArray, f"{NS}/markers", qos.RESULT)
        overlays = ears.hear(Image, f"{NS}/overlay/image", qos.IMAGE_IN)
        for name in ("hand_tracking_node", "contact_node"):
            start(name)
        ears.until(lambda: ears.count_subscribers(COLOR) == 2 and ears.count_subscribers(DEPTH) == 1, "nodes")
        start("replay_node", recording=typed_recording, loop=True, rate=RATE)
        ears.until(lambda: len(keys) >= 2 * len(TYPED), "two passes", PASSES_S)
        assert presses_and_ends(keys)[: 2 * len(TYPED)] == TYPED * 2
        presses_and_ends(contacts)
        assert {(key.client_id, key.control_name) for key in keys} == {("right_index", "h"), ("right_middle", "i")}
        assert [text.data for text in texts][:5] == ["", "h", "hi", "hih", "hihi"]
        assert {marker.ns for marker in markers[-1].markers} == {"fingertips", "keys", "surface"}
        assert (overlays[-1].width, overlays[-1].height, overlays[-1].encoding) == (640, 480, "bgr8")


@pytest.mark.parametrize("how", ["camera stops", "node ends"])
def test_a_held_key_is_cancelled_once(start, typed_recording, hand_weights, how):
    """A key that is down when the camera dies, or the node is told to leave, comes up once and marked as cancelled."""
    with ros_node() as ears:
        keys = ears.hear(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        reader = start("pipeline_node")
        ears.until(lambda: ears.count_subscribers(COLOR) == 1 and ears.count_subscribers(DEPTH) == 1, "the node")
        camera = start("replay_node", recording=typed_recording, rate=RATE)
        ears.until(lambda: bool(keys), "the first press", PASSES_S)
        if how == "camera stops":
            camera.process.kill()
        else:
            reader.process.send_signal(signal.SIGTERM)
        ears.until(lambda: len(keys) == 2, "its end")
        ears.listen(1.0)
        assert presses_and_ends(keys) == [("down", "h"), ("up", "h")]
        assert not keys[1].mouse_point_valid
        if how == "camera stops":
            assert reader.leave() == 0
        else:
            assert reader.ended() == 0
