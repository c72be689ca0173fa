"""Rules of following landmarks between images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingertip_contact.datatypes import FINGERTIP_LANDMARKS
from fingertip_contact.hands import track as track_module
from fingertip_contact.hands import tracker as tracker_module
from fingertip_contact.hands.follower import HandPatch
from fingertip_contact.hands.landmark_model import Landmarks
from fingertip_contact.hands.roi import from_landmarks
from fingertip_contact.hands.track import REST_RATIO, Track
from fingertip_contact.hands.tracker import MAX_FOLLOWED_NS, HandTracker

# Of a camera at 60 Hz; the pictures were made at 30.
FRAME_NS = 16_666_667
TIPS = list(FINGERTIP_LANDMARKS)


@pytest.fixture
def hand(hand_tracker: HandTracker, hand_images: np.ndarray) -> np.ndarray:
    """(21, 2): the landmarks of a hand in the first image."""
    return hand_tracker.process(hand_images[0], 1)[0].landmarks_px


@pytest.mark.parametrize("shift_px", [(0.0, 0.0), (2.3, -1.4), (-9.0, 7.5)])
def test_a_shifted_hand_is_followed(hand: np.ndarray, hand_images: np.ndarray, shift_px: tuple[float, float]):
    """Every landmark moves by what the image moves by, to a third of a pixel."""
    patch = HandPatch.cut(hand_images[0], hand)
    assert patch is not None
    followed = patch.follow(shift(hand_images[0], shift_px))
    assert followed is not None
    assert np.abs(followed - hand - shift_px).max() < 0.33


def test_a_printed_key_does_not_hold_a_fingertip():
    """A textured finger moves over a sharp edge that stands still beside its tip: the tip moves with the finger."""
    rng = np.random.default_rng(1)
    finger = cv2.GaussianBlur(rng.integers(60, 200, (70, 22, 3), dtype=np.uint8), (0, 0), 2)
    finger = cv2.normalize(finger, None, 60, 200, cv2.NORM_MINMAX)

    def draw(shift_px: int) -> np.ndarray:
        image = np.full((240, 320, 3), 220, np.uint8)
        cv2.rectangle(image, (100, 60), (200, 96), (0, 0, 0), 2)
        for x in (110, 150, 190):
            image[100 + shift_px : 170 + shift_px, x - 11 : x + 11] = finger
        return image

    landmarks = np.full((21, 2), (150, 190), np.float32)
    for tip, x in zip(TIPS, (110, 150, 190, 110, 190), strict=True):
        landmarks[tip], landmarks[tip - 1] = (x, 102), (x, 130)
    landmarks[[index for index in range(21) if index not in TIPS and index + 1 not in TIPS]] = (150, 150)
    patch = HandPatch.cut(draw(0), landmarks)
    assert patch is not None
    followed = patch.follow(draw(4))
    assert followed is not None
    assert np.abs(followed[TIPS] - landmarks[TIPS] - (0, 4)).max() < 0.3


def test_a_hand_at_the_border_is_not_followed(hand: np.ndarray, hand_images: np.ndarray):
    """There is no patch of a hand that reaches out of the image."""
    assert HandPatch.cut(hand_images[0], hand - (hand.min(axis=0) - 5)) is None


def test_another_picture_is_no_path(hand: np.ndarray, hand_images: np.ndarray):
    """Where the hand is gone, or something else is there, its landmarks are lost."""
    patch = HandPatch.cut(hand_images[0], hand)
    assert patch is not None
    noise = np.random.default_rng(2).integers(0, 255, hand_images[0].shape, dtype=np.uint8)
    assert patch.follow(noise) is None


def shift(image: np.ndarray, by_px: tuple[float, float]) -> np.ndarray:
    matrix = np.array([[1, 0, by_px[0]], [0, 1, by_px[1]]])
    return cv2.warpAffine(image, matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)


def add_noise(image: np.ndarray, count: int) -> list[np.ndarray]:
    """The same picture, by a camera whose noise has a standard deviation of two grey values."""
    rng = np.random.default_rng(4)
    return [np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8) for _ in range(count)]


def count_seen(tracker: HandTracker, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled with the number of hands that the landmark network sees, call by call: two for each image, the second one
    for palms that are new."""
    counts: list[int] = []
    run = tracker._landmark_model.run

    def counting(image: np.ndarray, regions: list) -> list:
        counts.append(len(regions))
        return run(image, regions)

    monkeypatch.setattr(tracker._landmark_model, "run", counting)
    return counts


@pytest.mark.parametrize(("interval_ns", "share"), [(FRAME_NS, 1 / 2), (11_111_111, 1 / 3), (2 * FRAME_NS, 1)])
def test_the_network_sees_each_hand_thirty_times_a_second(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch, interval_ns: int, share: float
):
    """At 60 Hz in every second image, at 90 Hz in every third, at 30 Hz in all; two hands take turns, and both come out
    of every image."""
    images = [shift(hand_images[0], (4.0 * index, -2.0 * index)) for index in range(15)]
    for index in range(3):
        hand_tracker.process(images[index], (index + 1) * interval_ns)
    seen = count_seen(hand_tracker, monkeypatch)
    for index in range(3, 15):
        assert len(hand_tracker.process(images[index], (index + 1) * interval_ns)) == 2
    seen = [sum(pair) for pair in zip(seen[::2], seen[1::2], strict=True)]
    assert sum(seen) == round(24 * share)
    assert max(seen) - min(seen) <= 1


def test_resting_hands_are_seen_in_every_fourth_image(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    """At 30 Hz, in spite of a camera's noise."""
    images = add_noise(hand_images[0], 28)
    for index in range(4):
        hand_tracker.process(images[index], (index + 1) * 2 * FRAME_NS)
    seen = count_seen(hand_tracker, monkeypatch)
    for index in range(4, 28):
        assert len(hand_tracker.process(images[index], (index + 1) * 2 * FRAME_NS)) == 2
    assert sum(seen) == 2 * 24 // 4


def test_landmarks_of_resting_hands_stand_still(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    """They scatter less than those that the network finds in each image, about the same place."""
    images = add_noise(hand_images[0], 40)
    tips = []
    for rest_ratio in (REST_RATIO, 0.0):
        monkeypatch.setattr(track_module, "REST_RATIO", rest_ratio)
        hand_tracker.reset()
        found = [hand_tracker.process(image, (index + 1) * 2 * FRAME_NS) for index, image in enumerate(images)]
        tips.append(np.array([[hand.landmarks_px[TIPS] for hand in hands] for hands in found[8:]]))
    resting, seen = tips
    assert np.diff(resting, axis=0).std() < 0.6 * np.diff(seen, axis=0).std()
    assert np.abs(resting.mean(axis=0) - seen.mean(axis=0)).max() < 1.0


def test_a_resting_hand_that_is_gone_is_gone_at_once(hand_tracker: HandTracker, hand_images: np.ndarray):
    """The first image without it has no hand."""
    for index in range(6):
        assert len(hand_tracker.process(hand_images[0], (index + 1) * FRAME_NS)) == 2
    assert hand_tracker.process(np.full_like(hand_images[0], 128), 7 * FRAME_NS) == ()


def test_a_resting_hand_that_moves_is_seen_at_once(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    """At 30 Hz, by the network, in the first image in which it has moved."""
    for index in range(6):
        hand_tracker.process(hand_images[0], (index + 1) * 2 * FRAME_NS)
    seen = count_seen(hand_tracker, monkeypatch)
    hand_tracker.process(shift(hand_images[0], (0.0, 7.0)), 7 * 2 * FRAME_NS)
    assert sum(seen) == 2


def test_what_is_far_from_where_a_hand_rests_is_no_scatter(hand: np.ndarray, hand_images: np.ndarray):
    """The mean with landmarks nearby; of fingers that the network has swapped, none."""
    track = Track(0, from_landmarks(hand), hand, patch=HandPatch.cut(hand_images[0], hand), seen_ns=1)
    for seen_px, expected_px in ((hand + 2, hand + 1), (hand[::-1], hand[::-1])):
        track.predict(hand_images[0])
        track.update(Landmarks(seen_px, 1.0, 0.9), 2)
        assert np.abs(track.landmarks_px - expected_px).max() < 0.2


def test_evidence_of_handedness_does_not_depend_on_what_was_followed(hand: np.ndarray, hand_images: np.ndarray):
    """A look 100 ms after the last one counts in full, with images followed between them or without."""
    odds = []
    for followed_ns in ([], [11_000_000, 89_000_000]):
        track = Track(0, from_landmarks(hand))
        track.update(Landmarks(hand, 1.0, 0.7), 1)
        track.patch = HandPatch.cut(hand_images[0], hand)
        for stamp_ns in followed_ns:
            track.predict(hand_images[0])
            track.follow(stamp_ns)
        track.update(Landmarks(hand, 1.0, 0.7), 100_000_000)
        odds.append(track.log_odds)
    assert odds[0] == odds[1] > 0


def test_followed_tips_are_the_networks(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    """Tips lie within a pixel of those that the network would have found, in the median of moving fingers."""
    tips = []
    for max_followed_ns in (MAX_FOLLOWED_NS, -1):
        monkeypatch.setattr(tracker_module, "MAX_FOLLOWED_NS", max_followed_ns)
        hand_tracker.reset()
        found = [hand_tracker.process(image, (index + 1) * FRAME_NS) for index, image in enumerate(hand_images)]
        tips.append([[hand.landmarks_px[TIPS] for hand in hands] for hands in found])
    moved_px = np.linalg.norm(np.subtract(*map(np.array, tips)), axis=-1)
    assert (moved_px > 0).mean() > 0.3
    assert np.median(moved_px[moved_px > 0]) < 1.0
