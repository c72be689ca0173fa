"""Rules of finding the sheet, on pictures of the drawn sheet through known cameras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from keyboard_pictures import CAMERA, camera_over_sheet, frame_of, photograph

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.pose import CALIBRATION_PICTURES, WATCH_EVERY, SheetTracker

LAYOUT = load_layout("qwerty")


def key_error_m(found, true):
    """Largest distance of a key's centre, along the sheet, from where it is."""
    centers = np.column_stack([LAYOUT.centers_m, np.zeros(len(LAYOUT.keys))])
    return float(np.linalg.norm(true.inverse.apply(found.apply(centers))[:, :2] - centers[:, :2], axis=1).max())


@pytest.mark.parametrize("angle_deg", [30, 45, 60, 75, 90])
def test_keys_are_found_within_a_millimetre(angle_deg):
    """At every angle each key is where the pose says, within 1 mm."""
    true = camera_over_sheet(angle_deg, 0.36, turn_deg=4.0)
    tracker, rng = SheetTracker(LAYOUT), np.random.default_rng(angle_deg)
    for number in range(4):
        found = tracker.update(frame_of(photograph(LAYOUT, true, rng), number))
    assert found is not None
    assert key_error_m(found, true) < 0.001
    assert found.rotation[:, 2] @ found.translation_m < 0, "the sheet's z has to point to the camera's side"


def test_two_markers_are_enough_and_one_is_not():
    """Hands hide markers: two still give the pose, one gives none."""
    true = camera_over_sheet(60, 0.36)
    numbers = [marker.number for marker in LAYOUT.markers]
    for kept, enough in (((numbers[0], numbers[4]), True), ((numbers[0],), False)):
        hidden = tuple(number for number in numbers if number not in kept)
        picture = photograph(LAYOUT, true, np.random.default_rng(1), hidden)
        found = SheetTracker(LAYOUT).update(frame_of(picture))
        assert (found is not None) == enough
        if found is not None:
            assert key_error_m(found, true) < 0.002


def test_the_pose_is_held_while_every_marker_is_hidden():
    """A hand over the markers changes nothing."""
    true = camera_over_sheet(60, 0.36)
    tracker, rng = SheetTracker(LAYOUT), np.random.default_rng(2)
    for number in range(CALIBRATION_PICTURES):
        before = tracker.update(frame_of(photograph(LAYOUT, true, rng), number))
    blind = photograph(LAYOUT, true, rng, tuple(marker.number for marker in LAYOUT.markers))
    for number in range(WATCH_EVERY + 1):
        after = tracker.update(frame_of(blind, CALIBRATION_PICTURES + number))
    assert after is before


def test_a_sheet_that_moved_is_found_anew():
    """A second after the sheet was pushed by a centimetre, keys are where they are now."""
    true, rng = camera_over_sheet(60, 0.36), np.random.default_rng(3)
    moved = true.__class__(true.rotation, true.apply(np.array([0.01, 0.0, 0.0])))
    tracker = SheetTracker(LAYOUT)
    for number in range(CALIBRATION_PICTURES):
        tracker.update(frame_of(photograph(LAYOUT, true, rng), number))
    for number in range(2 * WATCH_EVERY + 1):
        found = tracker.update(frame_of(photograph(LAYOUT, moved, rng), 10 + number))
    assert found is not None
    assert key_error_m(found, moved) < 0.001


def test_markers_may_be_printed_upside_down():
    """A sheet whose markers are turned by 180 degrees, and listed in the page's order, is found all the same."""
    true = camera_over_sheet(60, 0.36)
    picture = photograph(LAYOUT, true, np.random.default_rng(4))
    turned = [replace(marker, corners_m=np.roll(marker.corners_m, 2, axis=0)) for marker in LAYOUT.markers]
    found = SheetTracker(replace(LAYOUT, markers=tuple(turned))).update(frame_of(picture))
    assert found is not None
    assert key_error_m(found, true) < 0.001


def test_four_corners_stand_in_for_markers():
    """A user's four pixels give the pose of a sheet without markers."""
    true = camera_over_sheet(50, 0.38)
    corners_px = CAMERA.project(true.apply(np.column_stack([LAYOUT.sheet_corners_m, np.zeros(4)])))
    blank = np.full((480, 640, 3), 120, np.uint8)
    found = SheetTracker(LAYOUT, corners_px).update(frame_of(blank))
    assert found is not None
    assert key_error_m(found, true) < 1e-6
    with pytest.raises(ValueError, match="four pixels"):
        SheetTracker(LAYOUT, corners_px[:3])
