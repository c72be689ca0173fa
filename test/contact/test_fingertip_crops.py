"""Crops of fingertips: the frames of the right times, one place in all of them, nobody else's finger."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from contact_world import CAMERA, make_hand
from fingertip_contact.contact.measurement.fingertip_crops import (
    CROP_PX,
    FRAME_TIMES_S,
    LOOKAHEAD_S,
    CropBuffer,
    FingertipCrops,
)
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS

SHAPE = CAMERA.height, CAMERA.width
HAND = make_hand(1)
# One pixel of a crop is one of the image.
PIXELS_PER_M = 1000.0
START_NS = 10**9


def make_frame(number: int) -> np.ndarray:
    """A grey image that tells its number."""
    return np.full(SHAPE, number, np.uint8)


def show_frames(times_s: list[float]) -> list[int]:
    """The numbers of the frames in the last crops of some frames at these times."""
    buffer = CropBuffer()
    for number, time_s in enumerate(times_s):
        crops = buffer.add(START_NS + round(1e9 * time_s), make_frame(number), (HAND,), PIXELS_PER_M)
    assert crops is not None
    return crops.images[0, :, 0, 0].tolist()


@pytest.mark.parametrize(("rate_hz", "apart"), [(30, 1), (60, 2), (90, 3)])
def test_frames_are_a_thirtieth_of_a_second_apart(rate_hz: int, apart: int) -> None:
    """At any frame rate: the newest one, and those 33 ms, 67 ms, ... before it."""
    shown = show_frames([number / rate_hz for number in range(40)])
    assert shown == [39 - apart * steps for steps in range(6, -1, -1)]


def test_dropped_frame_is_replaced_by_its_neighbour() -> None:
    """Frames are chosen by time: one that is missing does not move the older ones."""
    times_s = [number / 30 for number in range(20)]
    del times_s[16]
    shown = [times_s[number] * 30 for number in show_frames(times_s)]
    assert [round(number) for number in shown[:3] + shown[4:]] == [13, 14, 15, 17, 18, 19]
    assert round(shown[3]) in (15, 17)


def test_first_frames_repeat_the_oldest() -> None:
    """Before there are enough frames, the oldest stands for those before it."""
    assert show_frames([0.0, 1 / 30, 2 / 30, 3 / 30]) == [0, 0, 0, 0, 1, 2, 3]


def make_textured_frame(shift_px: int = 0) -> np.ndarray:
    grey = np.random.default_rng(0).integers(0, 255, SHAPE).astype(np.uint8)
    return np.roll(grey, shift_px, axis=1)


def add_frames(buffer: CropBuffer, count: int, first: int = 0) -> FingertipCrops | None:
    for number in range(first, first + count):
        stamp_ns = START_NS + round(number * 1e9 / 30)
        crops = buffer.add(stamp_ns, make_textured_frame(), (make_hand(1, (0.0, 3.0 * number)),), PIXELS_PER_M)
    return crops


def test_crop_shows_one_place_in_all_frames() -> None:
    """The hand moves by 3 px a frame, the image stands still: so do the crops, around the landmark of the frame that
    they tell about, two before the newest."""
    crops = add_frames(CropBuffer(31), 12)
    assert crops is not None
    assert crops.images.shape == (5, len(FRAME_TIMES_S), 31, 31)
    assert crops.columns.tolist() == [5, 6, 7, 8, 9]
    assert round(30 * LOOKAHEAD_S) == 2
    center_px = make_hand(1, (0.0, 3.0 * 9)).landmarks_px[FINGERTIP_LANDMARKS[2]].astype(int)
    window = slice(center_px[1] - 15, center_px[1] + 16), slice(center_px[0] - 15, center_px[0] + 16)
    for image in crops.images[2]:
        np.testing.assert_array_equal(image, make_textured_frame()[window])


def test_crop_is_in_millimetres() -> None:
    """At twice the scale a crop shows the same part of the finger, from every second pixel."""
    hand = make_hand(1, (0.5, 0.5))
    ramp = np.tile((np.arange(SHAPE[1]) - 300).clip(0, 255), (SHAPE[0], 1)).astype(np.uint8)
    for pixels_per_m, step in ((1000.0, 1.0), (2000.0, 2.0)):
        buffer = CropBuffer()
        for number in range(8):
            crops = buffer.add(START_NS + round(number * 1e9 / 30), ramp, (hand,), pixels_per_m)
        assert crops is not None
        row = crops.images[1, 0, CROP_PX // 2].astype(float)
        np.testing.assert_allclose(np.diff(row), step, atol=1.0)
        assert row.mean() == pytest.approx(hand.landmarks_px[8, 0] - 300, abs=0.6)


def test_new_track_has_no_crops_yet() -> None:
    """Before the instant that they tell about it was another hand, or none: None until it was seen then."""
    buffer = CropBuffer()
    add_frames(buffer, 10)
    for number, has_crops in ((10, False), (11, False), (12, True)):
        stamp_ns = START_NS + round(number * 1e9 / 30)
        crops = buffer.add(stamp_ns, make_textured_frame(), (replace(HAND, track=77),), PIXELS_PER_M)
        assert (crops is not None) == has_crops


def test_only_fingers_that_still_are_there_have_crops() -> None:
    """Two hands, of which the left one goes: crops of the right one's columns only; then none at all."""
    buffer = CropBuffer()
    hands = make_hand(0), make_hand(1)
    for number in range(9):
        both = buffer.add(START_NS + round(number * 1e9 / 30), make_textured_frame(), hands, PIXELS_PER_M)
    right = buffer.add(START_NS + round(9e9 / 30), make_textured_frame(), hands[1:], PIXELS_PER_M)
    assert both is not None
    assert right is not None
    assert both.columns.tolist() == list(range(10))
    assert right.columns.tolist() == list(range(5, 10))
    assert buffer.add(START_NS + round(10e9 / 30), make_textured_frame(), (), np.nan) is None


def test_border_of_the_image_is_repeated() -> None:
    """A fingertip in the corner: what lies outside has the grey of the nearest pixel."""
    hand = replace(HAND, landmarks_px=np.zeros((21, 2), np.float32))
    buffer = CropBuffer(31)
    grey = make_textured_frame()
    for number in range(8):
        crops = buffer.add(START_NS + round(number * 1e9 / 30), grey, (hand,), PIXELS_PER_M)
    assert crops is not None
    np.testing.assert_array_equal(crops.images[0, 0, :16, :16], np.full((16, 16), grey[0, 0]))
    np.testing.assert_array_equal(crops.images[0, 0, 15:, 15:], grey[:16, :16])


@pytest.mark.parametrize("place", [np.nan, np.inf, 1e9, -1e9])
def test_landmarks_that_are_no_place_are_harmless(place: float) -> None:
    """Others' crops are what they were, and nothing is raised."""
    hand = make_hand(1)
    hand.landmarks_px[8] = place
    buffer = CropBuffer(31)
    for number in range(8):
        crops = buffer.add(START_NS + round(number * 1e9 / 30), make_textured_frame(), (hand,), PIXELS_PER_M)
    assert crops is not None
    center_px = hand.landmarks_px[12].astype(int)
    window = slice(center_px[1] - 15, center_px[1] + 16), slice(center_px[0] - 15, center_px[0] + 16)
    row = crops.columns.tolist().index(7)
    np.testing.assert_array_equal(crops.images[row, -1], make_textured_frame()[window])


def test_another_image_size_starts_again() -> None:
    """Frames of different sizes are never mixed, nor those before reset()."""
    buffer = CropBuffer()
    add_frames(buffer, 10)
    small = buffer.add(START_NS + round(10e9 / 30), np.full((240, 320), 9, np.uint8), (make_hand(0),), PIXELS_PER_M)
    assert small is not None
    assert set(np.unique(small.images)) == {9}
    buffer.reset()
    fresh = buffer.add(START_NS, np.full((240, 320), 5, np.uint8), (make_hand(0),), PIXELS_PER_M)
    assert fresh is not None
    assert set(np.unique(fresh.images)) == {5}
