"""The machine of one finger, held against golden traces: samples in, states and changes out."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.state_machine import FingerSample, FingerStateMachine
from repository import DATA

TRACES = sorted((DATA / "contact_traces").glob("*.csv"))


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: path.stem)
def test_golden_trace(trace: Path) -> None:
    """Every row of a trace leads to the state and the changes written beside it."""
    machine = FingerStateMachine(ContactParameters(entry_height_m=0.0045, exit_height_m=0.006))
    for row in csv.DictReader(trace.read_text().splitlines()):
        stamp_ns = int(row["stamp_ms"]) * 1_000_000
        if row["height_mm"]:
            height_m, speed_mps = float(row["height_mm"]) / 1e3, float(row["speed_mmps"]) / 1e3
            transitions = machine.update(
                FingerSample(stamp_ns, height_m, speed_mps, stamp_ns if row["touch_down"] == "1" else None)
            )
        else:
            transitions = machine.mark_missing(stamp_ns)
        assert (machine.state, " ".join(transitions)) == (row["state"], row["transitions"]), row


def test_golden_traces_exist() -> None:
    """The golden traces travel with the tests."""
    assert len(TRACES) >= 5


samples = st.tuples(
    st.integers(0, 10**12),
    st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
    st.floats(allow_nan=True, allow_infinity=True),
    st.one_of(st.none(), st.integers(0, 10**12)),
)


@given(st.lists(samples, max_size=60))
def test_every_press_ends_once(stream: list[tuple[int, float | None, float, int | None]]) -> None:
    """Whatever comes in, nothing is raised, a press follows no open press, and nothing ends without one."""
    machine, is_open = FingerStateMachine(ContactParameters()), False
    for stamp_ns, height_m, speed_mps, touch_down_ns in stream:
        sample = FingerSample(stamp_ns, height_m or 0.0, speed_mps, touch_down_ns)
        for transition in machine.mark_missing(stamp_ns) if height_m is None else machine.update(sample):
            assert is_open != (transition == "press")
            is_open = transition == "press"
    assert is_open == (machine.state == "contact")


def test_late_contact_evidence_does_not_press_again() -> None:
    """The evidence of one touch lasts some frames: once its press is over, what still tells of it presses nothing."""
    machine, touch_down_ns = FingerStateMachine(ContactParameters()), 1_000_000_000
    assert machine.update(FingerSample(touch_down_ns + 10_000_000, 0.0, 0.0, touch_down_ns)) == ("press",)
    assert machine.update(FingerSample(touch_down_ns + 80_000_000, 0.02, 0.2, None)) == ("release",)
    assert machine.update(FingerSample(touch_down_ns + 110_000_000, 0.0, 0.0, touch_down_ns + 5_000_000)) == ()


MS = 1_000_000


def run_probabilities(rows: list[tuple[int, float, int | None]]) -> list[tuple[int, tuple[str, ...]]]:
    """The changes of a finger by colour alone. rows: time in ms, probability of contact, touch-down in ms or None.
    Rows of the result: time in ms, changes."""
    machine, changes = FingerStateMachine(ContactParameters()), []
    for at_ms, probability, touch_down_ms in rows:
        touch_down_ns = None if touch_down_ms is None else touch_down_ms * MS
        transitions = machine.update(FingerSample(at_ms * MS, math.nan, 0.0, touch_down_ns, probability))
        if transitions:
            changes.append((at_ms, transitions))
    return changes


def test_improbable_contact_releases() -> None:
    """A press without any height lasts as long as contact is probable, and ends once."""
    rows = [(0, 0.1, None), (33, 0.9, 30), (66, 0.95, None), (99, 0.5, None), (133, 0.49, None), (166, 0.1, None)]
    assert run_probabilities(rows) == [(33, ("press",)), (133, ("release",))]


def test_contact_may_become_certain_after_its_press() -> None:
    """Before contact was probable once, a press is kept for 100 ms, and then released; once probable, it ends at
    once."""
    assert run_probabilities([(33, 0.2, 30), (66, 0.3, None), (99, 0.4, None), (130, 0.4, None), (133, 0.4, None)]) == [
        (33, ("press",)),
        (133, ("release",)),
    ]
    assert run_probabilities([(33, 0.2, 30), (66, 0.6, None), (99, 0.4, None)]) == [
        (33, ("press",)),
        (99, ("release",)),
    ]


def test_touch_while_pressed_is_another_press() -> None:
    """A lift-off between was not seen: release, then press; with its own time of grace."""
    rows = [(33, 0.9, 30), (66, 0.9, None), (200, 0.3, 190), (233, 0.3, None), (300, 0.3, None)]
    assert run_probabilities(rows) == [(33, ("press",)), (200, ("release", "press")), (300, ("release",))]


def test_touch_within_the_refractory_time_is_the_same_touch() -> None:
    """A second touch-down 60 ms after the first changes nothing."""
    assert run_probabilities([(33, 0.9, 30), (99, 0.9, 90)]) == [(33, ("press",))]


def test_height_does_not_decide_where_probability_does() -> None:
    """A press far above the entry height counts, and rising does not release it while contact is probable."""
    machine = FingerStateMachine(ContactParameters())
    assert machine.update(FingerSample(0, 0.04, 0.0, 0, 0.9)) == ("press",)
    assert machine.update(FingerSample(33 * MS, 0.05, 0.1, None, 0.9)) == ()
    assert machine.update(FingerSample(66 * MS, 0.04, 0.0, None, 0.1)) == ("release",)


def test_unknown_probability_leaves_it_to_the_heights() -> None:
    """NaN: a press is not made above the entry height, lasts at its lowest height, and ends above the exit height."""
    parameters = ContactParameters(entry_height_m=0.005, exit_height_m=0.004)
    machine = FingerStateMachine(parameters)
    assert machine.update(FingerSample(0, 0.006, 0.0, 0)) == ()
    assert machine.update(FingerSample(200 * MS, 0.002, 0.0, 200 * MS, 0.9)) == ("press",)
    assert machine.update(FingerSample(233 * MS, 0.0, 0.0, None)) == ()
    assert machine.update(FingerSample(266 * MS, 0.0039, 0.0, None)) == ()
    assert machine.update(FingerSample(300 * MS, 0.0041, 0.0, None)) == ("release",)


def test_press_of_unknown_height_ends_by_heights_once_they_are_known() -> None:
    """Pressed by probability without a height; then heights alone tell, and its rise releases it."""
    machine = FingerStateMachine(ContactParameters(exit_height_m=0.004))
    assert machine.update(FingerSample(0, math.nan, 0.0, 0, 0.9)) == ("press",)
    assert machine.update(FingerSample(33 * MS, 0.001, 0.0, None)) == ()
    assert machine.update(FingerSample(66 * MS, 0.006, 0.1, None)) == ("release",)
