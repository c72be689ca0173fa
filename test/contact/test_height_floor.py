"""The floor of heights: low ones of the last four seconds, at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.contact.height_floor import INTERVAL_S, MEMORY, MIN_HEIGHTS, HeightFloor


def feed(heights: np.ndarray, rate_hz: float = 30.0) -> HeightFloor:
    """A floor of the heights (T, 2) of two fingers."""
    floor = HeightFloor((2,))
    for number, row in enumerate(heights):
        floor.update(10**9 + round(number * 1e9 / rate_hz), row)
    return floor


def test_there_is_no_floor_before_enough_heights() -> None:
    """MIN_HEIGHTS are needed, a tenth of a second apart, of each finger for itself."""
    interval_hz = 1 / INTERVAL_S
    heights = np.column_stack([np.full(MIN_HEIGHTS, 12.0), [np.nan, *[9.0] * (MIN_HEIGHTS - 1)]])
    np.testing.assert_array_equal(feed(heights, interval_hz).floor, [12.0, np.nan])
    np.testing.assert_array_equal(feed(heights[:-1], interval_hz).floor, [np.nan, np.nan])
    assert np.isnan(feed(heights, 3 * interval_hz).floor).all()


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 90.0])
def test_floor_is_low_but_not_the_lowest(rate_hz: float) -> None:
    """Four seconds with heights of 0 to 20 mm, evenly: the floor is at 8 % of them, at any frame rate."""
    times_s = np.arange(int(4.0 * rate_hz)) / rate_hz
    heights = np.repeat((20.0 * (times_s * 7.3 % 1.0))[:, None], 2, axis=1)
    np.testing.assert_allclose(feed(heights, rate_hz).floor, 0.08 * 20.0, atol=0.9)


def test_one_outlier_is_no_floor() -> None:
    """A single low height of many does not count."""
    heights = np.full((120, 2), 10.0)
    heights[60, 0] = -40.0
    np.testing.assert_array_equal(feed(heights).floor, [10.0, 10.0])


def test_floor_forgets() -> None:
    """Heights of more than four seconds ago do not count."""
    heights = np.concatenate([np.full((60, 2), 2.0), np.full((int(30 * INTERVAL_S * MEMORY) + 6, 2), 11.0)])
    np.testing.assert_array_equal(feed(heights).floor, [11.0, 11.0])


def test_time_that_runs_backwards_does_not_stop_the_floor() -> None:
    """A recording that begins anew: heights after it count, however long ago their stamps are."""
    floor = HeightFloor((1,))
    for start_ns in (10**12, 0):
        for index in range(60):
            floor.update(start_ns + round(index * INTERVAL_S * 1e9), np.array([11.0 if start_ns else 3.0]))
    np.testing.assert_array_equal(floor.floor, [3.0])
