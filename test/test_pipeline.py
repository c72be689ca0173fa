"""Rules of running the pipeline over a recording."""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.factory import build_contact_pipeline, load_contact_parameters
from fingertip_contact.geometry import Camera
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import Pipeline, process_frames

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
