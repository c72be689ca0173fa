"""Fingers to keys: what goes down comes up, and modifiers are those of the touch-down."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.desktop.injector import KeyInjector
from fingertip_contact.desktop.key_codes import find_key_codes
from fingertip_contact.keyboard.layout import Key, built_in_layouts, load_layout
from key_sinks import RecordingSink, find_stuck_keys

CODES = {"a": "KEY_A", "b": "KEY_B", "shift": "KEY_LEFTSHIFT", "right": "KEY_RIGHTSHIFT", "ctrl": "KEY_LEFTCTRL"}
MODIFIERS = {"KEY_LEFTSHIFT": "shift", "KEY_RIGHTSHIFT": "shift", "KEY_LEFTCTRL": "ctrl"}


def make_injector() -> tuple[KeyInjector, RecordingSink]:
    sink = RecordingSink()
    return KeyInjector(sink, CODES, MODIFIERS), sink


def type_keys(*steps: tuple) -> str:
    """(finger, key, contact) presses, (finger, contact) ends; decided 60 after the touch-down."""
    injector, sink = make_injector()
    for step in steps:
        if len(step) == 3:
            finger, key, contact_ns = step
            injector.press(finger, key, contact_ns + 60, contact_ns)
        else:
            injector.end(*step)
    return sink.text


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ([("i", "a", 0), ("i", 80)], "+A -A"),
        ([("l", "shift", 0), ("i", "a", 100), ("i", 150), ("l", 200)], "+LEFTSHIFT +A -A -LEFTSHIFT"),
        (
            [("l", "ctrl", 0), ("m", "shift", 5), ("i", "a", 9), ("m", 20), ("l", 21)],
            "+LEFTCTRL +LEFTSHIFT +A -LEFTSHIFT -LEFTCTRL",
        ),
        # Shift was lifted after the letter's touch-down, but before it was decided.
        (
            [("l", "right", 0), ("l", 110), ("i", "a", 100), ("i", 150)],
            "+RIGHTSHIFT -RIGHTSHIFT +RIGHTSHIFT +A -RIGHTSHIFT -A",
        ),
        # Shift was touched after the letter, and decided before it.
        ([("l", "shift", 100), ("i", "a", 50), ("i", 150)], "+LEFTSHIFT -LEFTSHIFT +A +LEFTSHIFT -A"),
        # Two fingers on a key type it twice; of two Shifts one is enough.
        ([("i", "a", 0), ("m", "a", 50), ("i", 90), ("m", 130)], "+A -A +A -A"),
        ([("l", "shift", 0), ("m", "shift", 5), ("l", 10), ("i", "a", 20), ("m", 30)], "+LEFTSHIFT +A -LEFTSHIFT"),
        ([("l", "shift", 0), ("m", "right", 5), ("l", 10), ("i", "a", 20)], "+LEFTSHIFT +RIGHTSHIFT -LEFTSHIFT +A"),
        # A finger whose end was lost.
        ([("i", "a", 0), ("i", "b", 80)], "+A -A +B"),
        ([("i", "unknown", 0), ("i", 80), ("m", 90)], ""),
        # A recording that begins again: its Shift is not that of the first round.
        (
            [("l", "shift", 100), ("l", 300), ("m", "b", 900), ("m", 950), ("i", "a", 200)],
            "+LEFTSHIFT -LEFTSHIFT +B -B +A",
        ),
    ],
    ids=[
        "key",
        "shift",
        "two",
        "early up",
        "late down",
        "same key",
        "shift twice",
        "both",
        "lost end",
        "unknown",
        "again",
    ],
)
def test_keys_go_down_and_up(steps, text):
    """In order, each with the modifiers of its touch-down."""
    assert type_keys(*steps) == text


def test_a_list_of_open_presses_ends_the_others():
    """Those that it could have known; a press that was decided after the list stays down."""
    injector, sink = make_injector()
    for finger, key, stamp_ns in (("i", "a", 100), ("m", "b", 200), ("l", "shift", 300)):
        injector.press(finger, key, stamp_ns, stamp_ns - 60)
    injector.keep_only(["m"], 250)
    assert injector.down == ("KEY_B", "KEY_LEFTSHIFT")
    injector.release_all()
    assert sink.text == "+A +B +LEFTSHIFT -A -LEFTSHIFT -B"


fingers = st.sampled_from("ilmr")
times = st.integers(0, 500)
steps = st.one_of(
    st.tuples(st.just("press"), fingers, st.sampled_from([*CODES, "unknown"]), times, times),
    st.tuples(st.just("end"), fingers, times),
    st.tuples(st.just("keep_only"), st.sets(fingers), times),
    st.tuples(st.just("release_all")),
)


@settings(deadline=None)
@given(st.lists(steps, max_size=30))
def test_whatever_goes_down_comes_up(steps):
    """After any events, also lost, doubled and disordered ones: never two downs without an up, the modifiers that are
    down are those of the fingers, and nothing is down in the end."""
    injector, sink = make_injector()
    for name, *arguments in steps:
        getattr(injector, name)(*arguments)
        assert find_stuck_keys(sink.written) == set(injector.down) == {hold.code for hold in injector._holds.values()}
    injector.release_all()
    assert find_stuck_keys(sink.written) == set()


def test_every_key_of_a_keyboard_has_its_code():
    """Of the built-in layouts, but for the piano, whose f4 alone is a name that keyboards have, too. No two keys of a
    layout share a code."""
    for name in set(built_in_layouts()) - {"piano"}:
        layout = load_layout(name)
        codes = find_key_codes(layout.keys)
        assert codes.keys() == layout.by_name.keys()
        assert len(set(codes.values())) == len(codes)
    assert find_key_codes(load_layout("piano").keys) == {"f4": "KEY_F4"}


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (Key("Key_VolumeUp", "", (0, 0), (1, 1)), "KEY_VOLUMEUP"),
        (Key("capitals", "", (0, 0), (1, 1), modifier="shift"), "KEY_LEFTSHIFT"),
        (Key("Q", "q", (0, 0), (1, 1)), "KEY_Q"),
        (Key("c4", "", (0, 0), (1, 1)), None),
    ],
)
def test_keys_of_own_layouts(key, code):
    """By Linux's name, by the modifier, in any case of letters; else none."""
    assert find_key_codes([key]).get(key.name) == code
