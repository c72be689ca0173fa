"""Rules of noticing that something has come into view."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.hands.roi import Roi
from fingertip_contact.hands.scene_watch import SceneWatch
from fingertip_contact.hands.tracker import HandTracker

FRAME_NS = 33_333_333


def make_desk(rng: np.random.Generator, noise_grey: float = 4.0) -> np.ndarray:
    """An evenly lit desk, as a camera with much noise sees it."""
    return np.clip(90 + rng.normal(0, noise_grey, (480, 640, 3)), 0, 255).astype(np.uint8)


def watch(images: list[np.ndarray], hands: tuple[Roi, ...] = ()) -> list[bool]:
    scene = SceneWatch()
    return [scene.is_still(image, index * FRAME_NS, hands) for index, image in enumerate(images)]


def test_noise_is_no_motion():
    """A desk is still from half a second on, and stays it."""
    rng = np.random.default_rng(0)
    still = watch([make_desk(rng) for _ in range(90)])
    assert still == [False] * 16 + [True] * 74


@pytest.mark.parametrize("at", [(0, 0), (300, 200), (460, 620)])
def test_what_comes_is_noticed_wherever_it_is(at: tuple[int, int]):
    """A fingertip's size is enough, ten grey values darker than the desk; half a second later it is part of it."""
    rng = np.random.default_rng(1)
    images = [make_desk(rng) for _ in range(50)]
    for image in images[20:]:
        image[at[0] : at[0] + 32, at[1] : at[1] + 32] -= 10
    assert watch(images) == [False] * 16 + [True] * 4 + [False] * 16 + [True] * 14


def test_known_hands_may_move():
    """What changes in their regions does not count, also where a region reaches out of the image; beside it, it
    does."""
    rng = np.random.default_rng(2)
    images = [make_desk(rng) for _ in range(40)]
    for index, image in enumerate(images):
        image[300:340, 10 + index : 40 + index] = 200
    inside, beside = Roi(20.0, 320.0, 160.0, 0.0), Roi(500.0, 100.0, 160.0, 0.3)
    assert watch(images, (inside,))[16:] == [True] * 24
    assert not any(watch(images, (beside,)))


def test_another_size_is_another_scene():
    """Nothing is compared with images of another size."""
    scene = SceneWatch()
    for index in range(20):
        scene.is_still(np.zeros((480, 640, 3), np.uint8), index * FRAME_NS, ())
    assert not scene.is_still(np.zeros((720, 1280, 3), np.uint8), 20 * FRAME_NS, ())


def test_an_idle_desk_is_searched_once_a_second(hand_tracker: HandTracker, monkeypatch: pytest.MonkeyPatch):
    """And twenty times a second until it is known to be idle."""
    searched: list[int] = []
    start = hand_tracker._palm_detector.start
    monkeypatch.setattr(
        hand_tracker._palm_detector, "start", lambda image: (searched.append(hand_tracker._stamp_ns), start(image))
    )
    rng = np.random.default_rng(3)
    for index in range(150):
        hand_tracker.process(make_desk(rng), index * FRAME_NS)
    assert 8 <= sum(stamp_ns < 550_000_000 for stamp_ns in searched) <= 11
    assert sum(stamp_ns >= 550_000_000 for stamp_ns in searched) == 4


def test_a_hand_that_comes_to_an_idle_desk_is_found_at_once(hand_tracker: HandTracker, hand_images: np.ndarray):
    """In the second image at the latest."""
    desk = np.full_like(hand_images[0], hand_images[0][-10, 10])
    for index in range(40):
        hand_tracker.process(desk, index * FRAME_NS)
    found = [len(hand_tracker.process(hand_images[0], index * FRAME_NS)) for index in (40, 41)]
    assert found[-1] == 2
