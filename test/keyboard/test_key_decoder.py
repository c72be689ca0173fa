"""Rules of choosing keys and writing text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, EventType, Finger, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.language import LanguageModel
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.touch_model import KEY_MARGIN_M, MAX_OFFSET_M, TouchModel

LAYOUT = load_layout("qwerty")
# A sheet half a metre in front of the camera, upright before it.
POSE = RigidTransform(np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 0.5]))


def make_event(
    event_type: EventType, press: int, x_m=0.0, y_m=0.0, hand: Handedness = "right", finger: Finger = "index"
):
    point_m = POSE.apply(np.array([x_m, y_m, 0.0]))
    return ContactEvent(press * 1000, press * 1000, event_type, press, 1, hand, finger, point_m, 1.0)


def tap_key(decoder, press, key, offset_m=(0.0, 0.0)):
    hand, finger = LAYOUT.fingers[key]
    x_m, y_m = np.add(LAYOUT.by_name[key].center_m, offset_m)
    contact = {"x_m": x_m, "y_m": y_m, "hand": hand, "finger": finger}
    return decoder.process([make_event("press", press, **contact), make_event("release", press, **contact)], POSE)


def test_every_key_is_pressed_and_released_under_its_name():
    """A tap in the middle of a key gives exactly a press and a release of that key."""
    decoder = KeyDecoder(LAYOUT)
    for number, key in enumerate(LAYOUT.fingers):
        events = tap_key(decoder, number, key)
        assert [(e.key, e.contact.type) for e in events] == [(key, "press"), (key, "release")]


def test_text_matches_the_pressed_keys():
    """Letters, space and enter write; backspace deletes the last character."""
    decoder = KeyDecoder(LAYOUT)
    for number, key in enumerate(["h", "i", "space", "q", "backspace", "enter", "shift_left", "a"]):
        tap_key(decoder, number, key)
    assert decoder.text == "hi \na"


@pytest.mark.parametrize("language", [None, LanguageModel({"hi": 10.0, "his": 5.0})])
def test_another_decoder_continues_the_text(language):
    """After what was written: only a backspace takes of it, and no cancel."""
    decoder = KeyDecoder(LAYOUT, language=language)
    tap_key(decoder, 0, "q")
    decoder.continue_text("hij")
    x_m, y_m = LAYOUT.by_name["q"].center_m
    decoder.process([make_event("cancel", 0, x_m, y_m)], POSE)
    assert decoder.text == "hij"
    for number, key in enumerate(["backspace", "s", "space"]):
        tap_key(decoder, 1 + number, key)
    assert (decoder.text, decoder.text_buffer.text) == ("his ", "his ")


def test_a_cancelled_press_writes_nothing():
    """Cancelling the last press undoes its text, a backspace's included; another press makes the text permanent."""
    decoder = KeyDecoder(LAYOUT)
    tap_key(decoder, 0, "a")
    x_m, y_m = LAYOUT.by_name["b"].center_m
    decoder.process([make_event("press", 1, x_m, y_m, "left"), make_event("cancel", 1, x_m, y_m, "left")], POSE)
    assert decoder.text == "a"
    x_m, y_m = LAYOUT.by_name["backspace"].center_m
    decoder.process([make_event("press", 2, x_m, y_m)], POSE)
    assert decoder.text == ""
    decoder.process([make_event("cancel", 2, x_m, y_m)], POSE)
    assert decoder.text == "a"
    decoder.process([make_event("press", 3, *LAYOUT.by_name["b"].center_m)], POSE)
    tap_key(decoder, 4, "c")
    decoder.process([make_event("cancel", 3)], POSE)
    assert decoder.text == "abc"


@pytest.mark.parametrize("offset_m", [(0.006, -0.004), (-0.005, 0.005), (0.0, -0.0075)])
def test_constant_touch_offset_is_learnt(offset_m):
    """Fingers with a constant offset press the right keys, and the offset is learnt within 1.5 mm."""
    decoder, rng = KeyDecoder(LAYOUT), np.random.default_rng(5)
    keys = rng.choice(list(LAYOUT.fingers), 150)
    named = [tap_key(decoder, n, key, rng.normal(offset_m, 0.0015))[0].key for n, key in enumerate(keys)]
    assert np.mean(np.array(named)[30:] == keys[30:]) > 0.98
    assert np.linalg.norm(decoder._touch_model.offset_m("left", "index") - offset_m) < 0.0015


@pytest.mark.parametrize("offset_m", [(0.010, 0.002), (-0.011, 0.0), (0.002, 0.011), (0.0, -0.010)])
def test_large_touch_offset_is_learnt(offset_m):
    """With over half a key of offset from the first touch on, keys in words are right from the fiftieth touch on."""
    words = "the quick brown fox jumps over the lazy dog and then sleeps all day while nobody cares at all "
    decoder, rng = KeyDecoder(LAYOUT), np.random.default_rng(6)
    keys = [LAYOUT.by_text[character].name for character in 2 * words]
    found = [tap_key(decoder, number, key, rng.normal(offset_m, 0.002)) for number, key in enumerate(keys)]
    named = np.array([events[0].key if events else "" for events in found])
    assert np.mean(named[50:] == keys[50:]) > 0.97


def test_off_key_contact_gives_no_event():
    """A press farther than the margin from every edge gives no key event, and neither does its release."""
    decoder = KeyDecoder(LAYOUT)
    edge_m = LAYOUT.centers_m[:, 0].max() + 0.05 + KEY_MARGIN_M
    assert decoder.process([make_event("press", 1, edge_m, 0.0), make_event("release", 1, edge_m, 0.0)], POSE) == ()


def test_no_key_events_without_a_sheet_pose():
    """Presses give no events until the sheet is found; a key held since before is still released."""
    decoder = KeyDecoder(LAYOUT)
    assert decoder.process([make_event("press", 1)], None) == ()
    decoder.process([make_event("press", 2, *LAYOUT.by_name["j"].center_m)], POSE)
    assert [e.key for e in decoder.process([make_event("release", 2)], None)] == ["j"]


points = st.tuples(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))


@settings(deadline=None)
@given(st.lists(st.tuples(points, st.sampled_from(HANDS), st.sampled_from(FINGERS)), max_size=40))
def test_touch_offsets_stay_bounded(contacts):
    """No stream of touches makes an offset exceed its limit."""
    model = TouchModel(LAYOUT)
    for (x_m, y_m), hand, finger in contacts:
        key = model.choose(np.array([x_m, y_m]), hand, finger)
        if key is not None:
            model.update(np.array([x_m, y_m]), hand, finger, key)
        assert np.linalg.norm(model.offset_m(hand, finger)) <= MAX_OFFSET_M + 1e-12
