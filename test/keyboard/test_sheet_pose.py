"""Rules of the sheet's pose, on images of the drawn sheet through known cameras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.advice import MIRRORED
from fingertip_contact.datatypes import ContactEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.layout import built_in_layouts, load_layout
from fingertip_contact.keyboard.markers import MarkerDetector, find_self_mirrored
from fingertip_contact.keyboard.sheet_page import fit_page
from fingertip_contact.keyboard.sheet_pose import (
    CALIBRATION_S,
    REDETECT_PERIOD_S,
    SheetPoseTracker,
    solve_pose,
    solve_pose_from_corners,
)
from fingertip_contact.keyboard.sheet_pose_file import load_pose, save_pose
from keyboard_images import CAMERA, make_camera_pose, make_frame, render_sheet_view

LAYOUT = load_layout("qwerty")
# At the 30 Hz of `make_frame`.
CALIBRATION_FRAMES = round(30 * CALIBRATION_S)
REDETECT_PERIOD_FRAMES = round(30 * REDETECT_PERIOD_S)


def key_error_m(found, true_pose, layout=LAYOUT):
    """Largest error of a key's centre along the sheet."""
    centers = np.column_stack([layout.centers_m, np.zeros(len(layout.keys))])
    return float(np.linalg.norm(true_pose.inverse.apply(found.apply(centers))[:, :2] - centers[:, :2], axis=1).max())


@pytest.mark.parametrize("angle_deg", [30, 45, 60, 75, 90])
def test_keys_are_found_within_a_millimetre(angle_deg):
    """At every angle the error of every key is less than 1 mm."""
    true_pose = make_camera_pose(angle_deg, 0.36, turn_deg=4.0)
    tracker, rng = SheetPoseTracker(LAYOUT), np.random.default_rng(angle_deg)
    for number in range(4):
        found = tracker.update(make_frame(render_sheet_view(LAYOUT, true_pose, rng), number))
    assert found is not None
    assert key_error_m(found, true_pose) < 0.001
    assert found.rotation[:, 2] @ found.translation_m < 0, "the sheet's z has to point to the camera's side"


def test_pose_needs_two_markers():
    """Two visible markers give the pose; one marker does not."""
    true_pose = make_camera_pose(60, 0.36)
    numbers = [marker.marker_id for marker in LAYOUT.markers]
    for kept, expected_found in (((numbers[0], numbers[4]), True), ((numbers[0],), False)):
        hidden = tuple(number for number in numbers if number not in kept)
        image = render_sheet_view(LAYOUT, true_pose, np.random.default_rng(1), hidden)
        found = SheetPoseTracker(LAYOUT).update(make_frame(image))
        assert (found is not None) == expected_found
        if found is not None:
            assert key_error_m(found, true_pose) < 0.002


def move_sheet(pose, x_m, y_m, turn_deg):
    """The pose after the sheet was pushed and turned on the desk."""
    cosine, sine = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    turned = RigidTransform(np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]]), np.array([x_m, y_m, 0.0]))
    return pose @ turned


def track_sheet(tracker, layout, pose, rng, frames, first=0, hidden=()):
    """Shows the sheet for some frames; returns the last pose."""
    found, image = None, render_sheet_view(layout, pose, rng, hidden)
    for number in range(frames):
        found = tracker.update(make_frame(image, first + number))
    return found


def test_the_pose_is_held_while_every_marker_is_hidden():
    """Hidden markers do not change the pose."""
    true_pose, rng, tracker = make_camera_pose(60, 0.36), np.random.default_rng(2), SheetPoseTracker(LAYOUT)
    before = track_sheet(tracker, LAYOUT, true_pose, rng, CALIBRATION_FRAMES)
    every = tuple(marker.marker_id for marker in LAYOUT.markers)
    assert track_sheet(tracker, LAYOUT, true_pose, rng, REDETECT_PERIOD_FRAMES + 1, first=10, hidden=every) is before


def test_moved_sheet_is_detected_again():
    """A second after the sheet was pushed by a centimetre, keys are found at their new positions."""
    true_pose, rng, tracker = make_camera_pose(60, 0.36), np.random.default_rng(3), SheetPoseTracker(LAYOUT)
    moved = move_sheet(true_pose, 0.01, 0.0, 0.0)
    track_sheet(tracker, LAYOUT, true_pose, rng, CALIBRATION_FRAMES)
    found = track_sheet(tracker, LAYOUT, moved, rng, 2 * REDETECT_PERIOD_FRAMES + 1, first=10)
    assert found is not None
    assert key_error_m(found, moved) < 0.001


def find_detection_stamps_s(monkeypatch, stamps_ns):
    """When the tracker searches frames of a resting sheet for markers."""
    image = render_sheet_view(LAYOUT, make_camera_pose(60, 0.36), np.random.default_rng(12))
    detected, found = MarkerDetector(LAYOUT.dictionary).detect(image[..., 0]), []
    tracker = SheetPoseTracker(LAYOUT)
    monkeypatch.setattr(tracker._detector, "detect", lambda gray: found.append(frame.stamp_ns) or detected)
    for stamp_ns in stamps_ns:
        frame = replace(make_frame(image), stamp_ns=stamp_ns)
        tracker.update(frame)
    return np.array(found) / 1e9


@pytest.mark.parametrize("frames_per_second", [15, 30, 60, 90])
def test_durations_are_independent_of_the_frame_rate(monkeypatch, frames_per_second):
    """Calibration covers a third of a second; then markers are detected every half second, at any frame rate."""
    rng = np.random.default_rng(13)
    ideal_s = np.arange(2 * frames_per_second) / frames_per_second
    stamps_ns = ((5 + ideal_s + rng.uniform(-0.15, 0.15, len(ideal_s)) / frames_per_second) * 1e9).astype(int)
    found_s = find_detection_stamps_s(monkeypatch, stamps_ns.tolist()) - 5
    calibration_frames = round(frames_per_second * CALIBRATION_S)
    period_frames = np.diff(np.round(found_s * frames_per_second))
    assert np.all(period_frames[: calibration_frames - 1] == 1)
    np.testing.assert_allclose(
        period_frames[calibration_frames - 1 :] / frames_per_second, REDETECT_PERIOD_S, atol=0.04
    )
    assert len(period_frames) == calibration_frames - 1 + 3


def test_pose_at_90_hz_is_as_accurate_as_at_30_hz():
    """A moved sheet is found again within a second and not before two detections agree."""
    true_pose, rng, tracker = make_camera_pose(60, 0.36), np.random.default_rng(14), SheetPoseTracker(LAYOUT)
    moved = move_sheet(true_pose, 0.01, 0.0, 0.0)
    images = [render_sheet_view(LAYOUT, pose, rng) for pose in (true_pose, moved)]
    errors_m = [
        key_error_m(tracker.update(replace(make_frame(images[number >= 30]), stamp_ns=number * 11_111_111)), moved)
        for number in range(30 + 90 + 1)
    ]
    assert min(errors_m[: 30 + 89]) > 0.005
    assert errors_m[-1] < 0.001


def test_stamps_that_run_backwards_do_not_stop_detection(monkeypatch):
    """A recording that starts again is searched for markers half a second later."""
    stamps_ns = [start + number * 33_333_333 for start in (100_000_000_000, 1_000_000_000) for number in range(40)]
    found_s = find_detection_stamps_s(monkeypatch, stamps_ns)
    assert 1.4 < found_s[found_s < 50][0] < 1.6


@pytest.mark.parametrize(("x_m", "y_m", "turn_deg"), [(0.03, -0.02, 0.0), (0.0, 0.0, 12.0), (-0.02, 0.01, -6.0)])
def test_keys_follow_the_moved_sheet(x_m, y_m, turn_deg):
    """Pushed and turned while hands hide half of the markers: a second later a touch on a key is that key."""
    pose, rng = make_camera_pose(60, 0.38), np.random.default_rng(5)
    tracker, decoder = SheetPoseTracker(LAYOUT), KeyDecoder(LAYOUT)
    track_sheet(tracker, LAYOUT, pose, rng, CALIBRATION_FRAMES)
    moved = move_sheet(pose, x_m, y_m, turn_deg)
    found = track_sheet(tracker, LAYOUT, moved, rng, 2 * REDETECT_PERIOD_FRAMES + 1, first=10, hidden=(1, 4, 5, 6))
    for number, key in enumerate(("q", "p", "space", "enter")):
        point_m = moved.apply(np.array([*LAYOUT.by_name[key].center_m, 0.0]))
        hand, finger = LAYOUT.fingers[key]
        (event,) = decoder.process([ContactEvent(0, 0, "press", number, 1, hand, finger, point_m, 1.0)], found)
        assert event.key == key


def test_held_key_is_unchanged_while_the_sheet_moves():
    """The press decides; the release is of the same key, even if the sheet has moved."""
    pose, decoder = make_camera_pose(60, 0.38), KeyDecoder(LAYOUT)
    point_m = pose.apply(np.array([*LAYOUT.by_name["j"].center_m, 0.0]))
    press = ContactEvent(0, 0, "press", 1, 1, "right", "index", point_m, 1.0)
    (down,) = decoder.process([press], pose)
    (up,) = decoder.process([replace(press, type="release")], move_sheet(pose, 0.04, 0.0, 10.0))
    assert (down.key, up.key) == ("j", "j")


def test_sheet_moved_during_calibration_is_found():
    """Calibration averages frames from before and after the push; the next detections correct the pose."""
    pose, rng = make_camera_pose(60, 0.36), np.random.default_rng(6)
    tracker, moved = SheetPoseTracker(LAYOUT), move_sheet(pose, 0.02, 0.0, 0.0)
    track_sheet(tracker, LAYOUT, pose, rng, CALIBRATION_FRAMES // 2)
    found = track_sheet(tracker, LAYOUT, moved, rng, CALIBRATION_FRAMES + 2 * REDETECT_PERIOD_FRAMES, first=5)
    assert key_error_m(found, moved) < 0.001


@pytest.mark.parametrize("name", built_in_layouts())
def test_every_layout_is_found_with_fewer_markers(name):
    """On letter, which leaves `qwerty` four markers of eight, keys are still within 1.5 mm."""
    layout, pose = load_layout(name), make_camera_pose(45, 0.38, turn_deg=3.0)
    omitted = fit_page(layout, "letter").omitted
    found = track_sheet(
        SheetPoseTracker(layout), layout, pose, np.random.default_rng(7), CALIBRATION_FRAMES, hidden=omitted
    )
    assert key_error_m(found, pose, layout) < 0.0015


def test_other_layout_is_not_found():
    """The markers of another layout have other numbers."""
    pose, rng = make_camera_pose(60, 0.36), np.random.default_rng(8)
    assert track_sheet(SheetPoseTracker(load_layout("piano")), LAYOUT, pose, rng, 2) is None


def test_saved_pose_is_used_from_the_first_frame(tmp_path):
    """A loaded pose differs by less than a hundredth of a millimetre, and needs no marker in view."""
    pose = make_camera_pose(50, 0.37, turn_deg=-8.0)
    save_pose(tmp_path / "pose.yaml", LAYOUT, pose)
    saved = load_pose(tmp_path / "pose.yaml", LAYOUT)
    assert key_error_m(saved, pose) < 1e-5
    blank = np.full((480, 640, 3), 120, np.uint8)
    tracker = SheetPoseTracker(LAYOUT, saved_pose=saved)
    assert all(tracker.update(make_frame(blank, number)) is saved for number in range(2 * REDETECT_PERIOD_FRAMES))


def test_outdated_saved_pose_is_corrected():
    """Markers correct a saved pose after the sheet has moved."""
    pose, rng = make_camera_pose(50, 0.37), np.random.default_rng(9)
    now = move_sheet(pose, 0.015, 0.01, 3.0)
    found = track_sheet(SheetPoseTracker(LAYOUT, saved_pose=pose), LAYOUT, now, rng, 2 * REDETECT_PERIOD_FRAMES + 1)
    assert key_error_m(found, now) < 0.001


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("layout: qwerty", "layout: piano", "'piano'.*'qwerty'"),
        ("camera_from_sheet:", "sheet:", "camera_from_sheet is None"),
        ("translation_m:", "translation:", "translation_m is None"),
        ("- 0.37\n", "- .nan\n", "3 finite numbers"),
        ("- 0.37\n", "- -0.37\n", "in front of the camera"),
        ("- 0.37\n", "- 370.0\n", "within 3 m"),
        ("- - -1.0", "- - -1.1", "of length 1"),
        ("- - -1.0", "- - 1.0", "of length 1"),
        ("rotation:", "rotation: [", "YAML"),
    ],
)
def test_invalid_pose_file_is_reported(tmp_path, old, new, named):
    """The error names file, field, value and remedy."""
    path = tmp_path / "pose.yaml"
    save_pose(path, LAYOUT, make_camera_pose(60, 0.37))
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=named) as raised:
        load_pose(path, LAYOUT)
    assert str(path) in str(raised.value)


def test_paper_corners_replace_sheet_corners():
    """The corners of letter paper give the pose of the sheet printed on it."""
    true_pose = make_camera_pose(50, 0.38, turn_deg=5.0)
    size_m = tuple(side / 1000 for side in fit_page(LAYOUT, "letter").size_mm)
    signs = np.array([[-1, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]])
    corners_px = CAMERA.project(true_pose.apply(signs * np.array([*size_m, 0.0]) / 2))
    rng = np.random.default_rng(10)
    found = solve_pose_from_corners(size_m, corners_px + rng.normal(0, 0.5, (4, 2)), CAMERA)
    assert key_error_m(found.camera_from_sheet, true_pose) < 0.002
    with pytest.raises(ValueError, match="or name the paper"):
        solve_pose_from_corners(LAYOUT.sheet_size_m, corners_px, CAMERA)
    for wrong in (corners_px[::-1], np.roll(corners_px, 1, axis=0), corners_px[[0, 2, 1, 3]]):
        with pytest.raises(ValueError, match="top left, top right"):
            solve_pose_from_corners(size_m, wrong, CAMERA)
    with pytest.raises(ValueError, match="four pixels"):
        solve_pose_from_corners(size_m, corners_px[:3], CAMERA)


def test_markers_may_be_printed_upside_down():
    """A sheet whose markers are turned by 180 degrees, and listed in the page's order, is still found."""
    true_pose = make_camera_pose(60, 0.36)
    image = render_sheet_view(LAYOUT, true_pose, np.random.default_rng(4))
    turned = [replace(marker, corners_m=np.roll(marker.corners_m, 2, axis=0)) for marker in LAYOUT.markers]
    found = SheetPoseTracker(replace(LAYOUT, markers=tuple(turned))).update(make_frame(image))
    assert found is not None
    assert key_error_m(found, true_pose) < 0.001


def test_four_corners_replace_markers():
    """A user's four pixels give the pose of a sheet without markers."""
    true_pose = make_camera_pose(50, 0.38)
    corners_px = CAMERA.project(true_pose.apply(np.column_stack([LAYOUT.sheet_corners_m, np.zeros(4)])))
    blank = np.full((480, 640, 3), 120, np.uint8)
    found = SheetPoseTracker(LAYOUT, corners_px).update(make_frame(blank))
    assert found is not None
    assert key_error_m(found, true_pose) < 1e-6
    with pytest.raises(ValueError, match="four pixels"):
        SheetPoseTracker(LAYOUT, corners_px[:3])


@pytest.mark.parametrize(
    ("kept", "is_certain"), [((0, 1, 2, 3, 4, 5, 6, 7), True), ((0, 4, 6), True), ((0, 1), False), ((5, 6, 7), False)]
)
def test_markers_that_enclose_little_give_no_plane(kept, is_certain):
    """A pose is certain only if its markers enclose a good part of the sheet; then its plane is right to 1 mm, 0.3
    degrees."""
    true_pose, rng, tracker = make_camera_pose(60, 0.3), np.random.default_rng(8), SheetPoseTracker(LAYOUT)
    hidden = tuple(marker.marker_id for marker in LAYOUT.markers if marker.marker_id not in kept)
    track_sheet(tracker, LAYOUT, true_pose, rng, CALIBRATION_FRAMES, hidden=hidden)
    placed = tracker.placed_sheet
    assert placed is not None
    assert (placed.seen_ns is not None) == is_certain
    if is_certain:
        corners_m = true_pose.apply(np.column_stack([LAYOUT.sheet_corners_m, np.zeros(4)]))
        assert np.abs(placed.plane.height_m(corners_m)).max() < 0.001
        assert np.degrees(np.arccos(min(1.0, placed.plane.normal @ true_pose.rotation[:, 2]))) < 0.3


def test_sighting_is_renewed_by_any_marker_in_place():
    """After the pose is known, one marker where it should be shows that the sheet is still there; none does not."""
    pose, rng, tracker = make_camera_pose(60, 0.36), np.random.default_rng(9), SheetPoseTracker(LAYOUT)
    track_sheet(tracker, LAYOUT, pose, rng, CALIBRATION_FRAMES)
    hidden = tuple(marker.marker_id for marker in LAYOUT.markers)
    seen_ns = []
    for first, markers in enumerate((hidden[1:], hidden), start=1):
        track_sheet(tracker, LAYOUT, pose, rng, 2 * REDETECT_PERIOD_FRAMES, 60 * first, markers)
        seen_ns.append(tracker.placed_sheet.seen_ns)
    assert make_frame(np.zeros((1, 1, 3), np.uint8), 60).stamp_ns < seen_ns[0] == seen_ns[1]


def test_given_pose_is_certain_once_markers_confirm_it():
    """A saved pose is certain only once markers are seen within 2 mm of it; corners given by a user never are."""
    pose, rng = make_camera_pose(60, 0.36, turn_deg=4.0), np.random.default_rng(10)
    tracker = SheetPoseTracker(LAYOUT, saved_pose=pose)
    track_sheet(tracker, LAYOUT, pose, rng, 1)
    assert tracker.placed_sheet.seen_ns is None
    track_sheet(tracker, LAYOUT, pose, rng, 2 * REDETECT_PERIOD_FRAMES, 1)
    assert tracker.placed_sheet.seen_ns is not None
    corners_px = CAMERA.project(pose.apply(np.column_stack([LAYOUT.sheet_corners_m, np.zeros(4)])))
    tracker = SheetPoseTracker(LAYOUT, corners_px)
    track_sheet(tracker, LAYOUT, pose, rng, 2 * REDETECT_PERIOD_FRAMES)
    assert tracker.placed_sheet.seen_ns is None


@pytest.mark.parametrize("signs", [(1.0, -1.0), (-1.0, 1.0)], ids=["own side", "facing"])
def test_a_sheet_seen_straight_from_above_is_solved(signs):
    """From exact, symmetric corners: the rotation is half a turn about x or y, or a quarter turn away from one."""
    rotation = np.diag([*signs, -1.0])
    points_m = np.array([[-0.15, 0.1], [0.15, 0.1], [0.15, -0.1], [-0.15, -0.1]])
    pixels = CAMERA.project(np.column_stack([points_m, np.zeros(4)]) @ rotation.T + (0.0, 0.0, 0.4))
    for shift in range(4):
        turned = np.roll(pixels, shift, axis=0) if shift % 2 == 0 else pixels
        pose = solve_pose(points_m, turned, CAMERA)
        assert pose is not None
        assert pose.residual_px < 1e-6


@pytest.mark.parametrize("name", ["qwerty", "qwerty_full"])
def test_a_mirrored_sheet_is_told_and_not_found(name):
    """Markers that read the same in a mirror give no pose; turned round, the sheet is found and nothing is told."""
    layout, rng = load_layout(name), np.random.default_rng(9)
    image = render_sheet_view(layout, make_camera_pose(60, 0.45 if name == "qwerty" else 0.6), rng)
    tracker = SheetPoseTracker(layout)
    for index in range(20):
        assert tracker.update(make_frame(np.ascontiguousarray(image[:, ::-1]), index)) is None
    assert tracker.advice == MIRRORED
    for index in range(20, 40):
        found = tracker.update(make_frame(image, index))
    assert found is not None
    assert tracker.advice is None


def test_markers_that_read_the_same_in_a_mirror():
    """Four of the first 50 of 4x4 cells."""
    assert find_self_mirrored("DICT_4X4_50") == {8, 9, 17, 47}
    assert find_self_mirrored("DICT_5X5_50") == set()
