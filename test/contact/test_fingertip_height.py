"""Fingertips from depth: the rim's height follows the pad, wherever the landmark wanders and whatever stands beside."""

from __future__ import annotations

import numpy as np
import pytest

from contact_world import CAMERA, make_desk_plane, make_hand, render_fingers
from fingertip_contact.contact.measurement.fingertip_height import measure_rims
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS, DepthImage
from fingertip_contact.geometry import Plane

HAND = make_hand(0)
TIPS = HAND.landmarks_px[list(FINGERTIP_LANDMARKS)] + np.array([0.0, 2.0])


def measure_rims_m(
    elevation_deg: float, lift_m: float, shift_px: tuple[float, float] = (0.0, 0.0), seed: int = 0
) -> np.ndarray:
    plane = make_desk_plane(elevation_deg)
    depth = render_fingers(plane, TIPS, lift_m, seed)
    return measure_rims(depth, CAMERA, plane, (make_hand(0, shift_px),), ContactParameters()).rim_height_m


@pytest.mark.parametrize("elevation_deg", [45, 60, 75])
def test_rim_height_follows_pad_height(elevation_deg: float) -> None:
    """8 mm of clearance raise the visible rim by 6 to 12 mm, and a touching one stands 5 to 11.5 mm high."""
    in_contact, lifted = measure_rims_m(elevation_deg, 0.0), measure_rims_m(elevation_deg, 0.008)
    assert np.all((in_contact > 0.005) & (in_contact < 0.0115))
    assert np.all((lifted - in_contact > 0.006) & (lifted - in_contact < 0.012))


@pytest.mark.parametrize("shift_px", [(4.0, 0.0), (-4.0, 0.0), (0.0, -7.0), (3.0, -5.0)])
def test_landmark_errors_hardly_change_the_height(shift_px: tuple[float, float]) -> None:
    """Landmarks some pixels beside or behind the end of the finger change the height by less than 2 mm."""
    assert np.abs(measure_rims_m(60, 0.004, shift_px) - measure_rims_m(60, 0.004)).max() < 0.002


def test_depth_bias_cancels_over_the_depth_plane() -> None:
    """Depth that is 2.5 % too near raises no finger if the desk is taken from the same depth."""
    plane = make_desk_plane(60)
    depth = render_fingers(plane, TIPS, 0.004, 0)
    biased = DepthImage(depth.values * np.float32(0.975 * depth.unit_m), 1.0)
    depth_plane = Plane(plane.normal, plane.offset_m * 0.975)
    true, found = (
        measure_rims(image, CAMERA, seen, (HAND,), ContactParameters())
        for image, seen in ((depth, plane), (biased, depth_plane))
    )
    np.testing.assert_allclose(found.rim_height_m, true.rim_height_m, atol=0.0005)
    over_plane = measure_rims(biased, CAMERA, plane, (HAND,), ContactParameters())
    assert not np.allclose(over_plane.rim_height_m, true.rim_height_m, atol=0.003)


def test_fingertip_end_is_assigned_to_one_finger() -> None:
    """A ring finger that the middle one hides, its landmark beside the middle one's, is not seen; the middle one is."""
    plane = make_desk_plane(60)
    middle, ring = 2, 3
    depth = render_fingers(plane, np.delete(TIPS, ring, axis=0), 0.0, 5)
    hidden = make_hand(0)
    hidden.landmarks_px[FINGERTIP_LANDMARKS[ring]] = TIPS[middle] + (6.0, -3.0)
    rim_height_m = measure_rims(depth, CAMERA, plane, (hidden,), ContactParameters()).rim_height_m
    assert np.isnan(rim_height_m[ring])
    assert np.isfinite(rim_height_m[middle])


def test_missing_depth_gives_no_height() -> None:
    """Without depth nothing is measured, and nothing is raised."""
    empty = DepthImage(np.zeros((480, 640), np.uint16), 0.001)
    result = measure_rims(empty, CAMERA, make_desk_plane(60), (HAND,), ContactParameters())
    assert np.isnan(result.rim_height_m).all()


def test_hand_at_the_image_border_is_handled() -> None:
    """A hand half outside the image gives NaN for what is outside."""
    plane = make_desk_plane(60)
    depth = render_fingers(plane, TIPS, 0.0, 4)
    outside = make_hand(0, (-170.0, 250.0))
    result = measure_rims(depth, CAMERA, plane, (outside,), ContactParameters())
    assert result.rim_height_m.shape == (5,)
    assert np.isnan(result.rim_height_m[0])


def test_float_and_integer_depth_give_equal_heights() -> None:
    """32FC1 depth with NaN holes measures what 16UC1 with zeros does."""
    plane = make_desk_plane(60)
    expected = render_fingers(plane, TIPS, 0.005, 5)
    metres = expected.to_metres()
    first = measure_rims(expected, CAMERA, plane, (HAND,), ContactParameters())
    second = measure_rims(DepthImage(metres, 1.0), CAMERA, plane, (HAND,), ContactParameters())
    np.testing.assert_allclose(first.rim_height_m, second.rim_height_m, atol=1e-5)
