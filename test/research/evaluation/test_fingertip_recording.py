"""Rules of measuring the fingertips of a recording once, to evaluate contact profiles on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contact_world import CAMERA, make_desk_plane
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.contact.tentative import MIN_CONFIDENCE
from fingertip_contact.datatypes import DepthImage, Frame, Hand, Surface, TapCandidate
from fingertip_contact.factory import build_contact_pipeline
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.key_decoder import KeyDecoder
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import Pipeline, process_frames
from fingertip_contact.recordings.events import decode_text, make_event_records
from fingertip_contact.recordings.open import open_recording
from fingertip_research.evaluation import fingertip_recording
from fingertip_research.evaluation.fingertip_recording import detect, measure_recording
from fingertip_research.evaluation.kinematic_suite import Trial

CALIBRATION_SECONDS = 0.5
PLANE = make_desk_plane(60)
SURFACE = Surface(PLANE, PLANE, 0.0, 1.0, 0)


def make_hand(track: int, side: str, score: float) -> Hand:
    landmarks_px = np.tile(np.array([320.0, 240.0], np.float32), (21, 1)) + np.arange(21, dtype=np.float32)[:, None]
    return Hand(track, side, score, score, landmarks_px)


def test_observer_receives_the_best_hand_of_each_side() -> None:
    """The observer of a detector is called once per frame, with the hands that were measured and five rows for each."""
    calls = []
    detector = ContactDetector(ContactParameters(), on_measured=lambda *call: calls.append(call))
    frame = Frame(
        7, "camera", CAMERA, np.zeros((480, 640, 3), np.uint8), DepthImage(np.full((480, 640), 300, np.uint16), 0.001)
    )
    hands = make_hand(1, "right", 0.5), make_hand(2, "right", 0.9), make_hand(3, "left", 0.4)
    detector.process(frame, hands, SURFACE)
    ((stamp_ns, measured, samples),) = calls
    assert stamp_ns == 7
    assert [hand.track for hand in measured] == [2, 3]
    assert samples.rim_height_m.shape == (10,)


def test_collected_rows_follow_the_finger_columns() -> None:
    """Columns are left thumb to right little finger, in any order of the hands; a missing hand is NaN."""
    collector = fingertip_recording._MeasurementCollector()
    frame = Frame(
        7, "camera", CAMERA, np.zeros((480, 640, 3), np.uint8), DepthImage(np.full((480, 640), 300, np.uint16), 0.001)
    )
    detector = ContactDetector(ContactParameters(), on_measured=collector.collect)
    detector.process(frame, (make_hand(4, "right", 0.5),), SURFACE)
    assert collector.tracks == [[-1, 4]]
    assert np.isnan(collector.rows[0]["tip_px"][:5]).all()
    assert np.isfinite(collector.rows[0]["tip_px"][5:]).all()


def test_detecting_tells_presses_and_what_was_not_sure_enough_for_one(kinematic_trial: Trial) -> None:
    """Who listens to tentative taps, or reads the same contacts along, changes no event. Tentative taps are less sure
    than certain and none is a press's own."""
    layout, parameters = load_layout("qwerty"), load_profile("evidence")
    tentative: list[TapCandidate] = []
    reader = KeyDecoder(layout)
    events = detect(kinematic_trial.recording, parameters, layout, reader, tentative.append)
    assert events == detect(kinematic_trial.recording, parameters, layout)
    assert reader.text == decode_text(events)
    assert tentative
    assert all(MIN_CONFIDENCE < candidate.confidence < 1 for candidate in tentative)
    presses = {(event.hand, event.finger, event.stamp_ns) for event in events if event.type == "press"}
    assert not presses & {(candidate.hand, candidate.finger, candidate.contact_ns) for candidate in tentative}


@pytest.mark.slow
def test_measured_recording_gives_the_events_of_the_pipeline(
    typed_recording: Path, hand_tracker: HandTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile finds in the measured recording the same events as the pipeline finds in its images."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    layout, parameters = load_layout("qwerty"), load_profile("default")
    monkeypatch.setattr(fingertip_recording.HAND_TRACKERS, "get", lambda name: lambda: hand_tracker)
    found = detect(measure_recording(typed_recording, layout, CALIBRATION_SECONDS), parameters, layout)
    hand_tracker.reset()
    contact = build_contact_pipeline(layout, ContactParameters(calibration_seconds=CALIBRATION_SECONDS))
    contact.detector = ContactDetector(parameters)
    with open_recording(typed_recording) as opened:
        results = process_frames(opened.frames(), Pipeline(hand_tracker, contact))
        expected = [record for _, result in results for record in make_event_records(result)]
    assert expected
    assert [(event.type, event.stamp_ns, event.finger, event.key) for event in found] == [
        (event.type, event.stamp_ns, event.finger, event.key) for event in expected
    ]
