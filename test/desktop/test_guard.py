"""When keys may be injected."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.datatypes import ContactEvent, KeyEvent
from fingertip_contact.desktop.guard import GuardSettings, InjectionGuard
from fingertip_contact.desktop.injector import KeyInjector
from key_sinks import RecordingSink, find_stuck_keys

CODES = {"a": "KEY_A", "b": "KEY_B", "shift": "KEY_LEFTSHIFT"}


def make_guard(**options: object) -> tuple[InjectionGuard, RecordingSink]:
    sink = RecordingSink()
    injector = KeyInjector(sink, CODES, {"KEY_LEFTSHIFT": "shift"})
    return InjectionGuard(injector, GuardSettings(**options)), sink


def make_event(event_type: str, finger: str = "index", key: str = "a", stamp_ns: int = 100) -> KeyEvent:
    contact = ContactEvent(stamp_ns, stamp_ns - 60, event_type, 0, 0, "right", finger, np.zeros(3), 1.0)
    return KeyEvent(contact, "qwerty", key, "")


def test_a_deadman_topic_allows_keys():
    """Only while its last true is new; then what is down comes up, and a finger that stays presses nothing later."""
    guard, sink = make_guard(deadman_topic="/deadman")
    guard.take_event(make_event("press"), 0.0)
    assert "/deadman" in guard.check(0.0)
    guard.hear_deadman(True, 0.1)
    guard.take_event(make_event("press"), 0.2)
    guard.hear_contact_node(0.6)
    assert sink.text == "+A"
    assert "/deadman" in guard.check(0.61)
    guard.hear_deadman(True, 0.7)
    guard.take_event(make_event("move"), 0.7)
    guard.take_event(make_event("release"), 0.8)
    assert sink.text == "+A -A"
    guard.take_event(make_event("press", key="b"), 0.9)
    guard.hear_deadman(False, 0.95)
    assert sink.text == "+A -A +B -B"


def test_a_deadman_key_allows_keys():
    """Only while a finger holds it; it types nothing itself. A list without its press ends that."""
    guard, sink = make_guard(deadman_key="shift")
    guard.take_event(make_event("press"), 0.0)
    guard.take_event(make_event("press", "thumb", "shift", 200), 0.1)
    guard.take_event(make_event("press", "ring", "b"), 0.2)
    guard.take_event(make_event("cancel", "thumb", "shift"), 0.3)
    guard.take_event(make_event("press", "index", "a"), 0.4)
    assert sink.text == "+B -B"
    guard.take_event(make_event("press", "thumb", "shift", 200), 0.5)
    guard.take_event(make_event("press", "index", "a", 300), 0.6)
    guard.take_open_presses(["right_thumb", "right_index"], 300, 0.7)
    assert guard.check(0.7) == ""
    guard.take_open_presses(["right_index"], 300, 0.7)
    assert sink.text == "+B -B +A -A"


def test_the_kill_key_ends_it_all():
    """For ever, whatever allows keys; it types nothing itself."""
    guard, sink = make_guard(allow=True, kill_key="b")
    guard.take_event(make_event("press"), 0.0)
    guard.take_event(make_event("press", "thumb", "b"), 0.1)
    guard.take_event(make_event("release", "thumb", "b"), 0.2)
    guard.take_event(make_event("press", "ring"), 0.3)
    assert sink.text == "+A -A"
    assert "kill key b" in guard.check(100.0)


def test_a_silent_contact_node_lets_everything_go():
    """Killed hard, it cannot send a release: a second later keys are up, and the deadman key counts as lifted."""
    guard, sink = make_guard(allow=True)
    guard.take_event(make_event("press"), 0.0)
    guard.hear_contact_node(0.9)
    guard.check(1.8)
    assert sink.text == "+A"
    assert "silent" in guard.check(2.0)
    assert sink.text == "+A -A"
    guard, sink = make_guard(deadman_key="shift")
    guard.take_event(make_event("press", "thumb", "shift"), 0.0)
    guard.hear_contact_node(1.1)
    guard.take_event(make_event("press"), 1.2)
    assert sink.text == ""


@pytest.mark.parametrize(
    "options",
    [{}, {"allow": True, "deadman_topic": "/deadman"}, {"deadman_key": "a", "kill_key": "a"}],
    ids=["nothing", "two", "one key"],
)
def test_what_allows_keys_has_to_be_clear(options):
    """Nothing allows none: keys are not injected by default."""
    with pytest.raises(ValueError, match="deadman_key"):
        GuardSettings(**options)


steps = st.one_of(
    st.builds(
        lambda *event: ("take_event", make_event(*event)),
        st.sampled_from(["press", "press", "move", "release", "cancel"]),
        st.sampled_from(["thumb", "index", "ring"]),
        st.sampled_from([*CODES, ""]),
        st.integers(60, 500),
    ),
    st.builds(
        lambda fingers, stamp_ns: ("take_open_presses", fingers, stamp_ns),
        st.sets(st.just("right_ring")),
        st.integers(0, 500),
    ),
    st.builds(lambda is_on: ("hear_deadman", is_on), st.booleans()),
    st.just(("hear_contact_node",)),
    st.just(("check",)),
)


@settings(deadline=None)
@given(
    st.sampled_from([{"allow": True}, {"deadman_topic": "/deadman"}, {"deadman_key": "shift"}]),
    st.sampled_from(["", "b"]),
    st.lists(st.tuples(st.floats(0.0, 0.7), steps), max_size=30),
)
def test_nothing_is_down_while_it_may_not_be(options, kill_key, timed_steps):
    """After any events at any times: keys go down only where nothing stands against it, and none is down elsewhere."""
    guard, sink = make_guard(**options, kill_key=kill_key)
    now_s = 0.0
    for pause_s, (name, *arguments) in timed_steps:
        now_s += pause_s
        before = len(sink.written)
        getattr(guard, name)(*arguments, now_s)
        if guard.find_obstacle(now_s):
            assert find_stuck_keys(sink.written) == set()
            assert not any(is_down for _, is_down in sink.written[before:])
    assert guard.check(now_s + 2.0) != ""
    assert find_stuck_keys(sink.written) == set()
