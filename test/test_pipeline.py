"""Rules of running the pipeline over a recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.cameras.rotation import rotate_camera, rotate_frame
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import DepthImage, Frame, StereoImages
from fingertip_contact.factory import KeyboardOptions, build_contact_pipeline, load_contact_parameters
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.sheet_pose_file import save_pose
from fingertip_contact.pipeline import Pipeline, process_frames
from fingertip_contact.registry import DEPTH_SOURCES
from keyboard_images import CAMERA as SHEET_CAMERA
from keyboard_images import make_camera_pose

CAMERA = Camera(fx=393.0, fy=392.0, cx=321.0, cy=240.0, width=640, height=480)


def make_empty_desk_frame(index: int) -> Frame:
    color = np.full((480, 640, 3), 128, np.uint8)
    depth = DepthImage(np.full((480, 640), 350, np.uint16), 0.001)
    return Frame(1_000_000_000 + index * 33_333_333, "camera", CAMERA, color, depth)


def test_every_frame_has_a_result_and_the_run_is_finished(hand_tracker: HandTracker):
    """Each frame comes with its result, in order; the end comes last, without a frame, at the last stamp."""
    frames = [make_empty_desk_frame(index) for index in range(12)]
    pipeline = build_contact_pipeline(load_layout("qwerty"), load_contact_parameters("default", 0.2))
    pairs = list(process_frames(frames, Pipeline(hand_tracker, pipeline)))
    assert [frame for frame, _ in pairs] == [*frames, None]
    assert [result.stamp_ns for _, result in pairs] == [frame.stamp_ns for frame in (*frames, frames[-1])]
    assert pairs[-2][1].surface is not None


def test_empty_recording_has_no_final_result(hand_tracker: HandTracker):
    """A recording without frames has nothing to end."""
    pipeline = build_contact_pipeline(load_layout("qwerty"), load_contact_parameters("default"))
    assert list(process_frames([], Pipeline(hand_tracker, pipeline))) == []


def test_calibration_time_overrides_the_profile():
    """The time of the empty desk is the recording's, everything else the profile's."""
    profile = load_profile("default")
    assert load_contact_parameters("default") == profile
    changed = load_contact_parameters("default", 2.5)
    assert changed.calibration_seconds == 2.5
    assert changed.entry_height_m == profile.entry_height_m


@pytest.mark.parametrize(
    ("depth_source", "has_depth", "has_stereo"),
    [("auto", True, True), ("stereo", True, True), ("sensor", True, False), ("none", False, False)],
)
def test_depth_source_decides_what_a_frame_keeps(depth_source: str, has_depth: bool, has_stereo: bool):
    """Also where the frames hold more than the source stands for."""
    seen: list[Frame] = []

    class Watcher:
        def process(self, frame, hands):
            seen.append(frame)

    class NoHands:
        def process(self, image_bgr, stamp_ns):
            return ()

    grey = np.zeros((480, 640), np.uint8)
    stereo = StereoImages(grey, grey, CAMERA, 0.018, RigidTransform(np.eye(3), np.zeros(3)))
    Pipeline(NoHands(), Watcher(), DEPTH_SOURCES.make(depth_source)).process(
        replace(make_empty_desk_frame(0), stereo=stereo)
    )
    assert (seen[0].depth is not None, seen[0].stereo is not None) == (has_depth, has_stereo)


def test_color_alone_gives_fingertips_and_presses(hand_tracker: HandTracker, hand_images: np.ndarray):
    """Frames of colour alone, over a sheet: fingertips have heights by their looks, and each press ends once."""
    contact = build_contact_pipeline(load_layout("qwerty"), load_contact_parameters("default"))
    frames = [
        Frame(1_000_000_000 + index * 33_333_333, "camera", CAMERA, image, None)
        for index, image in enumerate(hand_images)
    ]
    results = [result for _, result in process_frames(frames, Pipeline(hand_tracker, contact))]
    assert max(len(result.hands) for result in results) == 2
    heights_m = np.array([tip.height_m for result in results[4:] for tip in result.fingertips])
    assert np.isfinite(heights_m).mean() > 0.9
    assert -0.005 < np.nanmedian(heights_m) < 0.025
    events = [event for result in results for event in result.contact_events]
    presses = [event.press for event in events if event.type == "press"]
    assert presses
    assert sorted(presses) == sorted(event.press for event in events if event.type in ("release", "cancel"))


def test_a_saved_pose_is_turned_with_the_images(tmp_path):
    """It is of the camera as it is mounted: the sheet's points lie where the turned images show them."""
    layout, pose = load_layout("qwerty"), make_camera_pose(60, 0.3)
    save_pose(tmp_path / "pose.yaml", layout, pose)
    options = KeyboardOptions(str(tmp_path / "pose.yaml"), rotate_deg=180)
    pipeline = build_contact_pipeline(layout, load_contact_parameters("default"), options)
    frame = Frame(0, "camera", SHEET_CAMERA, np.zeros((480, 640, 3), np.uint8), None)
    found = pipeline.process(rotate_frame(frame, 180), ()).camera_from_sheet
    corner_m = np.array([[0.1, 0.05, 0.0]])
    turned = rotate_camera(SHEET_CAMERA, 180).project(found.apply(corner_m))
    np.testing.assert_allclose(turned, [639, 479] - SHEET_CAMERA.project(pose.apply(corner_m)), atol=1e-2)
