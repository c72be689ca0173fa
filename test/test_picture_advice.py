"""Advice on images, markers and hands: each cause is told after it has lasted, by name, and never on good pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fingertip_contact import marker_watch
from fingertip_contact.datatypes import Frame, Hand
from fingertip_contact.factory import build_contact_pipeline, load_contact_parameters
from fingertip_contact.frame_watch import FrameWatch
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.hand_watch import MAX_LOSSES, HandWatch
from fingertip_contact.image_quality import measure_image_quality
from fingertip_contact.keyboard.layout import load_layout
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view

POSE = RigidTransform(np.eye(3), np.zeros(3))


def make_hand(track: int) -> Hand:
    return Hand(track, "left", 1.0, 1.0, np.zeros((21, 2), np.float32))


@pytest.fixture(scope="module")
def views() -> dict[str, np.ndarray]:
    """Each built-in sheet that has markers, seen from 55 degrees."""
    pose, rng = make_camera_pose(55, 0.38), np.random.default_rng(0)
    return {name: render_sheet_view(load_layout(name), pose, rng) for name in ("qwerty", "numpad", "piano")}


def list_codes(image, seconds=8, pose=POSE, watch=None, start_s=0.0):
    watch = watch or FrameWatch()
    for index in range(round(seconds * 15)):
        stamp_ns = round((start_s + index / 15) * 1e9)
        watch.update(Frame(stamp_ns, "", CAMERA, image, None), (make_hand(1),), pose)
    return [advice.code for advice in watch.advice]


def test_a_good_picture_gets_no_advice(views):
    """Neither with a sheet, nor while it is being looked for."""
    assert list_codes(views["qwerty"]) == []
    assert list_codes(views["qwerty"], seconds=2, pose=None) == []


def test_dark_and_blurred_pictures_are_told_after_some_seconds(views):
    """Not at once, and no longer when they are good again."""
    cases = {"dark_images": views["qwerty"] // 16, "blurred_images": cv2.GaussianBlur(views["qwerty"], (0, 0), 3)}
    for code, image in cases.items():
        watch = FrameWatch()
        assert list_codes(image, seconds=2, watch=watch) == []
        assert list_codes(image, seconds=4, watch=watch, start_s=2) == [code]
        assert list_codes(views["qwerty"], seconds=2, watch=watch, start_s=6) == []


def test_a_shaken_camera_is_blurred_in_one_direction(views):
    """Horizontal and vertical motion alike."""
    for kernel in (np.full((1, 9), 1 / 9), np.full((9, 1), 1 / 9)):
        assert list_codes(cv2.filter2D(views["qwerty"], -1, kernel)) == ["blurred_images"]


def test_sharpness_depends_on_blur_and_not_on_contrast(views):
    """0.4 / s for a Gaussian of s pixels, within a third: the picture itself is a little blurred."""
    for sigma_px in (1, 1.5, 2):
        image = cv2.GaussianBlur(views["qwerty"], (0, 0), sigma_px)
        full = measure_image_quality(image).sharpness
        assert full == pytest.approx(0.4 / sigma_px, rel=0.33)
        assert measure_image_quality(image // 2 + 20).sharpness == pytest.approx(full, abs=0.03)
    assert np.isnan(measure_image_quality(np.full((100, 100, 3), 90, np.uint8)).sharpness)


@pytest.mark.parametrize("name", ["numpad", "piano"])
def test_the_sheet_of_another_layout_is_named(views, name):
    """Instead of `no_sheet`, by its markers, with the one that was chosen. Markers of the chosen one are no reason."""
    watch = FrameWatch("qwerty")
    assert list_codes(views[name], pose=None, watch=watch) == ["other_layout"]
    assert f"layout {name}, and qwerty was chosen" in watch.advice[0].message
    assert list_codes(views[name], pose=None, watch=FrameWatch(name)) == ["no_sheet"]


def test_the_cause_comes_before_what_follows_from_it(views):
    """From colour alone there is no surface without the sheet; that another one lies there says more."""
    pipeline = build_contact_pipeline(load_layout("qwerty"), load_contact_parameters("default"))
    for index in range(6 * 5):
        result = pipeline.process(Frame(index * 200_000_000, "", CAMERA, views["numpad"], None), ())
    codes = [advice.code for advice in result.advice]
    assert codes[:2] == ["slow_frames", "other_layout"]
    assert "lay the sheet of qwerty in view" in result.advice[1].remedy
    assert "no_surface" in codes


def test_a_single_marker_is_told(views):
    """All others are covered."""
    layout = load_layout("qwerty")
    hidden = tuple(marker.marker_id for marker in layout.markers[1:])
    image = render_sheet_view(layout, make_camera_pose(55, 0.38), np.random.default_rng(0), hidden)
    assert list_codes(image, pose=None) == ["one_marker"]
    assert list_codes(np.full_like(image, 128), pose=None) == ["no_sheet"]


def test_markers_that_stay_covered_are_told(views):
    """After 20 s, if they were seen before; a sheet without markers of ours is not judged."""
    blank = np.full_like(views["qwerty"], 128)
    watch = FrameWatch()
    assert list_codes(views["qwerty"], seconds=6, watch=watch) == []
    assert list_codes(blank, seconds=14, watch=watch, start_s=6) == []
    assert list_codes(blank, seconds=12, watch=watch, start_s=20) == ["markers_covered"]
    assert list_codes(views["qwerty"], seconds=6, watch=watch, start_s=32) == []
    assert list_codes(blank, seconds=40) == []


def test_hands_that_are_lost_again_and_again_are_told():
    """A hand that comes back as a new track within a second was lost; one that comes back later had left."""

    def follow(gap_s: float) -> HandWatch:
        watch, stamp_s = HandWatch(), 0.0
        for track in range(MAX_LOSSES + 2):
            for _ in range(10):
                watch.update(round(stamp_s * 1e9), (make_hand(track), make_hand(100)))
                stamp_s += 0.1
            watch.update(round(stamp_s * 1e9), (make_hand(100),))
            stamp_s += gap_s
        return watch

    advice = follow(0.3).advice
    assert advice is not None
    assert f"lost {MAX_LOSSES + 1} times" in advice.text
    assert follow(1.2).advice is None


def test_a_step_back_in_time_begins_anew(views):
    """A recording that loops."""
    watch = FrameWatch()
    assert list_codes(views["qwerty"] // 16, watch=watch) == ["dark_images"]
    assert list_codes(views["qwerty"] // 16, seconds=1, watch=watch) == []


def test_the_first_image_waits_for_no_file(views, monkeypatch):
    """Reading every layout takes longer than an image lasts: it is done before images come."""
    marker_watch._list_built_in_markers.cache_clear()
    watch = marker_watch.MarkerWatch("qwerty")
    monkeypatch.setattr(marker_watch, "load_layout", lambda name: pytest.fail(f"{name} is read"))
    watch.update(0, views["piano"], is_found=False)
    assert watch.advice is not None
    assert watch.advice.code == "other_layout"
