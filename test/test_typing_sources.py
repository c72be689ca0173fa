"""The default profile reads typing whatever the camera measures beside colour."""

from __future__ import annotations

from pathlib import Path

import pytest

from fingertip_contact.factory import build_pipeline
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import process_frames
from fingertip_contact.recordings.open import open_recording
from fingertip_research.evaluation.recording_sets import load_recording_set
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth


@pytest.mark.slow
@pytest.mark.parametrize("depth_source", ["none", "sensor", "stereo"])
def test_typing_is_read(typed_recording: Path, hand_tracker: HandTracker, depth_source: str) -> None:
    """Two taps, their text, at the right times, and contacts that end."""
    calibration_s = read_ground_truth(ground_truth_path(typed_recording)).header.calibration_seconds
    pipeline = build_pipeline(load_layout("qwerty"), calibration_seconds=calibration_s, depth_source=depth_source)
    events = []
    with open_recording(typed_recording, depth_source=depth_source) as recording:
        for _, result in process_frames(recording.frames(), pipeline):
            events += result.contact_events
            text = result.text
    taps = read_ground_truth(ground_truth_path(typed_recording)).taps
    presses = [event for event in events if event.type == "press"]
    assert text == "hi"
    assert [(press.hand, press.finger) for press in presses] == [(tap.hand, tap.finger) for tap in taps]
    for press, tap in zip(presses, taps, strict=True):
        assert abs(press.contact_ns - tap.press_ns) < 25e6
        ends = [event for event in events if event.press == press.press and event.type in ("release", "cancel")]
        assert len(ends) == 1
        assert abs(ends[0].contact_ns - tap.release_ns) < 70e6


def test_nobody_of_the_test_sets_was_fitted_to() -> None:
    fitted = {spec.seed for spec in load_recording_set("touch_fit")}
    for name in ("sensor_matrix", "normal", "calm"):
        own = {spec.seed for spec in load_recording_set(name)}
        assert fitted.isdisjoint(own), name
