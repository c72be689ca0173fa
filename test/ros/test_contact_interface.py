"""Every press that was published ends once, whatever happens inside the pipeline."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.datatypes import ContactEvent, Frame, FrameResult, KeyEvent
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros import qos, results
from fingertip_contact.ros.contact_interface import ContactInterface
from fingertip_contact.ros.parameter_tables import ContactSettings
from ros_harness import extract_key_transitions, ros_node
from typing_hands import TypingHands

NO_RESULT = FrameResult(0, (), (), (), (), "", None, None)
PERIOD_NS = 33_000_000


class FailingPipeline:
    """Presses h in its first frame. In the second one it forgets the press and fails."""

    outputs = ()
    key_decoder = KeyDecoder(load_layout("qwerty"))

    def process(self, frame, hands):
        if frame.stamp_ns > PERIOD_NS:
            raise RuntimeError("a defect")
        point_m = np.array([0.0, 0.0, 0.3])
        press = ContactEvent(frame.stamp_ns, frame.stamp_ns, "press", 1, 1, "right", "index", point_m, 1.0)
        return FrameResult(frame.stamp_ns, (), (), (press,), (KeyEvent(press, "qwerty", "h", "h"),), "h", None, None)

    def cancel_all(self, stamp_ns):
        return NO_RESULT

    def close(self):
        pass


class TypingPipeline:
    """Its decoder has read `keyb`."""

    def __init__(self):
        hands = TypingHands(load_layout("qwerty"), language=LanguageModel({"keyboard": 10.0, "keys": 5.0}))
        for number, key in enumerate("keyb"):
            hands.tap(key, 200 * number)
        self.key_decoder = hands.decoder

    def process(self, frame, hands):
        return replace(NO_RESULT, stamp_ns=frame.stamp_ns, text=self.key_decoder.text)

    def clear_text(self):
        self.key_decoder.clear()


def make_frame(stamp_ns):
    image = np.zeros((48, 64, 3), np.uint8)
    return Frame(stamp_ns, "camera", Camera(40.0, 40.0, 32.0, 24.0, 64, 48), image, None)


def test_tf_frames_carry_the_prefix(monkeypatch):
    """Two pipelines would otherwise give surface and keyboard two parents."""
    sent = []
    broadcaster = SimpleNamespace(sendTransform=sent.extend)
    monkeypatch.setattr(results, "TransformBroadcaster", lambda node: broadcaster)
    pose = RigidTransform(np.eye(3), np.array([0.0, 0.0, 0.3]))
    with ros_node() as node, ExitStack() as held:
        publisher = results.ResultPublisher(node, load_layout("qwerty"), 10.0, held, "left_")
        publisher.publish(make_frame(PERIOD_NS), replace(NO_RESULT, camera_from_sheet=pose))
    assert [(one.header.frame_id, one.child_frame_id) for one in sent] == [
        ("camera", "left_surface"),
        ("camera", "left_keyboard"),
    ]


def test_suggestions_follow_the_word_in_progress():
    """They come with the frame, once, and are withdrawn when the text is cleared."""
    with ros_node() as node, ExitStack() as held:
        suggestions = node.subscribe(String, "suggestions", qos.EVENT)
        interface = ContactInterface(node, ContactSettings(), held)
        interface._pipeline = TypingPipeline()
        node.wait_until(lambda: node.count_publishers("suggestions") == 1, "the publisher")
        node.wait_until(lambda: interface._results._typing.publishers[1].get_subscription_count() == 1, "a subscriber")
        for number in (1, 2):
            interface.process(make_frame(number * PERIOD_NS), ())
        interface._clear_text(None, SimpleNamespace(success=False))
        node.wait_until(lambda: len(suggestions) == 2, "the suggestions")
        assert [json.loads(message.data) for message in suggestions] == [
            {"stamp_ns": PERIOD_NS, "word": "keyb", "suggestions": ["keyboard"]},
            {"stamp_ns": 2 * PERIOD_NS, "word": "", "suggestions": []},
        ]


def test_a_frame_that_fails_ends_the_presses():
    """The failure is raised for the diagnostics, and what it may have lost is cancelled, once."""
    with ros_node() as node, ExitStack() as held:
        keys = node.subscribe(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        contacts = node.subscribe(InteractiveMarkerFeedback, "contact_events", qos.EVENT)
        presses = node.subscribe(InteractiveMarkerInit, "open_presses", qos.LATCHED)
        interface = ContactInterface(node, ContactSettings(), held)
        interface._pipeline = FailingPipeline()
        interface.announce()
        node.wait_until(lambda: bool(presses), "the list of open presses")
        interface.process(make_frame(PERIOD_NS), ())
        for count in (2, 3):
            with pytest.raises(RuntimeError, match="a defect"):
                interface.process(make_frame(count * PERIOD_NS), ())
        node.wait_until(lambda: len(keys) >= 2 and len(contacts) >= 2, "the end of the press")
        node.wait_until(lambda: not presses[-1].markers, "the empty list")
        node.spin_for(0.2)
        assert extract_key_transitions(keys) == [("down", "h"), ("up", "h")]
        assert [event.mouse_point_valid for event in contacts] == [True, False]
