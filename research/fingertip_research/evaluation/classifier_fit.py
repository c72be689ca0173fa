"""Fits the learnt rule's trees to the true taps of people, and of strokes of any kind, that no evaluation shows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.contact.adaptation.online import FingerContext
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.classifiers.candidate_classifier import CandidateScore
from fingertip_contact.contact.classifiers.evidence import EvidenceClassifier
from fingertip_contact.contact.classifiers.tree_ensemble import TreeEnsembleClassifier
from fingertip_contact.contact.classifiers.tree_model import TreeEnsemble
from fingertip_contact.contact.features import FEATURES, compute_contact_features
from fingertip_contact.contact.measurement.history import FingertipHistory, find_column, find_columns
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.files import atomic_write
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.events import TOLERANCE_NS
from fingertip_research.evaluation.fingertip_noise import NoiseModel, randomise_noise
from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.evaluation.kinematic_suite import (
    TRAINING_PARTICIPANTS,
    TRAINING_STROKE_SEEDS,
    Trial,
    make_conditions,
    make_simulated_participant,
    make_trial_of_trajectory,
)
from fingertip_research.evaluation.kinematic_view import Trajectory
from fingertip_research.evaluation.randomised_strokes import SwingingTrajectory, make_randomised_strokes
from fingertip_research.ground_truth.recording import GroundTruth

# A stop belongs to a tap that touched between these, seconds after the stop was found. Of 70 to 180 ms before, 90 got
# most of development people, rendered recordings and short taps together.
CONTACT_OFFSET_RANGE_S = (-0.09, TOLERANCE_NS / 1e9)
DECISION_MODEL_SETTINGS: dict[str, Any] = {
    "max_iter": 500,
    "max_leaf_nodes": 31,
    "learning_rate": 0.06,
    "min_samples_leaf": 30,
    "l2_regularization": 2.0,
    "early_stopping": False,
    "random_state": 0,
}
# What a stop of a varied take counts in telling taps, a person's being 1. More of it reads other hands better, and the
# people of this simulation a little worse.
RANDOMISED_STROKES_WEIGHT = 2.5
TIMING_MODEL_SETTINGS: dict[str, Any] = {
    "loss": "absolute_error",
    "max_iter": 120,
    "max_leaf_nodes": 12,
    "learning_rate": 0.08,
    "min_samples_leaf": 40,
    "early_stopping": False,
    "random_state": 0,
}


class _CandidateCollector(EvidenceClassifier):
    """Keeps what it is asked to decide on."""

    descent_thresholds = TreeEnsembleClassifier.descent_thresholds

    def __init__(self, parameters: ContactParameters) -> None:
        super().__init__(parameters)
        self.candidates: list[tuple[ContactCandidate, np.ndarray]] = []

    def score(
        self, candidates: Sequence[ContactCandidate], contexts: Sequence[FingerContext]
    ) -> Sequence[CandidateScore]:
        pairs = zip(candidates, contexts, strict=True)
        self.candidates += [(candidate, compute_contact_features(candidate, context)) for candidate, context in pairs]
        return super().score(candidates, contexts)


def fit_contact_models(
    layout: Layout,
    noise_model: NoiseModel,
    participants: Sequence[int] = (*TRAINING_PARTICIPANTS, *TRAINING_STROKE_SEEDS),
    characters: int = 40,
    workers: int = 1,
    progress: Callable[[int], object] = lambda participant: None,
) -> tuple[TreeEnsemble, TreeEnsemble]:
    """Trees that tell taps, and when those touched, fitted to all stops of these people and varied takes under the
    standard conditions. Needs scikit-learn."""
    features, contact_offsets_s, weights = [], [], []
    collect_candidates = partial(_collect_candidates, layout=layout, noise_model=noise_model, characters=characters)
    with ProcessPoolExecutor(workers) as pool:
        for participant, (found, offset_s) in zip(
            participants, pool.map(collect_candidates, participants), strict=True
        ):
            features.append(found)
            contact_offsets_s.append(offset_s)
            weights.append(
                np.full(len(found), RANDOMISED_STROKES_WEIGHT if participant in TRAINING_STROKE_SEEDS else 1.0)
            )
            progress(participant)
    source = f"`evaluate fit-classifier` on {_format_ranges(participants)}"
    candidates, contact_offset_s = np.concatenate(features), np.concatenate(contact_offsets_s)
    is_tap = np.isfinite(contact_offset_s)
    return fit_decision_model(candidates, is_tap, source, np.concatenate(weights)), fit_timing_model(
        candidates[is_tap], contact_offset_s[is_tap], source
    )


def _collect_candidates(
    participant: int, layout: Layout, noise_model: NoiseModel, characters: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of a person, or a varied trajectory, under all conditions: features (N, len(FEATURES)), and touches (N,), see
    label_candidates."""
    trials = _make_training_trials(participant, layout, noise_model, characters)
    candidates = [candidate for trial in trials for candidate in label_candidates(trial.recording, trial.truth)]
    return np.array([features for features, _ in candidates]), np.array(
        [contact_offset_s for _, contact_offset_s in candidates]
    )


def _make_training_trials(participant: int, layout: Layout, noise_model: NoiseModel, characters: int) -> list[Trial]:
    """Every second person has fingers that swing, varied takes all have, and noise of other hands besides."""
    random = np.random.default_rng([participant, 82])
    if participant in TRAINING_STROKE_SEEDS:
        strokes = SwingingTrajectory.sample(make_randomised_strokes(participant, layout), random)
        return [
            make_trial_of_trajectory(
                participant, strokes, condition, randomise_noise(noise_model.interpolate(condition.angle_deg), random)
            )
            for condition in make_conditions(participant)
        ]
    person = make_simulated_participant(participant, layout, characters)
    trials = []
    for condition in make_conditions(participant):
        trajectory: Trajectory = person.simulate(condition)
        if participant % 2:
            trajectory = SwingingTrajectory.sample(trajectory, random)
        trials.append(
            make_trial_of_trajectory(participant, trajectory, condition, noise_model.interpolate(condition.angle_deg))
        )
    return trials


def label_candidates(recording: FingertipRecording, truth: GroundTruth) -> Iterator[tuple[np.ndarray, float]]:
    """The features of every stop, and when that finger truly touched: seconds after the stop, NaN if it is no tap's."""
    parameters = load_profile("default")
    collector, history = _CandidateCollector(parameters), FingertipHistory()
    for row, stamp_ns in enumerate(recording.stamps_ns):
        history.add(int(stamp_ns), find_columns(recording.hands(row)), recording.samples_at(row))
        for settled in history.pop_settled(parameters.decision_delay_s):
            collector.classify(history, settled)
    press_times_ns: dict[int, list[int]] = {}
    for tap in truth.taps:
        press_times_ns.setdefault(find_column(tap.hand, tap.finger), []).append(tap.press_ns)
    for candidate, features in collector.candidates:
        contact_offsets_s = [
            (press_ns - candidate.stamp_ns) / 1e9 for press_ns in press_times_ns.get(candidate.column, [])
        ]
        contact_offset_s = min(contact_offsets_s, key=abs, default=math.nan)
        yield (
            features,
            contact_offset_s if CONTACT_OFFSET_RANGE_S[0] < contact_offset_s < CONTACT_OFFSET_RANGE_S[1] else math.nan,
        )


def fit_decision_model(
    features: np.ndarray, is_tap: np.ndarray, source: str, weights: np.ndarray | None = None
) -> TreeEnsemble:
    """Log-odds of a tap. features: (N, len(FEATURES)). is_tap: (N,) bool. weights: (N,). Needs scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _export_trees(
        HistGradientBoostingClassifier(**DECISION_MODEL_SETTINGS).fit(features, is_tap, sample_weight=weights), source
    )


def fit_timing_model(features: np.ndarray, contact_offset_s: np.ndarray, source: str) -> TreeEnsemble:
    """Times of touch. features: (N, len(FEATURES)) of taps. contact_offset_s: (N,). Needs scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return _export_trees(HistGradientBoostingRegressor(**TIMING_MODEL_SETTINGS).fit(features, contact_offset_s), source)


def _export_trees(model: Any, source: str) -> TreeEnsemble:
    # scikit-learn shows no public way to its trees; test_contact_trees holds ours against its predictions.
    tables = [predictors[0].nodes for predictors in model._predictors]
    return _make_trees(tables, float(np.ravel(model._baseline_prediction)[0]), source)


def save_trees(trees: TreeEnsemble, path: Path) -> None:
    """Writes what load_tree_ensemble reads."""
    shape = {"source": trees.source, "features": FEATURES, "base": float(f"{trees.base:.5g}")}
    lines = [json.dumps(shape)[:-1]]
    for name in ("feature", "right"):
        lines.append(f'"{name}": {_dump_json(getattr(trees, name).tolist())}')
    lines.append(
        f'"threshold_or_leaf": {_dump_json([[float(f"{v:.4g}") for v in row] for row in trees.threshold_or_leaf])}'
    )
    with atomic_write(path, overwrite=True) as temporary_path:
        temporary_path.write_text(",\n".join(lines) + "}\n", encoding="utf-8")


def _dump_json(rows: list[Any]) -> str:
    return json.dumps(rows, separators=(",", ":"))


def _make_trees(tables: list[Any], base: float, source: str) -> TreeEnsemble:
    """Raises RuntimeError where a node's left one is not the next, as TreeEnsemble has it."""
    shape = len(tables), max(len(nodes) for nodes in tables)
    feature, right, threshold_or_leaf = np.full(shape, -1), np.zeros(shape, dtype=int), np.zeros(shape)
    for row, nodes in enumerate(tables):
        leaf = nodes["is_leaf"].astype(bool)
        if (nodes["left"][~leaf] != np.nonzero(~leaf)[0] + 1).any():
            raise RuntimeError("this scikit-learn orders the nodes of its trees in another way; fit with 1.9")
        part = row, slice(0, len(nodes))
        feature[part] = np.where(leaf, -1, nodes["feature_idx"])
        right[part] = np.where(leaf, 0, nodes["right"])
        threshold_or_leaf[part] = np.where(leaf, nodes["value"], nodes["num_threshold"])
    return TreeEnsemble(base, feature, threshold_or_leaf, right, source)


def _format_ranges(numbers: Sequence[int]) -> str:
    """1-8, 1001-1024"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
