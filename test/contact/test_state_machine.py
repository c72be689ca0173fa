"""The machine of one finger, held against golden traces: samples in, states and changes out."""

from __future__ import annotations

import csv
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
