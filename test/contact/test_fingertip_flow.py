"""The way of each fingertip's image: to a tenth of a pixel, whatever the landmark does, and only of the same hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from contact_world import CAMERA, make_desk_plane, make_hand
from fingertip_contact.contact.measurement.approach import compute_approach_direction, to_approach_frame
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.measurement.fingertip_flow import FingertipFlow, make_window_px
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS, DepthImage, Frame, Hand, Surface

SHAPE = CAMERA.height, CAMERA.width
WINDOW = make_window_px(1100.0)
TIPS = list(FINGERTIP_LANDMARKS)


def make_textured_image(shift_px: tuple[float, float] = (0.0, 0.0), seed: int = 1) -> np.ndarray:
    """An image of soft blobs, moved to the right and down."""
    noise = np.random.default_rng(seed).integers(0, 255, SHAPE).astype(np.float32)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3.0), None, 0, 255, cv2.NORM_MINMAX)
    move = np.float32([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
    moved = cv2.warpAffine(soft, move, SHAPE[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.clip(moved, 0, 255).astype(np.uint8)


def update_flow(flow: FingertipFlow, image: np.ndarray, hands: tuple[Hand, ...]) -> np.ndarray:
    """All that is seen round the fingertips stands over the surface."""
    return flow.update(image, hands, WINDOW, np.ones((5 * len(hands), *WINDOW.shape[:2]), dtype=bool))


def measure_flow_px(shift_px: tuple[float, float], landmarks_px: tuple[float, float], track: int = 0) -> np.ndarray:
    """What is told of an image that moves so while the landmarks move so."""
    flow = FingertipFlow()
    update_flow(flow, make_textured_image(), (make_hand(0),))
    return update_flow(flow, make_textured_image(shift_px), (make_hand(0, landmarks_px, track),))


@pytest.mark.parametrize("shift_px", [(0.0, 0.0), (0.3, -0.6), (4.0, 7.5)])
@pytest.mark.parametrize("wander_px", [(0.0, 0.0), (0.8, -1.1)])
def test_flow_follows_the_image_and_not_the_landmark(
    shift_px: tuple[float, float], wander_px: tuple[float, float]
) -> None:
    """Within 0.1 px although landmarks are a pixel off."""
    landmarks_px = shift_px[0] + wander_px[0], shift_px[1] + wander_px[1]
    np.testing.assert_allclose(measure_flow_px(shift_px, landmarks_px), np.tile(shift_px, (5, 1)), atol=0.1)


def test_flow_falls_back_to_landmark_displacement() -> None:
    """An image without any texture: the way is the landmarks'."""
    flow = FingertipFlow()
    blank = np.full(SHAPE, 90, np.uint8)
    update_flow(flow, blank, (make_hand(0),))
    displacement_px = update_flow(flow, blank, (make_hand(0, (3.0, 2.0)),))
    np.testing.assert_allclose(displacement_px, np.tile((3.0, 2.0), (5, 1)), atol=1e-3)


def test_new_track_has_no_flow() -> None:
    """Nothing is known of a hand that was not there in the frame before, nor after reset() or an image of another
    size."""
    assert np.isnan(measure_flow_px((1.0, 0.0), (1.0, 0.0), track=7)).all()
    flow = FingertipFlow()
    update_flow(flow, make_textured_image(), (make_hand(0),))
    flow.reset()
    assert np.isnan(update_flow(flow, make_textured_image(), (make_hand(0),))).all()
    assert np.isnan(update_flow(flow, make_textured_image()[:300], (make_hand(0),))).all()


def test_hands_do_not_change_each_other() -> None:
    """Registered together or alone, a hand's flow is the same, also where the other one takes longer to be found."""
    before, after = make_textured_image(), make_textured_image((2.0, 1.0))
    found = []
    for tracks in ((0,), (1,), (0, 1), (1, 0)):
        flow, far_px = FingertipFlow(), {0: (2.0, 1.0), 1: (5.0, -3.0)}
        update_flow(flow, before, tuple(make_hand(0, (30.0 * track, 0.0), track) for track in (0, 1)))
        moved = [make_hand(0, (30.0 * track + far_px[track][0], far_px[track][1]), track) for track in tracks]
        found.append(update_flow(flow, after, tuple(moved)))
    first, second, both, reverse = found
    np.testing.assert_allclose(both, np.concatenate([first, second]), atol=1e-6)
    np.testing.assert_allclose(reverse, np.concatenate([second, first]), atol=1e-6)


def test_estimator_resets_when_time_does() -> None:
    """Ways are metres at the middle of the hand; a stamp that does not advance has none, as the first frame of all."""
    plane = make_desk_plane(60)
    estimator = FingertipEstimator(ContactParameters(), with_rims=False, with_appearance=False)
    depth = DepthImage(np.full(SHAPE, 340, np.uint16), 0.001)
    flow_m = []
    for stamp_ns, shift_px in ((5, 0.0), (6, 2.0), (6, 4.0), (7, 6.0)):
        color_bgr = cv2.merge([make_textured_image((shift_px, 0.0))] * 3)
        frame = Frame(stamp_ns, "camera", CAMERA, color_bgr, depth)
        measured = estimator.measure(frame, (make_hand(0, (shift_px, 0.0)),), Surface(plane, plane, 0.0, 1.0, stamp_ns))
        assert measured is not None
        flow_m.append(np.linalg.norm(measured.flow_m, axis=1))
    assert np.isnan(flow_m[0]).all()
    assert np.isnan(flow_m[2]).all()
    depth_m = plane.depth_at_m(CAMERA.rays(make_hand(0).landmarks_px.mean(axis=0)[None]))
    np.testing.assert_allclose(flow_m[1], 2.0 * depth_m[0] / CAMERA.fx, rtol=0.06)


def test_static_background_does_not_bias_flow() -> None:
    """The fingertip moves over a print that stands still: its own pixels alone tell its way."""
    still, moved = make_textured_image(seed=2), make_textured_image((3.0, 1.5))
    before, after = still.copy(), still.copy()
    standing = np.zeros((5, *WINDOW.shape[:2]), dtype=bool)
    # Its left half is finger.
    standing[:, :, : len(WINDOW) // 2] = True
    for column, row in np.rint(make_hand(0).landmarks_px[TIPS]).astype(int):
        for image, source, (right, down) in ((before, make_textured_image(), (0, 0)), (after, moved, (3, 2))):
            part = slice(row + down - 9, row + down + 10), slice(column + right - 9, column + right)
            image[part] = source[part]
    flow = FingertipFlow()
    flow.update(before, (make_hand(0),), WINDOW, standing)
    displacement_px = flow.update(after, (make_hand(0, (2.4, 1.0)),), WINDOW, standing)
    np.testing.assert_allclose(displacement_px, np.tile((3.0, 1.5), (5, 1)), atol=0.25)
    flow.update(before, (make_hand(0),), WINDOW, np.ones_like(standing))
    full_mask = flow.update(after, (make_hand(0, (2.4, 1.0)),), WINDOW, np.ones_like(standing))
    assert np.abs(full_mask - (3.0, 1.5)).max() > 0.5


def test_descent_projects_along_the_surface_normal() -> None:
    """A point that comes down by a millimetre moves along compute_approach_direction, and not across it."""
    plane = make_desk_plane(52)
    high_m = np.array([[0.02, 0.01, 0.33], [-0.05, -0.03, 0.30]])
    low_m = high_m - 0.001 * plane.normal
    high_px = CAMERA.project(high_m)
    across, along = to_approach_frame(
        compute_approach_direction(CAMERA, plane.normal, high_px), CAMERA.project(low_m) - high_px
    ).T
    assert np.abs(across).max() < 0.01
    assert (along > 0.5).all()


def test_flow_rows_follow_the_hand_order() -> None:
    """Five rows a hand in the order given; none without hands."""
    flow = FingertipFlow()
    left, right = make_hand(0), make_hand(1)
    assert update_flow(flow, make_textured_image(), ()).shape == (0, 2)
    update_flow(flow, make_textured_image(), (right,))
    displacement_px = update_flow(flow, make_textured_image((2.0, 0.0)), (left, right))
    assert np.isnan(displacement_px[:5]).all()
    np.testing.assert_allclose(displacement_px[5:], np.tile((2.0, 0.0), (5, 1)), atol=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -50.0])
def test_landmarks_outside_the_image_give_no_flow(value: float) -> None:
    """Landmarks that are no place in the image give no way, and no error."""
    outside = make_hand(0)
    outside.landmarks_px[TIPS[2]] = value
    flow = FingertipFlow()
    for image, seen in (
        (make_textured_image(), outside),
        (make_textured_image((1.0, 0.0)), make_hand(0)),
        (make_textured_image((2.0, 0.0)), outside),
    ):
        displacement_px = update_flow(flow, image, (seen,))
        assert np.isnan(displacement_px[2]).all()


def test_landmarks_are_copied() -> None:
    """What the caller does to its landmarks afterwards changes nothing."""
    kept = make_hand(0)
    flow = FingertipFlow()
    update_flow(flow, make_textured_image(), (kept,))
    kept.landmarks_px[:] = 0.0
    displacement_px = update_flow(flow, make_textured_image((1.0, 1.0)), (make_hand(0, (1.0, 1.0)),))
    np.testing.assert_allclose(displacement_px, np.ones((5, 2)), atol=0.1)
