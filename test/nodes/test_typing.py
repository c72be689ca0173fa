"""Simulated hands type, real nodes decode: every press ends exactly once."""

from __future__ import annotations

import json
import signal

import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, MarkerArray

from fingertip_contact.ros import qos
from ros_harness import COLOR, DEPTH, extract_key_transitions, launch_nodes, ros_node

NS = "/fingertip_contact"
# Slow enough for a busy machine: the test is of the text, not of the speed.
RATE = 0.5
PASSES_S = 180.0
TYPED = [("down", "h"), ("up", "h"), ("down", "i"), ("up", "i")]


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def test_looping_recording_repeats_the_events(start, readable_recording, hand_weights):
    """Three processes over DDS decode the same text in each pass of the bag; every topic is published."""
    with ros_node() as test_node:
        keys = test_node.subscribe(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        contacts = test_node.subscribe(InteractiveMarkerFeedback, f"{NS}/contact_events", qos.EVENT)
        texts = test_node.subscribe(String, f"{NS}/typed_text", qos.LATCHED)
        details = test_node.subscribe(String, f"{NS}/key_details", qos.EVENT)
        suggestions = test_node.subscribe(String, f"{NS}/suggestions", qos.LATCHED)
        markers = test_node.subscribe(MarkerArray, f"{NS}/markers", qos.RESULT)
        overlays = test_node.subscribe(Image, f"{NS}/overlay/image", qos.IMAGE_IN)
        for name in ("hand_tracking_node", "contact_node"):
            start(name)
        test_node.wait_until(
            lambda: test_node.count_subscribers(COLOR) == 2 and test_node.count_subscribers(DEPTH) == 1, "nodes"
        )
        start("replay_node", recording=readable_recording, loop=True, rate=RATE)
        test_node.wait_until(lambda: len(keys) >= 2 * len(TYPED), "key events of two passes", PASSES_S)
        assert extract_key_transitions(keys)[: 2 * len(TYPED)] == TYPED * 2
        extract_key_transitions(contacts)
        assert {(key.client_id, key.control_name) for key in keys} == {("right_index", "h"), ("right_middle", "i")}
        assert [text.data for text in texts][:5] == ["", "h", "hi", "hih", "hihi"]
        told = [json.loads(message.data) for message in details]
        assert [value["text"] for value in told if value["key"] and value["type"] == "press"][:4] == list("hihi")
        # Without a word list there is nothing to suggest, which is told once.
        assert [json.loads(message.data)["suggestions"] for message in suggestions] == [[]]
        assert {marker.ns for marker in markers[-1].markers} == {"fingertips", "keys", "surface"}
        assert (overlays[-1].width, overlays[-1].height, overlays[-1].encoding) == (640, 480, "bgr8")


@pytest.mark.parametrize("cause", ["camera stops", "node ends"])
def test_a_held_key_is_cancelled_once(start, readable_recording, hand_weights, cause):
    """A key that is down when the camera stops or the node ends is released once, marked as cancelled."""
    with ros_node() as test_node:
        keys = test_node.subscribe(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        reader = start("pipeline_node")
        test_node.wait_until(
            lambda: test_node.count_subscribers(COLOR) == 1 and test_node.count_subscribers(DEPTH) == 1, "the node"
        )
        camera = start("replay_node", recording=readable_recording, rate=RATE)
        test_node.wait_until(lambda: bool(keys), "the first press", PASSES_S)
        if cause == "camera stops":
            camera.process.kill()
        else:
            reader.process.send_signal(signal.SIGTERM)
        test_node.wait_until(lambda: len(keys) == 2, "the end of the press")
        test_node.spin_for(1.0)
        assert extract_key_transitions(keys) == [("down", "h"), ("up", "h")]
        assert not keys[1].mouse_point_valid
        if cause == "camera stops":
            assert reader.stop() == 0
        else:
            assert reader.wait_for_exit() == 0
