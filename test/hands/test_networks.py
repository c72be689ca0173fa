"""Rules of the hand pipeline's parts: regions, palms, handedness, and errors for bad input."""

from __future__ import annotations

from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.hands import roi
from fingertip_contact.hands.handedness import MAX_OBSERVATION_LOG_ODDS, assign_handedness, update_log_odds
from fingertip_contact.hands.landmark_model import Landmarks
from fingertip_contact.hands.palm_detector import PalmDetector, intersection_over_union, merge_by_weighted_nms
from fingertip_contact.hands.roi import Roi
from fingertip_contact.hands.track import MIRRORED_LANDMARKS, Track
from fingertip_contact.hands.tracker import HandTracker

# An upright hand, roughly: wrist at the bottom, knuckles above, fingers up.
HAND_PX = np.array(
    [[0, 0], [-30, -15], [-50, -40], [-60, -60], [-70, -75]]
    + [[x, y] for x in (-25, 0, 20, 38) for y in (-90, -125, -145, -165)],
    np.float32,
)


def rotate(points: np.ndarray, angle: float) -> np.ndarray:
    return points @ np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])


@given(angle=st.floats(-3.0, 3.0), scale=st.floats(0.2, 4), x=st.floats(0, 600), y=st.floats(0, 600))
def test_region_moves_with_the_hand(angle: float, scale: float, x: float, y: float):
    """Turned, scaled and shifted landmarks have the turned, scaled and shifted region."""
    start = roi.from_landmarks(HAND_PX)
    transformed = roi.from_landmarks(rotate(HAND_PX * scale, angle) + np.array([x, y]))
    center = rotate(np.array([start.x, start.y]) * scale, angle) + np.array([x, y])
    assert np.allclose((transformed.x, transformed.y), center, atol=0.01)
    assert transformed.size == pytest.approx(start.size * scale, rel=1e-4)
    assert abs(((transformed.rotation - start.rotation - angle + pi) % (2 * pi)) - pi) < 1e-4


def test_region_of_an_upright_hand_is_not_rotated():
    """A hand that points up needs no rotation."""
    assert abs(roi.from_landmarks(HAND_PX).rotation) < 0.1


def test_crop_corners_match_the_region():
    """The crop's corners map to the corners of the turned square."""
    square = Roi(x=100.0, y=50.0, size=40.0, rotation=pi / 2)
    corners = np.array([[0, 0, 1], [224, 0, 1], [112, 112, 1]]) @ square.image_from_crop(224).T
    assert np.allclose(corners, [[120, 30], [120, 70], [100, 50]])


def test_palm_region_reaches_towards_the_fingers():
    """The hand's region lies ahead of the palm, in the direction from wrist to middle knuckle."""
    region = roi.from_palm(np.array([90, 90, 110, 110]), wrist=np.array([100, 90]), middle_knuckle=np.array([100, 110]))
    assert (region.x, region.y) == pytest.approx((100, 110))
    assert region.size == pytest.approx(52)
    assert abs(region.rotation) == pytest.approx(pi)


def test_overlapping_palms_are_merged():
    """Detections of one palm are averaged by their scores; a distant palm is kept separate."""
    first = np.array([[0, 0], [10, 10]] + [[5, 5]] * 7, float)
    merged = merge_by_weighted_nms(np.stack([first, first + 1, first + 100]), np.array([0.9, 0.6, 0.7]))
    assert len(merged) == 2
    assert np.allclose(merged[0], first + 0.4)
    assert np.allclose(merged[1], first + 100)


def test_box_overlap_is_intersection_over_union():
    """Intersection over union of the same, half-covering and distant boxes."""
    box = np.array([[0, 0], [2, 2]], float)
    assert intersection_over_union(box, np.stack([box, box + np.array([1, 0]), box + 9])) == pytest.approx(
        [1, 1 / 3, 0]
    )


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_handedness_evidence_is_bounded(probabilities: list[float]):
    """However long a hand was seen as one side, 21 certain observations of the other outweigh it."""
    log_odds = 0.0
    for probability in probabilities:
        log_odds = update_log_odds(log_odds, probability)
    for _ in range(21):
        log_odds = update_log_odds(log_odds, 0.0)
    assert log_odds < 0


def test_single_wrong_frame_does_not_change_handedness():
    """A hand keeps its handedness through a frame that contradicts it."""
    log_odds = update_log_odds(0.0, 0.99)
    assert assign_handedness([log_odds], [None]) == ["right"]
    assert assign_handedness([update_log_odds(log_odds, 0.0)], ["right"]) == ["right"]


@pytest.mark.parametrize("frames_per_second", [30, 60, 90])
def test_handedness_evidence_is_independent_of_the_frame_rate(frames_per_second: int):
    """A wrong start of a third of a second is outvoted in the same time at any frame rate."""
    log_odds, interval_ns = 10 * MAX_OBSERVATION_LOG_ODDS, round(1e9 / frames_per_second)
    frames = 0
    while log_odds > 0:
        log_odds = update_log_odds(log_odds, 0.0, interval_ns)
        frames += 1
    assert frames / frames_per_second == pytest.approx(1 / 3, abs=0.04)


def test_two_hands_get_different_handedness():
    """Of two hands with evidence for a right one, the one with more evidence is the right hand."""
    assert assign_handedness([2.0, 9.0], [None, None]) == ["left", "right"]
    assert assign_handedness([9.0, 2.0], [None, None]) == ["right", "left"]


def test_handedness_has_hysteresis():
    """Hands with balanced evidence keep their handedness."""
    assert assign_handedness([1.0, 1.1], ["right", "left"]) == ["right", "left"]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((480, 640), np.uint8),
        np.zeros((480, 640, 4), np.uint8),
        np.zeros((480, 640, 3), np.float32),
        np.zeros((0, 640, 3), np.uint8),
    ],
)
def test_invalid_image_is_rejected(hand_tracker: HandTracker, image: np.ndarray):
    """An image that is not (H, W, 3) uint8 is an error that names its shape and the required one."""
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8") as caught:
        hand_tracker.process(image, 1)
    assert str(image.shape) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"not a network", b"TFL3" * 100])
def test_damaged_network_is_rejected(tmp_path: Path, content: bytes):
    """A file that is not a network is an error that names it."""
    file = tmp_path / "palm.tflite"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"palm\.tflite cannot be read as a network"):
        PalmDetector(file)


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.99])
def test_a_cut_network_is_rejected(tmp_path: Path, hand_weights: dict[str, Path], kept: float):
    """A download that broke off: one line with the remedy. kept: share of the file."""
    content = hand_weights["palm_detection_full"].read_bytes()
    file = tmp_path / "palm.tflite"
    file.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(ValueError, match=r"palm\.tflite cannot be read as a network: .*; pull the weights again$"):
        PalmDetector(file)


def test_wrong_network_is_rejected(hand_weights: dict[str, Path]):
    """The landmark network in place of the palm network is rejected when it is loaded."""
    with pytest.raises(ValueError, match=r"input \(1, 224, 224, 3\), not \(1, 192, 192, 3\)"):
        PalmDetector(hand_weights["hand_landmark_full"])


@pytest.mark.parametrize("options", [{"max_hands": 0}, {"threads": 0}])
def test_counts_have_to_be_positive(hand_weights: dict[str, Path], options: dict[str, int]):
    """Zero hands or zero threads are rejected."""
    with pytest.raises(ValueError, match="1 or more"):
        HandTracker(hand_weights["palm_detection_full"], hand_weights["hand_landmark_full"], **options)


@pytest.mark.parametrize("right", [0.05, 0.95])
def test_mirrored_fingers_are_corrected(right: float):
    """When the network mistakes the back of a right hand for a left one, its swapped fingers are swapped back."""
    track = Track(0, roi.from_landmarks(HAND_PX), handedness="right")
    track.update(Landmarks(HAND_PX if right > 0.5 else HAND_PX[MIRRORED_LANDMARKS], 1.0, right), 1)
    np.testing.assert_array_equal(track.landmarks_px, HAND_PX)


def test_visible_palm_is_not_treated_as_mirrored():
    """A right hand that shows its palm keeps the order of its fingers, even if its track is a left hand."""
    palm = HAND_PX * np.float32([-1, 1])
    track = Track(0, roi.from_landmarks(palm), handedness="left")
    track.update(Landmarks(palm, 1.0, 0.95), 1)
    np.testing.assert_array_equal(track.landmarks_px, palm)
