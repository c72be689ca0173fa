"""Rules of fitting the contact classifier and of exporting its trees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fingertip_contact.contact.classifiers.tree_model import MAX_LEAVES, load_tree_ensemble
from fingertip_contact.contact.features import FEATURES
from fingertip_research.evaluation.classifier_fit import (
    DECISION_MODEL_SETTINGS,
    TIMING_MODEL_SETTINGS,
    export_booster,
    fit_decision_model,
    fit_timing_model,
    save_trees,
)

lightgbm = pytest.importorskip("lightgbm")


def make_candidates(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features (600, len(FEATURES)), a class and a time that depend on the first two of them."""
    random = np.random.default_rng(seed)
    features = random.normal(size=(600, len(FEATURES)))
    is_tap = features[:, 0] + 0.5 * features[:, 1] ** 2 + random.normal(0, 0.3, 600) > 0.5
    return features, is_tap, -0.1 * features[:, 0]


@pytest.mark.parametrize(("settings", "target"), [(DECISION_MODEL_SETTINGS, 1), (TIMING_MODEL_SETTINGS, 2)])
def test_exported_ensemble_matches_the_booster(settings: dict, target: int) -> None:
    """The exported trees predict the booster's raw values, on thresholds too, and have at most MAX_LEAVES leaves."""
    data = make_candidates(0)
    features = data[0]
    fewer_trees = {**settings, "num_iterations": 60}
    booster = lightgbm.train(fewer_trees, lightgbm.Dataset(features, data[target].astype(float)))
    ensemble = export_booster(booster, "noise")
    assert len(ensemble.feature) == 60
    assert (ensemble.feature >= 0).sum(axis=1).max() < MAX_LEAVES
    thresholds = ensemble.threshold_or_leaf[ensemble.feature == 0][:50]
    on_thresholds = features[: len(thresholds)].copy()
    on_thresholds[:, 0] = thresholds
    for rows in (features[:100], on_thresholds):
        np.testing.assert_allclose(ensemble.predict(rows), booster.predict(rows, raw_score=True), atol=1e-6)


def test_fitted_ensemble_is_restored_from_its_file(tmp_path: Path) -> None:
    """A fitted ensemble can be saved and loaded, and then predicts the same but for the rounding of the file."""
    features, _, offset_s = make_candidates(1)
    ensemble = fit_timing_model(features, offset_s, "noise")
    save_trees(ensemble, tmp_path / "trees.json")
    restored = load_tree_ensemble(tmp_path / "trees.json", FEATURES)
    assert np.array_equal(restored.right[restored.feature >= 0], ensemble.right[ensemble.feature >= 0])
    assert np.median(np.abs(restored.predict(features) - ensemble.predict(features))) < 1e-3
    assert restored.source == "noise"


def test_decision_model_separates_taps() -> None:
    """The log-odds of candidates that were not fitted to have the sign of their class in 85 % of cases."""
    features, is_tap, _ = make_candidates(2)
    unseen, unseen_is_tap, _ = make_candidates(3)
    ensemble = fit_decision_model(features, is_tap, "noise", np.ones(len(features)))
    assert ((ensemble.predict(unseen) > 0) == unseen_is_tap).mean() > 0.85


def test_contact_time_is_estimated() -> None:
    """The timing model estimates a contact offset that is a tenth of the first feature within 5 ms (median)."""
    random = np.random.default_rng(1)
    features = random.uniform(size=(2000, len(FEATURES)))
    ensemble = fit_timing_model(features[:1800], -0.1 * features[:1800, 0], "noise")
    assert np.median(np.abs(ensemble.predict(features[1800:]) + 0.1 * features[1800:, 0])) < 0.005


def test_constant_target_gives_a_single_leaf() -> None:
    """Where no split helps, the ensemble is a constant."""
    features, _, _ = make_candidates(4)
    ensemble = fit_timing_model(features, np.full(len(features), 0.02), "noise")
    np.testing.assert_allclose(ensemble.predict(features[:5]), 0.02, atol=1e-6)
