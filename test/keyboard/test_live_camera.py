"""Rules of the camera of a stream: when it changes, and what it is."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.layout import Layout, load_layout
from fingertip_contact.keyboard.live_camera import MAX_SHEET_IMAGES, LiveCamera
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view

LAYOUT = load_layout("qwerty")
BLANK = np.full((480, 640, 3), 128, np.uint8)
PERIOD_NS = 250_000_000


def feed(live: LiveCamera, image: np.ndarray, count: int):
    """What the camera was after each image, four images per second."""
    return [live.update(index * PERIOD_NS, image) for index in range(count)]


def make_image(angle_deg: float) -> np.ndarray:
    return render_sheet_view(LAYOUT, make_camera_pose(angle_deg, 0.37), np.random.default_rng(0))


def test_the_camera_changes_once_the_sheet_is_seen():
    """From the guess to the sheet's, and never again."""
    live = LiveCamera(LAYOUT)
    before = feed(live, BLANK, 3)
    assert "has not been seen yet" in before[-1].description
    after = feed(live, make_image(45), 20)
    assert len({estimate.camera for estimate in before + after}) == 2
    assert after[-1].camera.fx == pytest.approx(CAMERA.fx, rel=0.05)


def test_a_frontal_view_keeps_the_guess_and_says_why_once():
    """The camera stays the same, the reason too, and the search ends."""
    live = LiveCamera(LAYOUT)
    estimates = feed(live, make_image(90), MAX_SHEET_IMAGES + 5)
    assert len({estimate.camera for estimate in estimates}) == 1
    assert len({estimate.description for estimate in estimates}) == 2
    assert "too frontally" in estimates[-1].description


def test_a_calibrated_camera_is_scaled_to_the_images():
    """And refused for another aspect ratio."""
    live = LiveCamera(LAYOUT, Camera(784.0, 782.0, 644.5, 480.5, 1280, 960))
    assert feed(live, BLANK, 1)[0].camera == CAMERA
    with pytest.raises(ValueError, match="aspect ratio"):
        live.update(0, np.zeros((360, 640, 3), np.uint8))


def test_a_sheet_without_markers_leaves_the_guess():
    """It names the layout."""
    bare = LiveCamera(Layout("bare", LAYOUT.sheet_size_m, LAYOUT.keys))
    assert "layout bare has too few markers" in feed(bare, make_image(45), 8)[-1].description


def test_another_size_begins_anew():
    """A camera that was set to another resolution in the meantime."""
    live = LiveCamera(LAYOUT)
    feed(live, make_image(45), 10)
    estimate = live.update(0, np.zeros((240, 320, 3), np.uint8))
    assert (estimate.camera.width, estimate.camera.height) == (320, 240)
    assert "has not been seen yet" in estimate.description
