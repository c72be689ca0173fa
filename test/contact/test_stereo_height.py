"""Heights from both imagers: the finger's own disparity, to a millimetre, and NaN where the imagers do not agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contact_world import make_desk_plane, make_hand
from fingertip_contact.contact.measurement.disparity import register_across
from fingertip_contact.contact.measurement.finger_region import find_finger_pixels, stack_tips_px
from fingertip_contact.contact.measurement.fingertip_flow import make_window_px
from fingertip_contact.contact.measurement.stereo_height import MIN_CORRELATION, StereoFingertips
from fingertip_contact.datatypes import Hand, StereoImages
from fingertip_contact.geometry import Camera, Plane, RigidTransform
from stereo_world import BASELINE_M, IMAGER, NOISE_GREY, make_texture, render_stereo

# From straight above all of a finger has one disparity.
PLANE = make_desk_plane(90, distance_m=0.3)
HAND = make_hand(0, (-15.0, -20.0))
PIXELS_PER_M = IMAGER.fx / 0.3
WINDOW = make_window_px(PIXELS_PER_M)
HALF = len(WINDOW) // 2


def make_shifted_pair(disparity_px: float) -> tuple[np.ndarray, np.ndarray]:
    """Left and right picture of a texture at one disparity, with noise."""
    rows, columns = np.mgrid[:80, :320].astype(float)
    pictures = []
    for imager in range(2):
        grey = make_texture(np.stack([columns + imager * disparity_px, rows], axis=-1), 6.0, seed=3)
        grey += np.random.default_rng(imager).normal(0.0, NOISE_GREY, grey.shape)
        pictures.append(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return pictures[0], pictures[1]


@pytest.mark.parametrize("disparity_px", [20.0, 22.25, 23.5, 25.9])
def test_registration_finds_the_disparity_of_a_texture(disparity_px: float) -> None:
    """Within 0.05 px, with 1.5 grey levels of noise, whatever the part of a pixel."""
    pixels = np.array([[column, row] for row in (20, 40, 60) for column in range(60, 300, 30)])
    mask = np.ones((len(pixels), *WINDOW.shape[:2]), dtype=bool)
    low_px, high_px = np.full(len(pixels), 16.0), np.full(len(pixels), 30.0)
    found_px, correlation = register_across(*make_shifted_pair(disparity_px), pixels, mask, WINDOW, low_px, high_px)
    np.testing.assert_allclose(found_px, disparity_px, atol=0.05)
    assert correlation.min() > 0.9


def test_registration_searches_the_given_range_only() -> None:
    """A disparity out of range is not found, and without a range the correlation is 0."""
    pixels = np.array([[100, 40], [160, 40], [220, 40]])
    low_px, high_px = np.array([10.0, 20.0, np.nan]), np.array([15.0, 25.0, 25.0])
    mask = np.ones((3, *WINDOW.shape[:2]), dtype=bool)
    found_px, correlation = register_across(*make_shifted_pair(22.5), pixels, mask, WINDOW, low_px, high_px)
    assert correlation[0] < MIN_CORRELATION < correlation[1]
    assert found_px[1] == pytest.approx(22.5, abs=0.05)
    assert correlation[2] == 0.0


def measure(
    stereo: StereoImages,
    stereo_fingertips: StereoFingertips | None = None,
    hand: Hand = HAND,
    camera: Camera = IMAGER,
    plane: Plane = PLANE,
    frames: int = 1,
) -> np.ndarray:
    """Heights of a hand in millimetres, by the last of some frames that are all alike."""
    fingertips = stereo_fingertips or StereoFingertips()
    window = make_window_px(camera.focal_px / 0.3)
    on_finger = find_finger_pixels((hand,), window, camera.focal_px / 0.3)
    for _ in range(frames):
        heights_m = fingertips.measure(stereo, camera, plane, stack_tips_px((hand,)), window, on_finger)
    return 1e3 * heights_m


@pytest.mark.parametrize(("height_mm", "tolerance_mm"), [(0.0, 1.0), (4.0, 1.0), (9.0, 1.0), (25.0, 2.5), (50.0, 2.5)])
def test_heights_are_those_of_the_finger(height_mm: float, tolerance_mm: float) -> None:
    """Within 1 mm at 30 cm, with a D405's focal length and baseline, though the window shows desk beside the finger;
    within 2.5 mm far above the desk."""
    np.testing.assert_allclose(measure(render_stereo(PLANE, HAND, height_mm / 1e3)), height_mm, atol=tolerance_mm)


def test_oblique_view_measures_the_way_up() -> None:
    """From 60 degrees disparity changes from row to row, which windows do not follow: a height is up to 2 mm off, its
    change by 9 mm within 1 mm."""
    plane = make_desk_plane(60, distance_m=0.3)
    low_mm, high_mm = (measure(render_stereo(plane, HAND, height_m), plane=plane) for height_m in (0.004, 0.013))
    np.testing.assert_allclose(low_mm, 4.0, atol=2.0)
    np.testing.assert_allclose(high_mm - low_mm, 9.0, atol=1.0)


def test_desk_beside_the_finger_does_not_count() -> None:
    """Of a window that is mostly desk, the finger's pixels alone decide: with all pixels the desk's disparity wins."""
    stereo = render_stereo(PLANE, HAND, 0.012, radius_px=5.0)
    tips_px = stack_tips_px((HAND,))
    narrow = find_finger_pixels((HAND,), WINDOW, PIXELS_PER_M, half_width_m=0.003, forward_m=0.0)
    everything = np.ones_like(narrow)
    own_mm, mixed_mm = (
        1e3 * StereoFingertips().measure(stereo, IMAGER, PLANE, tips_px, WINDOW, mask) for mask in (narrow, everything)
    )
    np.testing.assert_allclose(own_mm, 12.0, atol=1.5)
    assert not np.any(np.abs(mixed_mm - 12.0) < 1.5)


@pytest.mark.parametrize("error_px", [0.4, -0.4])
def test_calibration_error_is_learnt_from_the_desk(error_px: float) -> None:
    """Imagers that are 0.4 px off (4 mm of height): the desk's offset is measured, and heights stay right."""
    fingertips = StereoFingertips()
    assert fingertips.offset_px == 0.0
    stereo = render_stereo(PLANE, HAND, 0.009, disparity_error_px=error_px)
    np.testing.assert_allclose(measure(stereo, fingertips), 9.0, atol=1.0)
    assert fingertips.offset_px == pytest.approx(error_px, abs=0.06)


def test_untextured_fingers_have_no_height() -> None:
    """Skin of one grey shows nothing to register: NaN, and not the desk's height."""
    flat = render_stereo(PLANE, HAND, 0.009, finger_contrast=0.0)
    # The middle of the finger, where no edge is in sight.
    inner = find_finger_pixels((HAND,), WINDOW, PIXELS_PER_M, half_width_m=0.004, forward_m=-0.004)
    heights_m = StereoFingertips().measure(flat, IMAGER, PLANE, stack_tips_px((HAND,)), WINDOW, inner)
    assert np.isnan(heights_m).all()


def test_fingers_hidden_from_one_imager_have_no_height() -> None:
    """Where the imagers show different things there is nothing to register."""
    assert np.isnan(measure(render_stereo(PLANE, HAND, 0.009, hidden_from_right=True))).all()


def test_landmarks_that_are_no_place_in_the_image_have_no_height() -> None:
    """Landmarks that are not finite, outside the image or too close to its border: NaN, the others are measured."""
    hand = make_hand(0, (-15.0, -20.0))
    stereo = render_stereo(PLANE, hand, 0.009)
    for landmark, place in ((4, (np.nan, np.nan)), (8, (-40.0, 100.0)), (12, (159.0, 238.0))):
        hand.landmarks_px[landmark] = place
    heights_mm = measure(stereo, hand=hand)
    assert np.isnan(heights_mm[:3]).all()
    np.testing.assert_allclose(heights_mm[3:], 9.0, atol=1.0)


def test_color_camera_of_its_own() -> None:
    """A colour camera beside the imagers, turned, with distortion and a focal length a quarter longer, plane and
    landmarks its own: heights within 2 mm, because the window is the colour image's, a quarter larger."""
    angle = np.radians(1.5)
    rotation = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    color_from_left = RigidTransform(rotation, np.array([-0.015, 0.001, 0.0]))
    camera = Camera(540.0, 538.0, 320.0, 240.0, 640, 480, (-0.055, 0.065, 0.0, 0.0004, -0.02))
    stereo = render_stereo(PLANE, HAND, 0.009, color_from_left=color_from_left)
    raised = Plane(PLANE.normal, PLANE.offset_m - 0.009)
    landmarks_m = color_from_left.apply(raised.intersect(IMAGER.rays(HAND.landmarks_px)))
    hand = replace(HAND, landmarks_px=camera.project(landmarks_m).astype(np.float32))
    normal = color_from_left.rotate(PLANE.normal)
    plane = Plane(normal, PLANE.offset_m - float(normal @ color_from_left.translation_m))
    np.testing.assert_allclose(measure(stereo, hand=hand, camera=camera, plane=plane), 9.0, atol=2.0)


def test_baseline_is_that_of_the_pictures() -> None:
    """Twice the baseline in the frame's description: half the distance, which is no height over this desk."""
    stereo = replace(render_stereo(PLANE, HAND, 0.009), baseline_m=2 * BASELINE_M)
    assert np.isnan(measure(stereo)).all()
