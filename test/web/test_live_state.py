"""The state is bounded, tells what a client lost, and forgets what is old."""

from __future__ import annotations

import jsonschema
import pytest

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.web.json_values import make_layout, make_number, make_point
from fingertip_contact.web.live_state import MAX_EVENTS, MAX_NODES, MAX_TEXT_LENGTH, SILENCE_S, LiveState
from web_world import START_US, SteppedClock, fill, make_event, make_fingertips, make_step, read_schema


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def state(clock) -> LiveState:
    return LiveState(clock)


def test_messages_have_the_schema(state):
    """Before the first message and with everything there is."""
    jsonschema.validate(state.make_message(0)[0], read_schema())
    fill(state)
    message, _ = state.make_message(0)
    jsonschema.validate(message, read_schema())
    assert (message["rate_hz"], message["latency_ms"], message["text"]) == (30, 24.0, "hello wor")
    assert [entry["key"] for entry in message["down"]] == ["h"]
    assert [advice["code"] for advice in message["advice"]] == ["slow_frames"]


def test_steps_are_told_where_there_are_some(state):
    """Of the guided start; messages of nodes have none."""
    assert "steps" not in state.make_message(0)[0]
    state.set_steps([make_step("sheet", "active"), make_step("typing", "waiting")])
    message, _ = state.make_message(0)
    jsonschema.validate(message, read_schema())
    assert [step["name"] for step in message["steps"]] == ["sheet", "typing"]


@pytest.mark.parametrize("layout", ["qwerty", "piano", "numpad", "qwerty_full"])
def test_layouts_have_the_schema(layout):
    """Of every built-in keyboard; each key has a label."""
    hello = {"type": "hello", "version": 1, "rate_hz": 30.0, "layout": make_layout(load_layout(layout))}
    jsonschema.validate(hello, read_schema())
    assert all(key["label"] for key in hello["layout"]["keys"])


def test_events_are_told_once_and_in_order(state):
    """Each client says how many it has had."""
    for key in "abc":
        state.add_event(make_event(key))
    message, count = state.make_message(1)
    assert ([event["key"] for event in message["events"]], message["lost_events"], count) == (["b", "c"], 0, 3)
    assert state.make_message(count)[0]["events"] == []


def test_a_slow_client_learns_what_it_lost(state):
    """The newest events stay, and the others are counted."""
    for number in range(MAX_EVENTS + 10):
        state.add_event(make_event(str(number)))
    message, _ = state.make_message(0)
    assert (len(message["events"]), message["lost_events"]) == (MAX_EVENTS, 10)
    assert message["events"][-1]["key"] == str(MAX_EVENTS + 9)


def test_a_long_text_is_cut(state):
    """Its end stays."""
    state.set_text("a" * MAX_TEXT_LENGTH + "end")
    text = state.make_message(0)[0]["text"]
    assert (len(text), text[-3:]) == (MAX_TEXT_LENGTH, "end")


def test_silence_releases_the_keys(state, clock):
    """A node that was killed says nothing more: its keys are not down, its image is old, it is silent."""
    fill(state)
    clock.now_s += SILENCE_S + 0.1
    message, _ = state.make_message(0)
    assert (message["is_live"], message["down"], message["fingertips"], message["advice"]) == (False, [], [], [])
    assert (message["rate_hz"], message["latency_ms"]) == (0, None)
    assert {node["level"] for node in message["nodes"]} == {"silent"}


def test_a_recording_that_begins_again_has_its_rate(state):
    """Stamps that run backwards do not count as images of one second."""
    fill(state)
    state.set_fingertips(make_fingertips(10.0), START_US - 10_000_000, None)
    assert state.make_message(0)[0]["rate_hz"] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_are_finite_or_null(value):
    """JSON has no other ones."""
    assert make_number(value, 1) is None
    assert make_point([0.0, value, 0.0]) is None
    assert make_number(1.26, 1) == 1.3


def test_reports_under_ever_new_names_do_not_grow(state, clock):
    """Anybody may send some; the node that is heard again and again is not forgotten for them."""
    for number in range(3 * MAX_NODES):
        clock.now_s += 0.001
        state.set_report("contact_node", "ok", "", [])
        clock.now_s += 0.001
        state.set_report(f"stranger_{number}", "ok", "", [])
    message, _ = state.make_message(0)
    names = [node["name"] for node in message["nodes"]]
    assert len(names) == MAX_NODES
    assert "contact_node" in names
