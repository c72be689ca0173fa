"""Rules of the profiles across fingers: widths, rises and valleys of shapes whose answers are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingertip_research.evaluation.sensor.profiles import (
    Strip,
    compute_height_profile,
    compute_valley,
    measure_color_width_px,
    measure_profile,
)

DESK_M, HEIGHT_M = 0.45, 0.018


def make_depth(*fingers: tuple[int, int], blur_px: int = 1) -> np.ndarray:
    """A desk with upright boxes over columns [first, last), its depth averaged over blur_px columns: (1, 80, 120)."""
    depth_m = np.full((80, 120), DESK_M)
    for first, last in fingers:
        depth_m[:, first:last] -= HEIGHT_M
    return cv2.blur(depth_m, (blur_px, 1))[None]


UPRIGHT = Strip(centre_px=(60.0, 40.0), along=(0.0, 1.0), length_px=30.0, reach_px=30.0)


@pytest.mark.parametrize("blur_px", [5, 9])
def test_a_blurred_box_keeps_its_width_and_rises_over_four_fifths_of_the_blur(blur_px):
    """A boxcar blur turns each edge into a ramp: 10 to 90 % take 0.8 of its length. Half height stays in place."""
    profile = measure_profile(compute_height_profile(make_depth((51, 69), blur_px=blur_px), UPRIGHT))
    assert profile.width_px == pytest.approx(18.0, abs=0.1)
    assert profile.peak_m == pytest.approx(HEIGHT_M, rel=0.01)
    assert profile.rise_px == pytest.approx(0.8 * blur_px, abs=0.2)


def test_a_slanted_finger_is_as_wide_as_an_upright_one():
    """Profiles run across the finger, whatever its direction; nearest pixels blur an edge by less than two pixels."""
    turn = cv2.getRotationMatrix2D((60.0, 40.0), 30.0, 1.0)
    slanted = cv2.warpAffine(make_depth((53, 67))[0], turn, (120, 80), borderMode=cv2.BORDER_REPLICATE)[None]
    strip = Strip((60.0, 40.0), (np.sin(np.radians(30)), np.cos(np.radians(30))), 20.0, 24.0)
    profile = measure_profile(compute_height_profile(slanted, strip))
    assert profile.width_px == pytest.approx(14.0, abs=0.5)
    assert profile.rise_px < 2.0


def test_heights_are_over_the_surface_beside_the_finger():
    """A desk that falls away to one side does not change the peak; holes are bridged."""
    depth_m = make_depth((54, 66)) + 0.0004 * np.arange(120)
    depth_m[:, 30:45:2, 48:52] = np.nan
    profile = measure_profile(compute_height_profile(depth_m, UPRIGHT))
    assert profile.peak_m == pytest.approx(HEIGHT_M, abs=0.003)
    assert profile.width_px == pytest.approx(12.0, abs=0.5)


def test_a_finger_without_a_visible_surface_is_an_error():
    depth_m = make_depth((54, 66))
    depth_m[:, :, :50] = np.nan
    with pytest.raises(ValueError, match="beside the finger has no depth"):
        compute_height_profile(depth_m, UPRIGHT)


def test_a_finger_that_fills_the_profile_has_no_width():
    profile = measure_profile(np.linspace(0.01, 0.02, 20))
    assert np.isnan(profile.width_px)


def test_width_in_colour_whatever_lies_on_either_side():
    """Skin 12 px wide between a white and a black surface, slightly blurred."""
    image = np.zeros((80, 120, 3), np.uint8)
    image[:, :60] = 240
    image[:, 54:66] = (128, 160, 212)
    assert measure_color_width_px(cv2.GaussianBlur(image, (0, 0), 0.8), UPRIGHT) == pytest.approx(12.0, abs=0.4)


def test_valley_between_two_fingers():
    """1 where the desk is seen between them, 0 where they are one, one half where the gap is half filled."""
    for filled, expected in ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0)):
        depth_m = make_depth((48, 58), (62, 72))
        depth_m[:, :, 58:62] -= filled * HEIGHT_M
        heights_m = compute_height_profile(depth_m, UPRIGHT)
        assert compute_valley(heights_m, 53 - 30, 67 - 30) == pytest.approx(expected, abs=0.02)


def test_valley_is_relative_to_the_lower_finger():
    """A finger half as high as its neighbour, with the desk between at a quarter: half of the lower one's height."""
    heights_m = np.zeros(61)
    heights_m[18:28], heights_m[28:32], heights_m[32:42] = 0.02, 0.005, 0.01
    assert compute_valley(heights_m, 23, 37) == pytest.approx(0.5)
