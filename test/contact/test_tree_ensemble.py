"""The learnt rule: features of a stop, trees by numpy, their file, and who they may be fitted to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fingertip_contact.contact.adaptation.online import FingerContext
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.classifiers.tree_ensemble import DECISION_FILE, DEFAULT_MODEL, TIMING_FILE
from fingertip_contact.contact.classifiers.tree_model import TreeEnsemble, load_tree_ensemble
from fingertip_contact.contact.contact_window import LENIENT_DESCENT, ContactWindow
from fingertip_contact.contact.features import FEATURES, compute_contact_features
from fingertip_contact.resources import find_share_file
from fingertip_research.evaluation.classifier_fit import save_trees
from fingertip_research.evaluation.kinematic_suite import PARTICIPANTS, TRAINING_PARTICIPANTS, TRAINING_STROKE_SEEDS

STAMPS = np.arange(12) * 33_333_333
NOISE_M = np.full(5, 0.0005)
TAP_MM = [12.0, 12, 12, 12, 12, 6, 0, 0, 0, 7, 12, 12]
CENTER_ROW = 6


def compute_features(
    stamps_ns: np.ndarray, height_m: np.ndarray, flow_m: np.ndarray, row: int, finger: int
) -> dict[str, float] | None:
    """FEATURES of the candidate of a finger at a row; None where its descent does not end there."""
    window = ContactWindow.from_history(stamps_ns, height_m, NOISE_M, flow_m, row)
    evidence = (
        window.compute_evidence(finger, LENIENT_DESCENT) if window.is_descent_end(LENIENT_DESCENT)[finger] else None
    )
    if evidence is None:
        return None
    candidate = ContactCandidate(window, finger, evidence, int(stamps_ns[row]))
    return dict(zip(FEATURES, compute_contact_features(candidate, FingerContext(3.0, 0.5)), strict=True))


def compute_tap_features(neighbour_mm: list[float]) -> dict[str, float]:
    """Features of the tap of finger 1 while finger 2 moves so; the others hover at 12 mm. Images go along."""
    height_m = np.full((12, 5), 0.012)
    height_m[:, 1] = np.array(TAP_MM) / 1e3
    height_m[:, 2] = np.array(neighbour_mm) / 1e3
    flow_m = np.zeros((12, 5, 2))
    flow_m[:, 1:3, 1] = -np.diff(height_m[:, 1:3], axis=0, prepend=height_m[:1, 1:3])
    features = compute_features(STAMPS, height_m, flow_m, CENTER_ROW, 1)
    assert features is not None
    return features


def test_features_describe_the_descent() -> None:
    """A tap from 12 mm that stays two frames more: its depths, times and speeds are those of the track."""
    features = compute_tap_features([12.0] * 12)
    assert features["dwell_height_mm"] == pytest.approx(0.0)
    assert features["descent_mm"] == pytest.approx(12.0)
    assert features["ascent_mm"] == pytest.approx(12.0)
    assert features["dwell_s"] == pytest.approx(2 / 30, abs=1e-3)
    assert features["final_descent_speed_mps"] == pytest.approx(0.18, abs=1e-3)
    assert features["previous_descent_speed_mps"] == pytest.approx(0.18, abs=1e-3)
    assert features["finger"] == 1.0


def test_features_describe_the_fingertip_flow() -> None:
    """The image of a finger goes down with it, 6 mm in each of the last two steps, and then stands; so a rival's."""
    features = compute_tap_features([12.0, 12, 12, 12, 12, 9, 4, 4, 4, 12, 12, 12])
    assert [features[f"flow_mm_t-{step}"] for step in (3, 2, 1)] == pytest.approx([0.0, 6.0, 6.0], abs=1e-3)
    assert [features[f"flow_mm_t+{step}"] for step in (1, 2)] == pytest.approx([0.0, 0.0], abs=1e-3)
    assert features["descent_flow_along_mm"] == pytest.approx(12.0)
    assert features["descent_flow_across_mm"] == 0.0
    assert [features[f"flow_along_mm_t{step:+d}"] for step in (-3, -2, -1, 1)] == pytest.approx(
        [0.0, 6.0, 6.0, 0.0], abs=1e-3
    )
    assert [features[f"flow_lateral_mm_t{step:+d}"] for step in (-2, -1)] == [0.0, 0.0]
    assert (features["effective_tap_count"], features["foreshortening_ratio"]) == (3.0, 0.5)
    # With half of it shown, a way of 6 mm is one of 12 mm down.
    assert [
        features[name] for name in ("descent_from_flow_mm_t-1", "descent_from_flow_mm_t-2", "descent_from_flow_mm")
    ] == pytest.approx([12.0, 12.0, 24.0], abs=1e-2)
    assert [features[f"fastest_other_flow_mm_t-{step}"] for step in (2, 1)] == pytest.approx([3.0, 5.0], abs=1e-3)
    assert features["fastest_other_height_mm_t+0"] == pytest.approx(4.0)
    assert features["fastest_other_finger_distance"] == 1.0


def test_features_do_not_depend_on_the_frame_rate() -> None:
    """At 60 Hz the heights and ways a thirtieth of a second apart are those of 30 Hz."""
    twice_mm = np.interp(np.arange(0, 12, 0.5), np.arange(12), TAP_MM)
    height_m = np.full((24, 5), 0.012)
    height_m[:, 1] = twice_mm / 1e3
    flow_m = np.zeros((24, 5, 2))
    flow_m[:, 1, 1] = -np.diff(height_m[:, 1], prepend=0.012)
    stamps = np.arange(24) * 16_666_667
    actual = compute_features(stamps, height_m, flow_m, 2 * CENTER_ROW, 1)
    assert actual is not None
    expected = compute_tap_features([12.0] * 12)
    for name in (
        "height_mm_t-2",
        "height_mm_t-1",
        "height_mm_t+0",
        "height_mm_t+1",
        "height_mm_t+2",
        "flow_mm_t-2",
        "flow_mm_t-1",
        "flow_mm_t+1",
    ):
        assert actual[name] == pytest.approx(expected[name], abs=0.01), name


def test_features_describe_the_neighbour_finger() -> None:
    """A neighbour that comes down to the desk has more evidence than one that hovers, and the farther fall."""
    hovering, touching = compute_tap_features([12.0] * 12), compute_tap_features([1.3 * value for value in TAP_MM])
    assert touching["others_max_llr"] > hovering["others_max_llr"] + 3.0
    assert touching["others_max_descent_mm"] == pytest.approx(15.6)
    assert touching["others_min_height_mm"] == pytest.approx(0.0)


@given(
    arrays(np.float64, (12, 5), elements=st.floats(-0.05, 0.1) | st.just(np.nan)),
    arrays(np.float64, (12, 5, 2), elements=st.floats(-0.1, 0.1) | st.just(np.nan)),
    st.integers(1, 11),
    st.integers(0, 4),
)
def test_features_are_finite(height_m: np.ndarray, flow_m: np.ndarray, row: int, finger: int) -> None:
    """Whatever the heights and ways, unseen ones too, a stop has finite features."""
    features = compute_features(STAMPS, height_m, flow_m, row, finger)
    assert features is None or np.isfinite([*features.values()]).all()


def test_partial_flow_counts_as_missing() -> None:
    """An image whose way is known in one direction only has not moved, and the stop's features stay finite."""
    flow_m = np.full((12, 5, 2), 0.001)
    flow_m[CENTER_ROW - 1 : CENTER_ROW + 1, 1, 1] = np.nan
    height_m = np.full((12, 5), 0.012)
    height_m[:, 1] = np.array(TAP_MM) / 1e3
    assert np.isfinite(
        ContactWindow.from_history(STAMPS, height_m, NOISE_M, flow_m, CENTER_ROW).cumulative_flow_m
    ).all()
    features = compute_features(STAMPS, height_m, flow_m, CENTER_ROW, 1)
    assert features is not None
    assert np.isfinite([*features.values()]).all()


def make_two_leaf_ensemble(right: int = 2) -> TreeEnsemble:
    """One tree: -1 up to 3 of the first feature, else 2."""
    return TreeEnsemble(
        base=0.5,
        feature=np.array([[0, -1, -1]]),
        threshold_or_leaf=np.array([[3.0, -1.0, 2.0]]),
        right=np.array([[right, 0, 0]]),
        source="by hand",
    )


def test_ensemble_sums_its_leaf_values() -> None:
    """The base and the value of the leaf that the features lead to; the threshold itself goes left."""
    for value, expected in ((2.0, -0.5), (3.0, -0.5), (3.1, 2.5)):
        assert make_two_leaf_ensemble().predict(np.full((1, len(FEATURES)), value)) == [expected]


def test_saved_ensemble_is_restored_exactly(tmp_path: Path) -> None:
    """What was saved decides the same after it was read."""
    save_trees(make_two_leaf_ensemble(), tmp_path / "trees.json")
    features = np.array([[2.0], [5.0]]) * np.ones(len(FEATURES))
    assert (
        load_tree_ensemble(tmp_path / "trees.json", FEATURES).predict(features).tolist()
        == make_two_leaf_ensemble().predict(features).tolist()
    )


@pytest.mark.parametrize("change", ["loop", "features", "shape", "finite", "text"])
def test_invalid_ensembles_are_rejected(change: str, tmp_path: Path) -> None:
    """A walk that would not end, other features, ragged tables, NaN and what is no JSON: ValueError with the remedy."""
    path = tmp_path / "trees.json"
    save_trees(make_two_leaf_ensemble(right=0 if change == "loop" else 2), path)
    data = json.loads(path.read_text(encoding="utf-8"))
    if change == "features":
        data["features"][0] = "colour"
    if change == "shape":
        data["threshold_or_leaf"] = [[0.0]]
    if change == "finite":
        data["threshold_or_leaf"][0][1] = float("nan")
    path.write_text("trees" if change == "text" else json.dumps(data), encoding="utf-8")
    with pytest.raises(ValueError, match="fit-classifier"):
        load_tree_ensemble(path, FEATURES)


def test_training_participants_are_not_evaluated() -> None:
    """The people that trees are fitted to are none of the suite's."""
    assert not set(PARTICIPANTS) & {*TRAINING_PARTICIPANTS, *TRAINING_STROKE_SEEDS}
    for name in (DECISION_FILE, TIMING_FILE):
        ensemble = load_tree_ensemble(find_share_file(str(DEFAULT_MODEL / name)), FEATURES)
        assert "on 1001-1160, 2001-2096" in ensemble.source


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"base": float("nan")}, "not finite"),
        ({"base": float("inf")}, "not finite"),
        ({"feature": [[0, -7, -1]]}, "unknown feature"),
        ({"right": [[2.5, 0, 0]]}, "whole number"),
        ({"feature": [[10**30, -1, -1]]}, "trees.json"),
    ],
)
def test_unusable_numbers_are_rejected(tmp_path: Path, change: dict[str, object], message: str) -> None:
    """A model that would predict NaN, or read other features than it was fitted to, is not loaded."""
    data = {"source": "", "features": FEATURES, "base": 0.0, "feature": [[0, -1, -1]], "right": [[2, 0, 0]]}
    data |= {"threshold_or_leaf": [[0.5, -1.0, 1.0]]}
    path = tmp_path / "trees.json"
    path.write_text(json.dumps(data))
    assert load_tree_ensemble(path, FEATURES).predict(np.zeros((1, len(FEATURES)))).tolist() == [-1.0]
    path.write_text(json.dumps(data | change))
    with pytest.raises(ValueError, match=message):
        load_tree_ensemble(path, FEATURES)


def test_missing_model_file_is_named(tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(FileNotFoundError, match=r"decision\.json cannot be read.*name a model folder"):
        load_tree_ensemble(tmp_path / "decision.json", FEATURES)
