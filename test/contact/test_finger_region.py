"""The pixels of a finger: a capsule along its last segment, no wider than a finger, none of its neighbours'."""

from __future__ import annotations

import numpy as np
import pytest

from contact_world import make_hand
from fingertip_contact.contact.measurement.finger_region import (
    BACK_M,
    FORWARD_M,
    HALF_WIDTH_M,
    TIP_LANDMARKS,
    find_finger_pixels,
    stack_tips_px,
)
from fingertip_contact.datatypes import HANDS, LANDMARKS_PER_HAND, Hand

PIXELS_PER_M = 1000.0
STEPS = np.arange(-25, 26)
WINDOW = np.stack(np.meshgrid(STEPS, STEPS), axis=-1)
MIDDLE = 25


def make_index_finger(joint_px: tuple[float, float], tip_px: tuple[float, float]) -> Hand:
    """A hand of which only the index finger's last segment counts."""
    landmarks_px = np.zeros((LANDMARKS_PER_HAND, 2), np.float32)
    landmarks_px[7], landmarks_px[8] = joint_px, tip_px
    return Hand(0, HANDS[0], 1.0, 1.0, landmarks_px)


def test_region_has_the_size_of_a_fingertip() -> None:
    """A finger that points to the right: 12 mm wide, and from 12 mm behind the landmark to 2 mm beyond, with round
    ends."""
    region = find_finger_pixels([make_index_finger((40, 60), (100, 60))], WINDOW, PIXELS_PER_M)[1]
    rows, columns = np.nonzero(region)
    half_px = 1e3 * HALF_WIDTH_M
    assert (MIDDLE - rows.min(), rows.max() - MIDDLE) == (half_px - 1, half_px - 1)
    assert MIDDLE - columns.min() == 1e3 * BACK_M + half_px - 1
    assert columns.max() - MIDDLE == 1e3 * FORWARD_M + half_px - 1
    assert region.sum() == pytest.approx(np.pi * half_px**2 + 2 * half_px * 1e3 * (BACK_M + FORWARD_M), rel=0.08)


def test_region_turns_with_the_finger() -> None:
    """The middle of what belongs to a finger lies 5 mm behind its landmark, wherever it points."""
    for angle in np.radians([0, 60, 145, 250]):
        direction = np.array([np.cos(angle), np.sin(angle)])
        region = find_finger_pixels([make_index_finger(tuple(100 - 50 * direction), (100, 100))], WINDOW, PIXELS_PER_M)[
            1
        ]
        np.testing.assert_allclose(WINDOW[region].mean(axis=0), -5.0 * direction, atol=0.2)


def test_short_segment_reaches_back_to_its_joint_only() -> None:
    """A foreshortened finger's region does not go on behind its joint."""
    region = find_finger_pixels([make_index_finger((96, 60), (100, 60))], WINDOW, PIXELS_PER_M)[1]
    assert MIDDLE - np.nonzero(region)[1].min() == 4 + 1e3 * HALF_WIDTH_M - 1


def test_region_follows_parts_of_a_pixel() -> None:
    """Windows lie around whole pixels; the region around the landmark between them."""
    wholes, halves = (
        WINDOW[find_finger_pixels([make_index_finger((60 + shift, 60), (100 + shift, 60))], WINDOW, PIXELS_PER_M)[1]]
        for shift in (0.0, 0.4)
    )
    assert halves[:, 0].mean() - wholes[:, 0].mean() == pytest.approx(0.4, abs=0.15)


def test_neighbours_are_left_out() -> None:
    """Fingers 22 px apart with half widths of 6 px share no pixel of the image."""
    hand = make_hand(0)
    regions = find_finger_pixels([hand], WINDOW, PIXELS_PER_M)
    places = [
        {tuple(place) for place in (np.rint(tip_px) + WINDOW[region]).tolist()}
        for tip_px, region in zip(stack_tips_px([hand]), regions, strict=True)
    ]
    assert all(places)
    assert len(set.union(*places)) == sum(map(len, places))


def test_tips_are_in_the_order_of_hands_and_fingers() -> None:
    """Five rows per hand, thumb first."""
    right, left = make_hand(1), make_hand(0)
    tips_px = stack_tips_px([right, left])
    np.testing.assert_array_equal(tips_px[:5], right.landmarks_px[TIP_LANDMARKS])
    np.testing.assert_array_equal(tips_px[5:], left.landmarks_px[[4, 8, 12, 16, 20]])


@pytest.mark.parametrize("landmark", [7, 8])
def test_landmarks_that_are_not_finite_have_no_region(landmark: int) -> None:
    """Neither does one whose joint is unknown; other fingers keep theirs."""
    hand = make_hand(0)
    hand.landmarks_px[landmark] = np.nan
    regions = find_finger_pixels([hand], WINDOW, PIXELS_PER_M)
    assert not regions[1].any()
    assert regions[[0, 2, 3, 4]].any(axis=(1, 2)).all()
