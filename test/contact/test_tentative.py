"""Taps that were not sure enough: each is offered once, and never what was pressed."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.tentative import MIN_CONFIDENCE, PRESS_SHADOW_S, TentativeTaps
from fingertip_contact.datatypes import TapCandidate

FRAME_NS = 33_333_333
DELAY_NS = 60_000_000
COLUMN = 7
POINT_M = np.array([0.01, 0.02, 0.3])


def offer(
    confidences: list[float], pressed: tuple[int, ...] = (), column: int = COLUMN, contacts: tuple[int, ...] = ()
) -> list[TapCandidate]:
    """What is offered of a finger with these confidences. pressed, contacts: rows with an open press, with a touch."""
    taps, offered = TentativeTaps(), []
    for row, confidence in enumerate(confidences):
        row_ns = 10**9 + row * FRAME_NS
        decision = ContactDecision(np.nan, row in contacts, row_ns - 5_000_000, confidence)
        point_m = POINT_M + 0.001 * row
        is_pressed = row in pressed
        found = taps.update(
            column, row_ns, row_ns + DELAY_NS, decision, lambda point_m=point_m: point_m, is_pressed=is_pressed
        )
        if found is not None:
            offered.append(found)
    return offered


def test_peak_is_offered_once_it_has_passed() -> None:
    """With the time, place and confidence of the peak, the finger's name, and the frame that told."""
    (tap,) = offer([0.0, 0.1, 0.3, 0.2, 0.1, 0.0])
    assert (tap.hand, tap.finger, tap.confidence) == ("right", "middle", 0.3)
    assert tap.contact_ns == 10**9 + 2 * FRAME_NS - 5_000_000
    assert tap.stamp_ns == 10**9 + 3 * FRAME_NS + DELAY_NS
    np.testing.assert_allclose(tap.point_m, POINT_M + 0.002)


def test_each_peak_is_offered_once() -> None:
    """A second peak close to the first is the same touch; one a quarter of a second later is another."""
    assert [tap.confidence for tap in offer([0.3, 0.1, 0.25, 0.1, 0.0])] == [0.3]
    assert [tap.confidence for tap in offer([0.3, *[0.0] * 7, 0.25, 0.0])] == [0.3, 0.25]


def test_little_confidence_is_nothing() -> None:
    """Up to MIN_CONFIDENCE nothing is offered."""
    assert offer([MIN_CONFIDENCE, 0.0, 0.04, 0.0]) == []
    assert len(offer([MIN_CONFIDENCE + 0.001, 0.0])) == 1


def test_peak_that_becomes_a_press_is_not_offered() -> None:
    """Confidence that rises to a touch: its press says it all."""
    assert offer([0.1, 0.3, 0.6, 0.2, 0.0], pressed=(2, 3), contacts=(2,)) == []


def test_nothing_is_offered_in_the_shadow_of_a_press() -> None:
    """While pressed, and PRESS_SHADOW_S after it, the same touch would be told twice; after that, another is told."""
    rows_of_shadow = int(np.ceil(PRESS_SHADOW_S * 1e9 / FRAME_NS))
    late = [0.0] * (rows_of_shadow - 2)
    assert offer([0.9, 0.4, 0.3, *late, 0.0, 0.0], pressed=(0, 1), contacts=(0,)) == []
    assert len(offer([0.9, 0.0, 0.0, *late, 0.3, 0.0], pressed=(0, 1), contacts=(0,))) == 1


def test_touch_that_may_not_press_has_a_shadow_too() -> None:
    """A touch within the refractory time opens no press; its fading confidence is no candidate."""
    assert offer([0.9, 0.4, 0.2, 0.0], contacts=(0,)) == []


def test_fingers_do_not_hide_each_other() -> None:
    """A neighbour's touch at the same time casts no shadow on this finger."""
    taps = TentativeTaps()
    touch, maybe = ContactDecision(np.nan, True, 10**9, 0.9), ContactDecision(np.nan, False, 10**9, 0.3)
    never = ContactDecision(np.nan, False, 10**9, 0.0)
    assert taps.update(6, 10**9, 10**9, touch, lambda: POINT_M, is_pressed=True) is None
    assert taps.update(7, 10**9, 10**9, maybe, lambda: POINT_M, is_pressed=False) is None
    found = taps.update(7, 10**9 + FRAME_NS, 10**9 + FRAME_NS, never, lambda: POINT_M, is_pressed=False)
    assert found is not None
    assert found.finger == "middle"


def test_time_is_never_after_the_frame_that_told() -> None:
    """A touch estimated later than its own row and frame: the candidate's time is the frame's."""
    taps = TentativeTaps()
    early = ContactDecision(np.nan, False, 10**9 + 10**8, 0.3)
    assert taps.update(7, 10**9, 10**9, early, lambda: POINT_M, is_pressed=False) is None
    found = taps.update(
        7, 10**9 + FRAME_NS, 10**9 + FRAME_NS, ContactDecision(np.nan, False, 0, 0.0), lambda: POINT_M, is_pressed=False
    )
    assert found is not None
    assert found.contact_ns == found.stamp_ns == pytest.approx(10**9 + FRAME_NS)
