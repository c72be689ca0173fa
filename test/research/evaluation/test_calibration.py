"""Rules of how confidences are held against the truth."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact.datatypes import TapCandidate
from fingertip_contact.recordings.events import EventRecord
from fingertip_research.evaluation.calibration import (
    Confidences,
    compute_expected_calibration_error,
    compute_reliability,
    judge_confidences,
    pool_confidences,
)
from fingertip_research.evaluation.calibration_plot import write_reliability_diagram
from fingertip_research.ground_truth.recording import GroundTruthTap

MS = 1_000_000


def make_tap(at_ms: int, finger: str = "index") -> GroundTruthTap:
    return GroundTruthTap(at_ms * MS, (at_ms + 80) * MS, "right", finger, "j", "j", 0.0, 0.0)


def make_press(at_ms: int, confidence: float, finger: str = "index") -> EventRecord:
    decided_ns = (at_ms + 60) * MS
    return EventRecord(
        at_ms * MS, decided_ns, "press", "right", finger, "j", "j", None, None, None, confidence, press=at_ms
    )


def make_candidate(at_ms: int, confidence: float, finger: str = "index") -> TapCandidate:
    return TapCandidate((at_ms + 60) * MS, at_ms * MS, "right", finger, np.zeros(3), confidence)


def test_a_tap_is_that_of_one_touch_of_its_finger_and_presses_choose_first() -> None:
    """A press at a tap is one, and a tentative tap at a tap that no press found; the rest are none: at no tap, of
    another finger, or at a tap that a press has found."""
    taps = [make_tap(1000), make_tap(2000), make_tap(3000)]
    presses = [make_press(1040, 0.9), make_press(1500, 0.8)]
    tentative = [
        make_candidate(1000, 0.1),
        make_candidate(2010, 0.4),
        make_candidate(2500, 0.2),
        make_candidate(3000, 0.3, "ring"),
    ]
    touches = judge_confidences(presses, tentative, taps)
    found = dict(zip(touches.confidence.tolist(), touches.is_tap.tolist(), strict=True))
    assert found == {0.9: True, 0.8: False, 0.1: False, 0.4: True, 0.2: False, 0.3: False}


def test_a_recording_without_touches_says_nothing() -> None:
    """No bins, and no error of them; pooling keeps what others say."""
    nothing = judge_confidences([], [], [make_tap(1000)])
    assert compute_reliability(nothing) == ()
    assert compute_expected_calibration_error(()) is None
    some = Confidences(np.array([0.7]), np.array([True]))
    assert len(pool_confidences([nothing, some, nothing]).confidence) == 1
    assert len(pool_confidences([]).confidence) == 0


def test_bins_hold_every_touch_once() -> None:
    """Edges belong to the upper bin, 1 to the last; the error weighs each bin by its touches."""
    touches = Confidences(np.array([0.05, 0.1, 0.19, 1.0]), np.array([False, False, True, True]))
    low, second, last = compute_reliability(touches)
    assert (low.low, low.count, low.tap_share) == (0.0, 1, 0.0)
    assert (second.count, second.tap_share) == (2, 0.5)
    assert (last.high, last.count, last.confidence) == (1.0, 1, 1.0)
    error = compute_expected_calibration_error((low, second, last))
    assert error == pytest.approx((0.05 + 2 * abs(0.145 - 0.5) + 0.0) / 4)


def test_true_confidences_have_no_error_and_boastful_ones_have() -> None:
    """Touches that are taps as often as they say; the same touches, each of them said to be sure."""
    random = np.random.default_rng(2)
    confidence = random.uniform(0.05, 1.0, 20_000)
    is_tap = random.random(len(confidence)) < confidence
    honest = compute_reliability(Confidences(confidence, is_tap))
    assert compute_expected_calibration_error(honest) == pytest.approx(0.0, abs=0.02)
    boastful = compute_reliability(Confidences(np.full(len(confidence), 0.99), is_tap))
    assert compute_expected_calibration_error(boastful) == pytest.approx(0.99 - is_tap.mean(), abs=1e-6)


def test_the_diagram_is_a_picture_of_every_source(tmp_path: Path) -> None:
    """Folders are made; a source without touches is left out; an old picture is replaced."""
    touches = {"none": Confidences(np.array([0.2, 0.9]), np.array([False, True])), "sensor": Confidences()}
    path = tmp_path / "new" / "sure.png"
    for _ in range(2):
        write_reliability_diagram(path, touches)
    assert cv2.imread(str(path)).shape[2] == 3
    write_reliability_diagram(path, {"sensor": Confidences()})
