"""The default classifier's way from features to decisions, with trees made by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from contact_world import FRAME_NS, make_detector, make_hand, make_pad_heights, make_samples
from fingertip_contact.contact.classifiers.touch import (
    CONTACT_FILE,
    CONTACT_HEIGHT_GAIN,
    MAX_TIMING_S,
    VISIBLE_HEIGHTS_M,
    TouchClassifier,
    find_moving,
)
from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.touch_features import FEATURES, MISSING
from fingertip_contact.datatypes import ContactEvent
from fingertip_contact.numerics import sigmoid
from touch_model import STOPPED, Tree, write_touch_model

ALL = list(range(FINGER_COUNT))
START_NS = 10**9
INDEX = 6
# The row at which the index finger has come down by 6 mm within 100 ms.
TOUCH_ROW, LAST_ROW = 20, 22


def make_classifier(folder: Path, threshold: float = 0.0, **trees: object) -> TouchClassifier:
    model = write_touch_model(folder, **{"touch_down": [STOPPED], **trees})
    parameters = ContactParameters(classifier="touch", model=str(model), press_log_odds_threshold=threshold)
    return TouchClassifier(parameters)


def make_history(stereo_mm: float = math.nan, depth_mm: float = math.nan) -> FingertipHistory:
    """The right index taps while all others stand still."""
    history = FingertipHistory()
    for row in range(LAST_ROW + 1):
        measured = make_samples(np.full(10, 0.01))
        measured.flow_m[INDEX, 1] = 0.002 if TOUCH_ROW - 3 < row <= TOUCH_ROW else 0.0
        measured.stereo_height_m[:] = stereo_mm / 1e3
        measured.finger_height_m[:] = depth_mm / 1e3
        history.add(START_NS + row * FRAME_NS, ALL, measured)
    return history


def classify(classifier: TouchClassifier, history: FingertipHistory) -> list[ContactDecision]:
    decisions = classifier.classify(history, TOUCH_ROW)
    assert all(decision is not None for decision in decisions)
    return [decision for decision in decisions if decision is not None]


@pytest.mark.parametrize(("threshold", "is_contact"), [(3.9, True), (4.0, False), (-10.0, True)])
def test_threshold_decides(tmp_path: Path, threshold: float, is_contact: bool) -> None:
    """Log-odds of 4 are a touch below a threshold of 4, not at it; the confidence is their probability either way."""
    decisions = classify(make_classifier(tmp_path, threshold), make_history())
    assert decisions[INDEX].is_contact == is_contact
    assert decisions[INDEX].confidence == pytest.approx(sigmoid(4.0))


def test_fingers_that_stand_still_are_not_asked(tmp_path: Path) -> None:
    """Trees that find a touch everywhere are asked about the finger that moved only; about contact, the one that
    touched."""
    everywhere: Tree = ("finger", -1.0, 4.0, 4.0)
    decisions = classify(make_classifier(tmp_path, touch_down=[everywhere]), make_history())
    assert [column for column, decision in enumerate(decisions) if decision.is_contact] == [INDEX]
    assert decisions[0].confidence < 1e-6
    assert decisions[0].contact_probability == 0.0
    assert decisions[INDEX].contact_probability == pytest.approx(sigmoid(2.0))


def test_moving_is_a_way_or_a_look() -> None:
    """More than 0.4 mm in 100 ms, in any direction, or the look of a touch-down; MISSING is neither."""
    features = np.full((5, len(FEATURES)), MISSING)
    along, across = (FEATURES.index(f"path_{name}_mm_-3+0") for name in ("along", "across"))
    look = FEATURES.index("appearance_touch_down_+2")
    features[:, [along, across]] = [[0.0, 0.0], [-0.5, 0.0], [0.3, 0.3], [0.3, 0.2], [0.0, 0.0]]
    features[4, look] = -2.0
    assert find_moving(features).tolist() == [False, True, True, False, True]


@pytest.mark.parametrize(
    ("ago_s", "expected_s"), [(0.02, 0.02), (-0.01, -0.01), (0.5, MAX_TIMING_S), (-3.0, -MAX_TIMING_S)]
)
def test_touch_down_time_is_limited(tmp_path: Path, ago_s: float, expected_s: float) -> None:
    """As long ago as the timing trees say, but no more than 50 ms before or after the row."""
    classifier = make_classifier(tmp_path, timing=[("finger", 10.0, ago_s, ago_s)])
    decision = classify(classifier, make_history())[INDEX]
    assert START_NS + TOUCH_ROW * FRAME_NS - decision.touch_down_ns == pytest.approx(1e9 * expected_s, abs=1)


@pytest.mark.parametrize(
    ("stereo_mm", "depth_mm", "expected_m"),
    [
        (12.0, math.nan, 0.012 - VISIBLE_HEIGHTS_M[1]),
        (math.nan, 12.0, 0.012 - VISIBLE_HEIGHTS_M[0]),
        (12.0, 30.0, 0.012 - VISIBLE_HEIGHTS_M[1]),
        (math.nan, math.nan, math.nan),
    ],
)
def test_height_is_that_of_the_better_source(
    tmp_path: Path, stereo_mm: float, depth_mm: float, expected_m: float
) -> None:
    """Of the pad: by both imagers, else by depth, each less what a touching finger shows there; NaN by colour alone."""
    decision = classify(make_classifier(tmp_path), make_history(stereo_mm, depth_mm))[0]
    assert decision.height_m == pytest.approx(expected_m, nan_ok=True)


def test_contact_heights_are_learnt_from_touches(tmp_path: Path) -> None:
    """Each touch moves its finger's contact height towards the height seen then, by a quarter of what is missing, and
    by no more than 1 mm; other fingers keep theirs."""
    classifier = make_classifier(tmp_path)
    prior_m = classifier.estimate_contact_heights_m().copy()
    np.testing.assert_allclose(prior_m, VISIBLE_HEIGHTS_M[1])
    classify(classifier, make_history(stereo_mm=1e3 * VISIBLE_HEIGHTS_M[1] + 2.0))
    learnt_m = classifier.estimate_contact_heights_m() - prior_m
    assert learnt_m[INDEX] == pytest.approx(CONTACT_HEIGHT_GAIN * 0.002)
    assert np.count_nonzero(learnt_m) == 1
    classify(classifier, make_history(stereo_mm=50.0))
    step_m = classifier.estimate_contact_heights_m() - prior_m - learnt_m
    assert step_m[INDEX] == pytest.approx(CONTACT_HEIGHT_GAIN * 0.004)


def test_touches_without_heights_teach_nothing(tmp_path: Path) -> None:
    """By colour alone contact heights stay what they were."""
    classifier = make_classifier(tmp_path)
    classify(classifier, make_history())
    np.testing.assert_array_equal(classifier.estimate_contact_heights_m(), VISIBLE_HEIGHTS_M[1])


def test_fingers_without_flow_are_not_decided(tmp_path: Path) -> None:
    """A hand that was not there in the frame before: None for its fingers, and for all of an empty row."""
    history = make_history()
    history.flow_m[TOUCH_ROW, :5] = np.nan
    classifier = make_classifier(tmp_path)
    decisions = classifier.classify(history, TOUCH_ROW)
    assert [decision is None for decision in decisions] == [True] * 5 + [False] * 5
    history.flow_m[TOUCH_ROW] = np.nan
    assert classifier.classify(history, TOUCH_ROW) == [None] * FINGER_COUNT


def test_model_without_one_of_its_files_is_refused(tmp_path: Path) -> None:
    """The file that is missing is named."""
    model = write_touch_model(tmp_path / "model", [STOPPED])
    (model / CONTACT_FILE).unlink()
    with pytest.raises(FileNotFoundError, match=r"contact\.json"):
        TouchClassifier(ContactParameters(classifier="touch", model=str(model)))


def test_taps_are_events_by_color_alone(tmp_path: Path) -> None:
    """Flow alone, no heights: each tap is one press of its finger and one release, in order, within 50 ms."""
    taps = [(6, 1.0, 0.3), (7, 2.0, 0.3), (1, 3.0, 0.3)]
    pad_m = make_pad_heights(taps, 4.0, hover_m=0.014)
    still_going: Tree = ("path_along_mm_+1+2", 0.5, 0.0, -8.0)
    model = write_touch_model(
        tmp_path / "model", [STOPPED, still_going], contact=[("path_along_mm_-8+0", 1.0, -2.0, 2.0)]
    )
    detector = make_detector(ContactParameters(classifier="touch", model=str(model), press_log_odds_threshold=0.0))
    events: list[ContactEvent] = []
    for index, row_m in enumerate(pad_m):
        measured = make_samples(row_m, pad_m[max(0, index - 1)])
        measured.rim_height_m[:] = np.nan
        events += detector.update(START_NS + index * FRAME_NS, (make_hand(0), make_hand(1)), measured)[1]
    presses = [event for event in events if event.type == "press"]
    assert [(event.hand, event.finger) for event in presses] == [
        ("right", "index"),
        ("right", "middle"),
        ("left", "index"),
    ]
    assert [event.type for event in events] == ["press", "release"] * 3
    for press, (_, touch_s, _) in zip(presses, taps, strict=True):
        assert (press.contact_ns - START_NS) / 1e9 == pytest.approx(touch_s, abs=0.05)
