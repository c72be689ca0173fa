"""The history: what it keeps at any frame rate, and that its memory is not seen to move."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import MAX_ROWS, MIN_ROWS, SPAN_S, FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.touch_features import STEP_S, STEPS


def feed(history: FingertipHistory, rate_hz: float, count: int, delay_s: float = 0.0) -> list[int]:
    """The stamps of the rows that settled."""
    settled_ns = []
    for index in range(count):
        history.add(round(index / rate_hz * 1e9), [0], None, np.array([float(index)]))
        settled_ns += [int(history.stamps_ns[row]) for row in history.pop_settled(delay_s)]
    return settled_ns


@pytest.mark.parametrize("rate_hz", [15.0, 30.0, 60.0, 90.0, 120.0])
def test_all_that_features_look_at_is_kept(rate_hz: float) -> None:
    """The oldest step of the features of an instant that is decided 0.2 s late, at any frame rate."""
    longest_delay_s = 0.2
    assert ContactParameters(decision_delay_s=longest_delay_s)
    history = FingertipHistory()
    feed(history, rate_hz, 500)
    kept_s = (history.stamps_ns[-1] - history.stamps_ns[0]) / 1e9
    assert kept_s >= longest_delay_s - STEPS[0] * STEP_S
    assert MIN_ROWS <= len(history.stamps_ns) <= MAX_ROWS


def test_fast_cameras_do_not_fill_the_memory() -> None:
    """Beyond 120 Hz the number of rows is limited, below it the time."""
    history = FingertipHistory()
    feed(history, 1000.0, 500)
    assert len(history.stamps_ns) == MAX_ROWS
    history = FingertipHistory()
    feed(history, 90.0, 500)
    assert (history.stamps_ns[-1] - history.stamps_ns[1]) / 1e9 < SPAN_S


@pytest.mark.parametrize("delay_s", [0.0, 0.06])
def test_every_row_settles_once_and_in_order(delay_s: float) -> None:
    """However often the rows move to the front of their memory."""
    stamps_ns = feed(FingertipHistory(), 90.0, 1000, delay_s)
    assert stamps_ns == [round(index / 90.0 * 1e9) for index in range(1000 - round(90 * delay_s + 0.4))]


def test_rows_keep_their_values_when_they_move() -> None:
    """The speed that was added with a stamp stays beside it, and other fingers stay unknown."""
    history = FingertipHistory()
    for index in range(1000):
        history.add(index * 10**7, [3], None, np.array([float(index)]))
        assert history.speed_mps[:, 3].tolist() == (history.stamps_ns / 10**7).tolist()
    assert history.speed_mps.shape == (len(history.stamps_ns), FINGER_COUNT)
    assert np.isnan(np.delete(history.speed_mps, 3, axis=1)).all()
