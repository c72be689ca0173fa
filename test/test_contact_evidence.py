"""What the detector reasons with: contact heights, evidence by name, the motion filter, the published rule."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fingertip_contact.contact.contact_height import ContactHeights
from fingertip_contact.contact.evidence import find_touch
from fingertip_contact.contact.motion import HeightFilter
from fingertip_contact.contact.published import PublishedFinger

STAMPS = np.arange(12) * 33_333_333


def hand_track(own: list[float], other: list[float] | None = None) -> np.ndarray:
    """Heights (12, 5), metres, of a hand: finger 1 as given in mm, finger 2 as the other, the rest at 12 mm."""
    height_m = np.full((12, 5), 0.012)
    height_m[:, 1] = np.array(own) / 1e3
    if other is not None:
        height_m[:, 2] = np.array(other) / 1e3
    return height_m


TAP = [12.0, 12, 12, 12, 12, 6, 0, 0, 0, 7, 12, 12]


def test_tap_is_a_touch_at_its_time() -> None:
    """The row where the descent ends is a touch, estimated between it and the row before."""
    touch = find_touch(STAMPS, hand_track(TAP), 6, 1, 0.0005)
    assert touch is not None
    assert STAMPS[5] < touch.touch_ns <= STAMPS[6]
    assert min(touch.depth, touch.drop, touch.rank) > 0


@pytest.mark.parametrize("row", [3, 5, 9, 10])
def test_other_rows_are_no_touch(row: int) -> None:
    """Hovering, falling and rising rows are no end of a descent."""
    assert find_touch(STAMPS, hand_track(TAP), row, 1, 0.0005) is None


def test_higher_stop_is_less_likely() -> None:
    """The higher the stop, the lower the evidence of depth."""
    depths = []
    for lift in (0.0, 1.0, 2.0, 4.0):
        touch = find_touch(STAMPS, hand_track([max(value, lift) for value in TAP]), 6, 1, 0.0007)
        assert touch is not None
        depths.append(touch.depth)
    assert depths == sorted(depths, reverse=True)
    assert depths[0] > 1.0 > -2.0 > depths[-1]


def test_rival_that_fell_farther_counts_against() -> None:
    """A finger whose neighbour came down farther at the same time loses evidence of rank."""
    alone = find_touch(STAMPS, hand_track(TAP), 6, 1, 0.0005)
    beaten = find_touch(STAMPS, hand_track(TAP, [1.4 * value for value in TAP]), 6, 1, 0.0005)
    assert alone is not None
    assert beaten is not None
    assert beaten.rank < alone.rank - 1.0


def test_contact_height_follows_taps_not_dips() -> None:
    """Taps 2 mm over the guess among dips higher up: the learnt height goes to the taps."""
    heights = ContactHeights(0.0076)
    generator = np.random.default_rng(0)
    for index in range(60):
        over_m = 0.002 + generator.normal(0, 0.0004) if index % 2 else 0.002 + generator.uniform(0.002, 0.008)
        heights.learn(6, 0.0076 + over_m - heights.contact_m()[6], 1.5)
    assert heights.contact_m()[6] == pytest.approx(0.0096, abs=0.0006)


def test_fingers_of_a_hand_learn_from_each_other() -> None:
    """What three fingers have learnt moves the guess of a fourth of the same hand, and of no other."""
    heights = ContactHeights(0.0076)
    for _ in range(15):
        for column in (6, 7, 8):
            heights.learn(column, 0.0096 - heights.contact_m()[column], 2.0)
    assert heights.contact_m()[9] > 0.0082
    assert heights.contact_m()[1] == pytest.approx(0.0076)


def test_filter_follows_a_ramp_and_bridges_a_gap() -> None:
    """Speed of a steady descent is right to 10 %, also when every other frame is missing; NaN changes nothing."""
    for stride in (1, 2):
        motion = HeightFilter()
        for index in range(0, 30, stride):
            motion.update(index * 33_333_333, 0.05 - 0.1 * index / 30, 0.0005)
            motion.update(index * 33_333_333 + 1, math.nan, 0.0005)
        assert motion.speed_mps == pytest.approx(-0.1, rel=0.1)


def test_filter_starts_again_after_a_long_gap() -> None:
    """After a quarter of a second without samples no speed is invented."""
    motion = HeightFilter()
    motion.update(0, 0.05, 0.0005)
    motion.update(10**9, 0.01, 0.0005)
    assert (motion.height_m, motion.speed_mps) == (0.01, 0.0)


def test_published_rule_fires_without_thickness_only() -> None:
    """The published rule finds a tap where the fingertip has no thickness, once in 450 ms, and none with 8 mm of it."""
    rows_px = [0, 0, 3, 8, 14, 20, 21, 21, 21, 15, 8, 2, 0, 0, 0, 0]
    distances = [15, 15, 12, 8, 4, 1, 1, 1, 1, 4, 8, 12, 15, 15, 15, 15]
    fired = []
    for thickness_m in (0.0, 0.012):
        finger = PublishedFinger("index")
        fired.append(
            sum(
                finger.update(index * 33_333_333, float(row), distance / 1e3 + thickness_m)
                for index, (row, distance) in enumerate(zip(rows_px, distances, strict=True))
            )
        )
    assert fired == [1, 0]
