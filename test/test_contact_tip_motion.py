"""The way of each fingertip's picture: to a tenth of a pixel, whatever the landmark does, and only of the same hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from contact_world import CAMERA, desk, hand

from fingertip_contact.contact.fingertip_meter import FingertipEstimator
from fingertip_contact.contact.fingertips import compute_approach_direction, to_approach_frame
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.tip_motion import FingertipFlow, make_window_px
from fingertip_contact.frames import FINGERTIP_LANDMARKS, DepthImage, Frame, Hand

SHAPE = CAMERA.height, CAMERA.width
WINDOW = make_window_px(1100.0)
TIPS = list(FINGERTIP_LANDMARKS)


def textured(shift_px: tuple[float, float] = (0.0, 0.0), seed: int = 1) -> np.ndarray:
    """A picture of soft blobs, moved to the right and down."""
    noise = np.random.default_rng(seed).integers(0, 255, SHAPE).astype(np.float32)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3.0), None, 0, 255, cv2.NORM_MINMAX)
    move = np.float32([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
    moved = cv2.warpAffine(soft, move, SHAPE[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return cv2.merge([np.clip(moved, 0, 255).astype(np.uint8)] * 3)


def update(motion: FingertipFlow, picture: np.ndarray, hands: tuple[Hand, ...]) -> np.ndarray:
    """All that is seen round the fingertips stands over the surface."""
    return motion.update(picture, hands, WINDOW, np.ones((5 * len(hands), *WINDOW.shape[:2]), dtype=bool))


def way_px(shift_px: tuple[float, float], landmarks_px: tuple[float, float], track: int = 0) -> np.ndarray:
    """What is told of a picture that moves so while the landmarks move so."""
    motion = FingertipFlow()
    update(motion, textured(), (hand(0),))
    return update(motion, textured(shift_px), (hand(0, landmarks_px, track),))


@pytest.mark.parametrize("shift_px", [(0.0, 0.0), (0.3, -0.6), (4.0, 7.5)])
@pytest.mark.parametrize("wander_px", [(0.0, 0.0), (0.8, -1.1)])
def test_way_is_the_picture_s_and_not_the_landmark_s(
    shift_px: tuple[float, float], wander_px: tuple[float, float]
) -> None:
    """Within 0.1 px although landmarks are a pixel off."""
    landmarks_px = shift_px[0] + wander_px[0], shift_px[1] + wander_px[1]
    np.testing.assert_allclose(way_px(shift_px, landmarks_px), np.tile(shift_px, (5, 1)), atol=0.1)


def test_where_nothing_is_found_the_landmark_is_believed() -> None:
    """A picture without any texture: the way is the landmarks'."""
    motion = FingertipFlow()
    blank = np.full((*SHAPE, 3), 90, np.uint8)
    update(motion, blank, (hand(0),))
    way = update(motion, blank, (hand(0, (3.0, 2.0)),))
    np.testing.assert_allclose(way, np.tile((3.0, 2.0), (5, 1)), atol=1e-3)


def test_another_track_has_no_way_yet() -> None:
    """Nothing is known of a hand that was not there in the frame before, nor after reset() or a picture of another
    size."""
    assert np.isnan(way_px((1.0, 0.0), (1.0, 0.0), track=7)).all()
    motion = FingertipFlow()
    update(motion, textured(), (hand(0),))
    motion.reset()
    assert np.isnan(update(motion, textured(), (hand(0),))).all()
    assert np.isnan(update(motion, textured()[:300], (hand(0),))).all()


def test_meter_starts_anew_where_time_does() -> None:
    """Ways are metres at the fingertips; a stamp that does not advance has none, as the first frame of all."""
    plane = desk(60)
    estimator = FingertipEstimator(ContactParameters())
    depth = DepthImage(np.full(SHAPE, 340, np.uint16), 0.001)
    ways_m = []
    for stamp_ns, shift_px in ((5, 0.0), (6, 2.0), (6, 4.0), (7, 6.0)):
        frame = Frame(stamp_ns, "camera", CAMERA, textured((shift_px, 0.0)), depth)
        measured = estimator.measure(frame, (hand(0, (shift_px, 0.0)),), plane)
        assert measured is not None
        ways_m.append(np.linalg.norm(measured.flow_m, axis=1))
    assert np.isnan(ways_m[0]).all()
    assert np.isnan(ways_m[2]).all()
    depth_m = plane.depth_at_m(CAMERA.rays(hand(0).landmarks_px[TIPS]))
    np.testing.assert_allclose(ways_m[1], 2.0 * depth_m / CAMERA.fx, rtol=0.06)


def test_what_lies_on_the_desk_holds_nothing_back() -> None:
    """The fingertip moves over a print that stands still: its own pixels alone tell its way."""
    still, moved = textured(seed=2), textured((3.0, 1.5))
    before, after = still.copy(), still.copy()
    standing = np.zeros((5, *WINDOW.shape[:2]), dtype=bool)
    # Its left half is finger.
    standing[:, :, : len(WINDOW) // 2] = True
    for column, row in np.rint(hand(0).landmarks_px[TIPS]).astype(int):
        for picture, source, (right, down) in ((before, textured(), (0, 0)), (after, moved, (3, 2))):
            part = slice(row + down - 9, row + down + 10), slice(column + right - 9, column + right)
            picture[part] = source[part]
    motion = FingertipFlow()
    motion.update(before, (hand(0),), WINDOW, standing)
    way = motion.update(after, (hand(0, (2.4, 1.0)),), WINDOW, standing)
    np.testing.assert_allclose(way, np.tile((3.0, 1.5), (5, 1)), atol=0.25)
    motion.update(before, (hand(0),), WINDOW, np.ones_like(standing))
    everything = motion.update(after, (hand(0, (2.4, 1.0)),), WINDOW, np.ones_like(standing))
    assert np.abs(everything - (3.0, 1.5)).max() > 0.5


def test_way_of_coming_down_is_along_the_normal_in_the_picture() -> None:
    """A point that comes down by a millimetre moves along compute_approach_direction, and not across it."""
    plane = desk(52)
    high_m = np.array([[0.02, 0.01, 0.33], [-0.05, -0.03, 0.30]])
    low_m = high_m - 0.001 * plane.normal
    high_px = CAMERA.project(high_m)
    across, along = to_approach_frame(
        compute_approach_direction(CAMERA, plane.normal, high_px), CAMERA.project(low_m) - high_px
    ).T
    assert np.abs(across).max() < 0.01
    assert (along > 0.5).all()


def test_hands_keep_their_rows() -> None:
    """Five rows a hand in the order given; none without hands."""
    motion = FingertipFlow()
    left, right = hand(0), hand(1)
    assert update(motion, textured(), ()).shape == (0, 2)
    update(motion, textured(), (right,))
    way = update(motion, textured((2.0, 0.0)), (left, right))
    assert np.isnan(way[:5]).all()
    np.testing.assert_allclose(way[5:], np.tile((2.0, 0.0), (5, 1)), atol=0.1)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -50.0])
def test_landmarks_off_the_picture_are_survived(value: float) -> None:
    """Landmarks that are no place in the picture give no way, and no error."""
    off = hand(0)
    off.landmarks_px[TIPS[2]] = value
    motion = FingertipFlow()
    for picture, seen in ((textured(), off), (textured((1.0, 0.0)), hand(0)), (textured((2.0, 0.0)), off)):
        way = update(motion, picture, (seen,))
        assert np.isnan(way[2]).all()


def test_landmarks_are_kept_as_they_were() -> None:
    """What the caller does to its landmarks afterwards changes nothing."""
    kept = hand(0)
    motion = FingertipFlow()
    update(motion, textured(), (kept,))
    kept.landmarks_px[:] = 0.0
    way = update(motion, textured((1.0, 1.0)), (hand(0, (1.0, 1.0)),))
    np.testing.assert_allclose(way, np.ones((5, 2)), atol=0.1)
