"""Rules of following landmarks between images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingertip_contact.datatypes import FINGERTIP_LANDMARKS
from fingertip_contact.hands.follower import HandPatch
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
    matrix = np.array([[1, 0, shift_px[0]], [0, 1, shift_px[1]]])
    shifted = cv2.warpAffine(hand_images[0], matrix, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    patch = HandPatch.cut(hand_images[0], hand)
    assert patch is not None
    followed = patch.follow(shifted)
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


def count_seen(tracker: HandTracker, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Filled with the number of hands that the landmark network sees, call by call."""
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
    for index in range(3):
        hand_tracker.process(hand_images[0], (index + 1) * interval_ns)
    counts = count_seen(hand_tracker, monkeypatch)
    for index in range(12):
        assert len(hand_tracker.process(hand_images[0], (index + 4) * interval_ns)) == 2
    # The network is asked twice per image, the second time for palms that are new.
    seen = [sum(pair) for pair in zip(counts[::2], counts[1::2], strict=True)]
    assert sum(seen) == round(24 * share)
    assert max(seen) - min(seen) <= 1


def test_followed_tips_are_the_networks(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    """Tips lie within a pixel of those that the network would have found, in the median of moving fingers."""
    tips = []
    for max_followed_ns in (MAX_FOLLOWED_NS, -1):
        monkeypatch.setattr(hand_tracker, "_max_followed_ns", max_followed_ns)
        hand_tracker.reset()
        found = [hand_tracker.process(image, (index + 1) * FRAME_NS) for index, image in enumerate(hand_images)]
        tips.append([[hand.landmarks_px[TIPS] for hand in hands] for hands in found])
    moved_px = np.linalg.norm(np.subtract(*map(np.array, tips)), axis=-1)
    assert (moved_px > 0).mean() > 0.3
    assert np.median(moved_px[moved_px > 0]) < 1.0
