"""Rules of choosing keys and writing text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.frames import FINGERS, HANDS, ContactEvent, EventType, Finger, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.touch_model import LARGEST_OFFSET_M, MARGIN_M, TouchModel
from fingertip_contact.keyboard.typing import Typist

LAYOUT = load_layout("qwerty")
# A sheet half a metre in front of the camera, upright before it.
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))


def event(kind: EventType, press: int, x_m=0.0, y_m=0.0, hand: Handedness = "right", finger: Finger = "index"):
    point_m = POSE.apply(np.array([x_m, y_m, 0.0]))
    return ContactEvent(press * 1000, press * 1000, kind, press, 1, hand, finger, point_m, 1.0)


def tap(typist, press, key, offset_m=(0.0, 0.0)):
    hand, finger = LAYOUT.fingers[key]
    x_m, y_m = np.add(LAYOUT.by_name[key].center_m, offset_m)
    at = {"x_m": x_m, "y_m": y_m, "hand": hand, "finger": finger}
    return typist.process([event("press", press, **at), event("release", press, **at)], POSE)


def test_every_key_is_pressed_and_released_under_its_name():
    """A tap in the middle of a key gives exactly a press and a release of that key."""
    typist = Typist(LAYOUT)
    for number, key in enumerate(LAYOUT.fingers):
        events = tap(typist, number, key)
        assert [(e.key, e.contact.type) for e in events] == [(key, "press"), (key, "release")]


def test_text_is_what_the_keys_write():
    """Letters, space and enter write; backspace takes the last character away."""
    typist = Typist(LAYOUT)
    for number, key in enumerate(["h", "i", "space", "q", "backspace", "enter", "shift_left", "a"]):
        tap(typist, number, key)
    assert typist.text == "hi \na"


def test_a_cancelled_press_writes_nothing():
    """Cancelling the last press takes its text back, a backspace's included; typing on makes it stay."""
    typist = Typist(LAYOUT)
    tap(typist, 0, "a")
    x_m, y_m = LAYOUT.by_name["b"].center_m
    typist.process([event("press", 1, x_m, y_m, "left"), event("cancel", 1, x_m, y_m, "left")], POSE)
    assert typist.text == "a"
    x_m, y_m = LAYOUT.by_name["backspace"].center_m
    typist.process([event("press", 2, x_m, y_m)], POSE)
    assert typist.text == ""
    typist.process([event("cancel", 2, x_m, y_m)], POSE)
    assert typist.text == "a"
    typist.process([event("press", 3, *LAYOUT.by_name["b"].center_m)], POSE)
    tap(typist, 4, "c")
    typist.process([event("cancel", 3)], POSE)
    assert typist.text == "abc"


@pytest.mark.parametrize("offset_m", [(0.006, -0.004), (-0.005, 0.005), (0.0, -0.0075)])
def test_a_steady_offset_is_learnt(offset_m):
    """Fingers that always land beside the spot they aim at are understood, and their offset is found within 1.5 mm."""
    typist, rng = Typist(LAYOUT), np.random.default_rng(5)
    keys = rng.choice(list(LAYOUT.fingers), 150)
    named = [tap(typist, n, key, rng.normal(offset_m, 0.0015))[0].key for n, key in enumerate(keys)]
    assert np.mean(np.array(named)[30:] == keys[30:]) > 0.98
    assert np.linalg.norm(typist._touch.offset_m("left", "index") - offset_m) < 0.0015


@pytest.mark.parametrize("offset_m", [(0.010, 0.002), (-0.011, 0.0), (0.002, 0.011), (0.0, -0.010)])
def test_hands_that_begin_nearer_to_the_neighbour_are_understood(offset_m):
    """Over half a key off from the first touch on: from the fiftieth touch on keys are right, in words."""
    words = "the quick brown fox jumps over the lazy dog and then sleeps all day while nobody cares at all "
    typist, rng = Typist(LAYOUT), np.random.default_rng(6)
    keys = [LAYOUT.by_text[character].name for character in 2 * words]
    found = [tap(typist, number, key, rng.normal(offset_m, 0.002)) for number, key in enumerate(keys)]
    named = np.array([events[0].key if events else "" for events in found])
    assert np.mean(named[50:] == keys[50:]) > 0.97


def test_a_touch_beside_all_keys_is_on_none():
    """Farther than the margin from every edge there is no key event, and its release is none either."""
    typist = Typist(LAYOUT)
    edge_m = LAYOUT.centers_m[:, 0].max() + 0.05 + MARGIN_M
    assert typist.process([event("press", 1, edge_m, 0.0), event("release", 1, edge_m, 0.0)], POSE) == ()


def test_without_a_sheet_there_are_no_keys():
    """Nobody knows where keys are before the sheet is found; a key held since before is let go all the same."""
    typist = Typist(LAYOUT)
    assert typist.process([event("press", 1)], None) == ()
    typist.process([event("press", 2, *LAYOUT.by_name["j"].center_m)], POSE)
    assert [e.key for e in typist.process([event("release", 2)], None)] == ["j"]


points = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))


@settings(deadline=None)
@given(st.lists(st.tuples(points, st.sampled_from(HANDS), st.sampled_from(FINGERS)), max_size=40))
def test_whatever_is_touched_offsets_stay_bounded(touches):
    """No stream of touches walks a key away from its place."""
    model = TouchModel(LAYOUT)
    for (x_m, y_m), hand, finger in touches:
        key = model.choose(np.array([x_m, y_m]), hand, finger)
        if key is not None:
            model.learn(np.array([x_m, y_m]), hand, finger, key)
        assert np.linalg.norm(model.offset_m(hand, finger)) <= LARGEST_OFFSET_M + 1e-12
