"""Fits the trees of the default classifier to the true taps of participants and randomised strokes held out from all
evaluations."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fingertip_contact.contact.adaptation.online import FingerContext
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.classifiers.candidate_classifier import CandidateScore
from fingertip_contact.contact.classifiers.evidence import EvidenceClassifier
from fingertip_contact.contact.classifiers.tree_ensemble import TreeEnsembleClassifier
from fingertip_contact.contact.classifiers.tree_model import TreeEnsemble
from fingertip_contact.contact.features import FEATURES, compute_contact_features
from fingertip_contact.contact.measurement.columns import find_column, find_columns
from fingertip_contact.contact.measurement.history import FingertipHistory
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

if TYPE_CHECKING:
    from lightgbm import Booster

# A candidate belongs to a tap whose touch-down lies in this range, seconds after the candidate. Of lower limits from 70
# to 180 ms before it, 90 ms gave the best results on development participants, rendered recordings and short taps
# together.
CONTACT_OFFSET_RANGE_S = (-0.09, TOLERANCE_NS / 1e9)
# Features are finite, so that trees need no branch for missing values. Results do not depend on the number of threads.
_COMMON_SETTINGS: dict[str, Any] = {
    "use_missing": False,
    "min_data_in_bin": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbosity": -1,
}
DECISION_MODEL_SETTINGS: dict[str, Any] = {
    **_COMMON_SETTINGS,
    "objective": "binary",
    "num_iterations": 500,
    "num_leaves": 31,
    "learning_rate": 0.06,
    "min_data_in_leaf": 30,
    "lambda_l2": 2.0,
}
TIMING_MODEL_SETTINGS: dict[str, Any] = {
    **_COMMON_SETTINGS,
    "objective": "regression_l1",
    "num_iterations": 120,
    "num_leaves": 12,
    "learning_rate": 0.08,
    "min_data_in_leaf": 40,
}
# Weight of a candidate of randomised strokes in the decision model; a participant's has 1. A larger weight improves the
# results on other hands and lowers those on the participants of this simulation slightly.
RANDOMISED_STROKES_WEIGHT = 2.5


class _CandidateCollector(EvidenceClassifier):
    """Keeps every candidate that it is asked to score, with its features."""

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
    """The decision model and the timing model, fitted to all candidates of these participants and randomised strokes
    under the standard conditions. Needs lightgbm."""
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
    """The features (N, len(FEATURES)) and contact offsets (N,) of all candidates of a participant, or of randomised
    strokes, under all conditions; see label_candidates."""
    trials = _make_training_trials(participant, layout, noise_model, characters)
    candidates = [candidate for trial in trials for candidate in label_candidates(trial.recording, trial.truth)]
    return np.array([features for features, _ in candidates]), np.array(
        [contact_offset_s for _, contact_offset_s in candidates]
    )


def _make_training_trials(participant: int, layout: Layout, noise_model: NoiseModel, characters: int) -> list[Trial]:
    """Fingers swing in every second participant's trials and in all randomised strokes; the latter also have randomised
    noise."""
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
    """The features of every candidate, and the true touch-down of its finger: seconds after the candidate, NaN where it
    does not belong to a tap."""
    parameters = load_profile("sharp_depth")
    collector, history = _CandidateCollector(parameters), FingertipHistory()
    for row, stamp_ns in enumerate(recording.stamps_ns):
        history.add(int(stamp_ns), find_columns(recording.hands(row)), recording.samples_at(row))
        for settled in history.pop_settled(parameters.settling_s):
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
    """Log-odds of a tap. features: (N, len(FEATURES)), finite. is_tap: (N,) bool. weights: (N,). Needs lightgbm."""
    return export_booster(_train(DECISION_MODEL_SETTINGS, features, is_tap, weights), source)


def fit_timing_model(features: np.ndarray, contact_offset_s: np.ndarray, source: str) -> TreeEnsemble:
    """Times of touch-down. features: (N, len(FEATURES)) of taps, finite. contact_offset_s: (N,). Needs lightgbm."""
    return export_booster(_train(TIMING_MODEL_SETTINGS, features, contact_offset_s), source)


def _train(
    settings: dict[str, Any], features: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None
) -> Booster:
    import lightgbm

    return lightgbm.train(settings, lightgbm.Dataset(features, target.astype(np.float64), weight=weights))


def export_booster(booster: Booster, source: str) -> TreeEnsemble:
    """The trees of a LightGBM booster of one output per candidate. base is 0: the booster's average is part of its
    first tree."""
    tables = [_list_nodes(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    shape = len(tables), max(len(nodes) for nodes in tables)
    feature, right, threshold_or_leaf = np.full(shape, -1), np.zeros(shape, dtype=int), np.zeros(shape)
    for row, nodes in enumerate(tables):
        part = row, slice(0, len(nodes))
        feature[part], threshold_or_leaf[part], right[part] = zip(*nodes, strict=True)
    return TreeEnsemble(0.0, feature, threshold_or_leaf, right, source)


def _list_nodes(node: dict[str, Any], index: int = 0) -> list[tuple[int, float, int]]:
    """(feature, threshold or leaf value, index of the right branch) of a node and those below it, in pre-order, left
    first. index: the node's own."""
    if "leaf_value" in node:
        return [(-1, node["leaf_value"], 0)]
    left = _list_nodes(node["left_child"], index + 1)
    right_index = index + 1 + len(left)
    own = (node["split_feature"], node["threshold"], right_index)
    return [own, *left, *_list_nodes(node["right_child"], right_index)]


def save_trees(trees: TreeEnsemble, path: Path, features: tuple[str, ...] = FEATURES) -> None:
    """Writes a file for load_tree_ensemble. features: the names of those that the trees read, in their order."""
    shape = {"source": trees.source, "features": features, "base": float(f"{trees.base:.5g}")}
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


def _format_ranges(numbers: Sequence[int]) -> str:
    """1-8, 1001-1024"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
