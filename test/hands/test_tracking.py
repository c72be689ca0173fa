"""Rules of hand tracking with the real networks, on rendered images of typing hands.

data/make_mediapipe_reference.py made the images and MediaPipe's reference landmarks.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact.datatypes import FINGERTIP_LANDMARKS, Hand
from fingertip_contact.hands.tracker import HandTracker
from repository import DATA

FRAME_NS = 33_333_333
TIPS = list(FINGERTIP_LANDMARKS)


@pytest.fixture(scope="module")
def reference() -> list[list[dict]]:
    return json.loads((DATA / "hand_frames.json").read_text(encoding="utf-8"))["frames"]


@pytest.fixture(scope="module")
def split_column(reference: list[list[dict]]) -> int:
    """The column between the two hands' wrists: the right hand is on its left."""
    return int(np.mean([hand["landmarks_px"][0][0] for hand in reference[0]]))


def track_hands(tracker: HandTracker, images: np.ndarray, start: int = 0) -> list[tuple[Hand, ...]]:
    return [tracker.process(image, (start + index + 1) * FRAME_NS) for index, image in enumerate(images)]


def cover_columns(image: np.ndarray, columns: slice) -> np.ndarray:
    """The image with some columns covered by a plain desk."""
    covered = image.copy()
    covered[:, columns] = 128
    return covered


def test_tracker_agrees_with_mediapipe(hand_tracker: HandTracker, hand_images: np.ndarray, reference: list[list[dict]]):
    """Every hand MediaPipe sees is seen, fingertips within 2 px in the median; its "Left" is our "right"."""
    distances = []
    for hands, expected in zip(track_hands(hand_tracker, hand_images), reference, strict=True):
        assert len(hands) == len(expected) == 2
        for expected_hand in expected:
            hand = next(
                hand for hand in hands if hand.handedness == {"Left": "right", "Right": "left"}[expected_hand["label"]]
            )
            distances.append(
                np.linalg.norm(hand.landmarks_px[TIPS] - np.array(expected_hand["landmarks_px"])[TIPS], axis=1)
            )
    assert np.median(distances) <= 2.0
    assert np.percentile(distances, 99) <= 4.0


def test_curled_hands_are_found_in_one_frame(hand_tracker: HandTracker):
    """Palms hidden behind curled fingers are found, though MediaPipe's own threshold finds neither of these two.

    curled_hands.jpg: `simulate --text "the quick brown fox" --seed 3 --angle 45`, frame 176.
    """
    hands = hand_tracker.process(cv2.imread(str(DATA / "curled_hands.jpg")), 1)
    assert {hand.handedness for hand in hands} == {"left", "right"}
    right, left = sorted(hands, key=lambda hand: hand.landmarks_px[0, 0])
    assert (right.handedness, left.handedness) == ("right", "left")


def test_tracks_persist(hand_tracker: HandTracker, hand_images: np.ndarray):
    """Two hands in view the whole time are two tracks with one handedness each."""
    seen = {(hand.track, hand.handedness) for hands in track_hands(hand_tracker, hand_images) for hand in hands}
    assert len(seen) == 2
    assert {name for _, name in seen} == {"left", "right"}


def test_hand_records_have_documented_types(hand_tracker: HandTracker, hand_images: np.ndarray):
    """Landmarks are (21, 2) float32 pixels and scores 0..1; a later frame does not change an earlier record."""
    (first, _), (later, _) = track_hands(hand_tracker, hand_images[:2])
    assert first.landmarks_px.shape == (21, 2)
    assert first.landmarks_px.dtype == np.float32
    assert 0.5 <= first.score <= 1
    assert 0.5 <= first.handedness_score <= 1
    assert not np.shares_memory(first.landmarks_px, later.landmarks_px)
    assert not np.array_equal(first.landmarks_px, later.landmarks_px)


def test_mirrored_camera_swaps_handedness(
    hand_weights: dict[str, Path], hand_tracker: HandTracker, hand_images: np.ndarray
):
    """The mirrored image of a mirroring camera gives the same hands the same handedness."""
    mirrored = HandTracker(*sorted(hand_weights.values(), reverse=True), mirrored=True)
    width = hand_images.shape[2]
    for hand in mirrored.process(np.ascontiguousarray(hand_images[0][:, ::-1]), 1):
        twin = next(
            expected_hand
            for expected_hand in hand_tracker.process(hand_images[0], 1)
            if expected_hand.handedness == hand.handedness
        )
        flipped = hand.landmarks_px * (-1, 1) + (width - 1, 0)
        assert np.linalg.norm(flipped - twin.landmarks_px, axis=1).mean() < 10


def test_empty_desk_has_no_hands(hand_tracker: HandTracker):
    """An empty desk gives no hands."""
    assert track_hands(hand_tracker, np.full((3, 480, 640, 3), 128, np.uint8)) == [(), (), ()]


def test_second_hand_is_found_while_tracking_the_first(
    hand_tracker: HandTracker, hand_images: np.ndarray, split_column: int
):
    """A second hand is found within four frames (0.13 s), and the first keeps its track."""
    right_only = [cover_columns(image, slice(split_column, None)) for image in hand_images[:5]]
    (first,) = track_hands(hand_tracker, right_only)[-1]
    hands = track_hands(hand_tracker, hand_images[5:9], start=5)[-1]
    assert len(hands) == 2
    assert next(hand for hand in hands if hand.track == first.track).handedness == first.handedness == "right"


def test_returning_hand_is_a_new_track(hand_tracker: HandTracker, hand_images: np.ndarray, split_column: int):
    """A hand lost for longer than 0.3 s returns under a new track number."""
    before = {hand.handedness: hand.track for hand in track_hands(hand_tracker, hand_images[:2])[-1]}
    track_hands(
        hand_tracker,
        np.stack([cover_columns(image, slice(split_column, None)) for image in hand_images[2:14]]),
        start=2,
    )
    after = {hand.handedness: hand.track for hand in track_hands(hand_tracker, hand_images[14:19], start=14)[-1]}
    assert after["right"] == before["right"]
    assert after["left"] > max(before.values())


def test_short_track_loss_keeps_the_track(hand_tracker: HandTracker, hand_images: np.ndarray, split_column: int):
    """A hand hidden for two frames is missing in them, and then continues with its track and handedness."""
    before = {hand.handedness: hand.track for hand in track_hands(hand_tracker, hand_images[:4])[-1]}
    hidden = track_hands(
        hand_tracker, np.stack([cover_columns(image, slice(split_column, None)) for image in hand_images[4:6]]), start=4
    )
    after = {hand.handedness: hand.track for hand in track_hands(hand_tracker, hand_images[6:8], start=6)[-1]}
    assert [len(hands) for hands in hidden] == [1, 1]
    assert after == before


@pytest.mark.parametrize("rate_hz", [30, 60, 90])
def test_lost_hands_are_searched_thirty_times_a_second_at_most(
    hand_tracker: HandTracker, hand_images: np.ndarray, monkeypatch: pytest.MonkeyPatch, rate_hz: int
):
    """A search takes longer than a fast camera's frame; while hands leave, images would be lost."""
    interval_ns = 1_000_000_000 // rate_hz
    for index in range(3):
        hand_tracker.process(hand_images[0], (index + 1) * interval_ns)
    searches: list[int] = []
    start = hand_tracker._palm_detector.start
    monkeypatch.setattr(
        hand_tracker._palm_detector, "start", lambda image: (searches.append(len(searches)), start(image))
    )
    empty, seconds = np.full_like(hand_images[0], 128), 0.25
    for index in range(round(rate_hz * seconds)):
        assert hand_tracker.process(empty, (index + 4) * interval_ns) == ()
    assert 0.5 * 30 * seconds < len(searches) <= 30 * seconds + 1


def test_one_hand_is_reported_once(hand_tracker: HandTracker, hand_images: np.ndarray, split_column: int):
    """When one hand slides over the other, both tracks see it; only one continues with it."""
    track_hands(hand_tracker, hand_images[:2])
    counts = []
    for step in range(18):
        covered = hand_images[2].copy()
        covered[:, :split_column] = 128
        covered[:, step * 12 : step * 12 + split_column] = hand_images[2][:, :split_column]
        hands = hand_tracker.process(covered, (step + 3) * FRAME_NS)
        counts.append(len(hands))
        if len(hands) == 2:
            assert np.linalg.norm(hands[0].landmarks_px - hands[1].landmarks_px, axis=1).mean() > 20
    assert max(counts) == 2
    assert min(counts) == 1


@pytest.mark.parametrize("stamp_ns", [4 * FRAME_NS, FRAME_NS, 0, -5])
def test_non_increasing_stamp_resets_the_tracker(hand_tracker: HandTracker, hand_images: np.ndarray, stamp_ns: int):
    """A repeated or earlier stamp forgets the hands: they are found again, as new tracks."""
    before = [hand.track for hand in track_hands(hand_tracker, hand_images[:4])[-1]]
    after = [hand.track for hand in hand_tracker.process(hand_images[4], stamp_ns)]
    assert len(after) == 2
    assert min(after) > max(before)


def test_changed_image_size_resets_the_tracker(hand_tracker: HandTracker, hand_images: np.ndarray):
    """After a change of resolution hands are found at the new scale."""
    track_hands(hand_tracker, hand_images[:2])
    small = cv2.resize(hand_images[2], (424, 318), interpolation=cv2.INTER_AREA)
    hands = {hand.handedness: hand for hand in hand_tracker.process(small, 3 * FRAME_NS)}
    hand_tracker.reset()
    for expected in hand_tracker.process(hand_images[2], 4 * FRAME_NS):
        scaled = expected.landmarks_px * (424 / 640)
        assert np.linalg.norm(hands[expected.handedness].landmarks_px - scaled, axis=1).mean() < 8


def test_non_contiguous_images_are_accepted(hand_tracker: HandTracker, hand_images: np.ndarray):
    """A read-only image with padded rows gives the same hands as a contiguous one."""
    padded = np.zeros((480, 700, 3), np.uint8)
    padded[:, :640] = hand_images[0]
    padded.flags.writeable = False
    plain = hand_tracker.process(hand_images[0], 1)
    hand_tracker.reset()
    for expected, hand in zip(plain, hand_tracker.process(padded[:, :640], 1), strict=True):
        assert np.array_equal(hand.landmarks_px, expected.landmarks_px)
