"""Where fingertips would touch, and columns of fingers."""

from __future__ import annotations

import numpy as np
import pytest

from contact_world import CAMERA, make_desk_plane, make_hand
from fingertip_contact.contact.measurement.approach import LANDMARK_HEIGHT_M, estimate_contact_points, to_approach_frame
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_column, find_columns
from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.geometry import Plane


@pytest.mark.parametrize("elevation_deg", [45, 60, 90])
def test_contact_point_is_below_the_landmark(elevation_deg: float) -> None:
    """The landmark of a touching finger is LANDMARK_HEIGHT_M over its pad: the pad is found, from any elevation."""
    plane = make_desk_plane(elevation_deg)
    pads_m = plane.intersect(CAMERA.rays(np.array([[320.0, 240.0], [150.0, 320.0], [500.0, 200.0]])))
    tips_px = CAMERA.project(pads_m + LANDMARK_HEIGHT_M * plane.normal)
    np.testing.assert_allclose(estimate_contact_points(CAMERA, plane, tips_px), pads_m, atol=1e-9)


def test_landmark_over_the_horizon_has_no_contact_point() -> None:
    """A ray that misses the surface, and one that is no number: NaN; others are not touched by it."""
    plane = Plane(np.array([0.0, -np.cos(np.radians(10)), -np.sin(np.radians(10))]), 0.2)
    points_m = estimate_contact_points(CAMERA, plane, np.array([[320.0, 0.0], [np.nan, 10.0], [320.0, 400.0]]))
    assert np.isnan(points_m[:2]).all()
    assert plane.height_m(points_m[2]) == pytest.approx(0.0, abs=1e-9)


def test_approach_frame_is_across_and_along() -> None:
    """The way along a direction comes second, the way across it first; lengths are kept."""
    directions = np.array([[0.0, 1.0], [1.0, 0.0], [0.6, 0.8]])
    np.testing.assert_allclose(to_approach_frame(directions, 3.0 * directions), [[0.0, 3.0]] * 3, atol=1e-12)
    aside = np.column_stack([directions[:, 1], -directions[:, 0]])
    np.testing.assert_allclose(to_approach_frame(directions, 2.0 * aside), [[2.0, 0.0]] * 3, atol=1e-12)


def test_columns_are_left_thumb_to_right_little_finger() -> None:
    """Each finger has its own column, whatever the order of the hands."""
    assert [find_column(hand, finger) for hand in HANDS for finger in FINGERS] == list(range(FINGER_COUNT))
    assert find_columns((make_hand(1), make_hand(0))) == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4]
    assert find_columns(()) == []
