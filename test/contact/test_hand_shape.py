"""The hand's shape over the surface: millimetres, and the side that the camera is on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contact_world import CAMERA, make_desk_plane, make_hand
from fingertip_contact.contact.measurement.hand_shape import SHAPE, measure_hand_shape
from fingertip_contact.datatypes import FINGERS, Hand
from fingertip_contact.geometry import Plane

# Landmarks of a flat hand over the desk, metres: to the right, and away from its wrist.
LENGTHS_M = {"thumb": 0.05, "index": 0.07, "middle": 0.08, "ring": 0.072, "little": 0.055}
KNUCKLE_M = 0.06


def make_flat_hand(plane: Plane, turned_deg: float) -> Hand:
    """A hand that lies on the plane; at 0 degrees its fingers point towards the camera's side of the image."""
    landmarks_m = np.zeros((21, 2))
    for number, length_m in enumerate(LENGTHS_M.values()):
        for joint in range(4):
            # The thumb's length counts from its second joint, the others' from the first.
            first = 1 if number == 0 else 0
            along_m = KNUCKLE_M + length_m * (joint - first) / (3 - first)
            landmarks_m[1 + 4 * number + joint] = 0.02 * (number - 2), along_m
    angle = np.radians(turned_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    x_m, y_m = (turn @ landmarks_m.T) * 0.6
    right = np.array([1.0, 0.0, 0.0])
    near = np.cross(plane.normal, right)
    origin_m = plane.intersect(CAMERA.rays(np.array([[320.0, 240.0]])))[0]
    points_m = origin_m + x_m[:, None] * right + y_m[:, None] * near * np.sign(-near[2])
    return replace(make_hand(0), landmarks_px=CAMERA.project(points_m))


def measure(elevation_deg: float, turned_deg: float) -> dict[str, np.ndarray]:
    plane = make_desk_plane(elevation_deg)
    rows = measure_hand_shape(CAMERA, plane, (make_flat_hand(plane, turned_deg),))
    return dict(zip(SHAPE, rows.T, strict=True))


@pytest.mark.parametrize("elevation_deg", [45.0, 75.0])
@pytest.mark.parametrize("turned_deg", [0.0, 40.0, 180.0])
def test_lengths_do_not_depend_on_the_view(elevation_deg: float, turned_deg: float) -> None:
    """Lengths and reach in millimetres on the surface, from any side; the camera's elevation."""
    shape = measure(elevation_deg, turned_deg)
    np.testing.assert_allclose(shape["length_mm"], 0.6e3 * np.array(list(LENGTHS_M.values())), atol=0.01)
    np.testing.assert_allclose(shape["reach_mm"], 0.6e3 * (KNUCKLE_M + np.array(list(LENGTHS_M.values()))), atol=0.01)
    np.testing.assert_allclose(shape["elevation_deg"], elevation_deg, atol=1e-6)


@pytest.mark.parametrize("turned_deg", [0.0, 60.0, 90.0, 180.0])
def test_facing_tells_the_cameras_side(turned_deg: float) -> None:
    """The cosine of the hand's direction to the camera's, by as much as the camera looks along the desk: positive for
    fingers that point to the camera, negative for a camera behind the hands, next to nothing from straight above."""
    expected = np.cos(np.radians(turned_deg)) * np.cos(np.radians(45))
    np.testing.assert_allclose(measure(45.0, turned_deg)["facing"], expected, atol=1e-6)
    np.testing.assert_allclose(measure(89.9, turned_deg)["facing"], 0.0, atol=0.01)


def test_missing_landmarks_are_missing_in_their_finger_only() -> None:
    """A fingertip that is not over the surface has no length; without a wrist no finger has a reach."""
    plane = make_desk_plane(60.0)
    hand = make_flat_hand(plane, 0.0)
    hand.landmarks_px[8] = np.nan
    length_mm, reach_mm, *_ = measure_hand_shape(CAMERA, plane, (hand,)).T
    assert np.isnan(length_mm).tolist() == [False, True, False, False, False]
    hand.landmarks_px[0] = np.nan
    length_mm, reach_mm, *_ = measure_hand_shape(CAMERA, plane, (hand, make_flat_hand(plane, 0.0))).T
    assert np.isnan(reach_mm[: len(FINGERS)]).all()
    assert np.isfinite(length_mm[2])
    assert np.isfinite(reach_mm[len(FINGERS) :]).all()
