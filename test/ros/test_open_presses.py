"""The list of open presses follows the events."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from fingertip_contact.datatypes import ContactEvent, KeyEvent
from fingertip_contact.ros.open_presses import OpenPresses

STAMP_NS = 1_700_000_000_123_456_789


def make_event(event_type, press, finger="index"):
    return ContactEvent(
        STAMP_NS, STAMP_NS, event_type, press, 1, "right", finger, np.array([0.01, 0.02, 0.3]), confidence=1.0
    )


def list_open(presses):
    markers = presses.make_message("/node", STAMP_NS, "camera").markers
    return [(marker.description, marker.name, marker.controls[0].name) for marker in markers]


def test_presses_are_listed_until_they_end():
    """With their key, or without one beside all keys; release and cancel end them, moves change nothing."""
    presses = OpenPresses()
    on_key, beside = make_event("press", 1), make_event("press", 2, "thumb")
    assert presses.update([on_key, beside], [KeyEvent(on_key, "qwerty", "h", "h"), KeyEvent(beside, "qwerty", "", "")])
    assert list_open(presses) == [("right_index", "qwerty", "h"), ("right_thumb", "", "")]
    assert not presses.update([make_event("move", 1)], [])
    assert presses.update([make_event("release", 1)], [])
    assert list_open(presses) == [("right_thumb", "", "")]
    assert presses.update([make_event("cancel", 2, "thumb")], [])
    assert list_open(presses) == []


def test_the_list_carries_node_stamp_and_point():
    """A consumer compares the stamp of the list with that of the press."""
    presses = OpenPresses()
    presses.update([make_event("press", 1)], [])
    message = presses.make_message("/contact_node", STAMP_NS + 5, "camera")
    assert (message.server_id, message.seq_num) == ("/contact_node", STAMP_NS + 5)
    (marker,) = message.markers
    assert marker.header.frame_id == "camera"
    assert marker.header.stamp.sec * 10**9 + marker.header.stamp.nanosec == STAMP_NS
    assert (marker.pose.position.x, marker.pose.position.y, marker.pose.position.z) == (0.01, 0.02, 0.3)


def test_the_end_of_an_unknown_press_changes_nothing():
    """E.g. of one that began before the node was configured again."""
    assert not OpenPresses().update([make_event("cancel", 7)], [])
