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

from fingertip_contact.contact.history import FingertipHistory, find_column, find_columns
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.contact.rules import ContactCandidate, EvidenceClassifier, TreeEnsembleClassifier
from fingertip_contact.contact.stop_features import FEATURES
from fingertip_contact.contact.trees import TreeEnsemble
from fingertip_contact.evaluation.contact_suite import (
    FITTED_PEOPLE,
    FITTED_STROKES,
    Trial,
    conditions_of,
    person_of,
    trial_of,
)
from fingertip_contact.evaluation.events import TOLERANCE_NS
from fingertip_contact.evaluation.fingertip_noise import NoiseFigures, of_other_hands
from fingertip_contact.evaluation.fingertip_recording import FingertipRecording
from fingertip_contact.evaluation.kinematic_view import Played
from fingertip_contact.evaluation.varied_strokes import Swung, varied_take
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.atomic import written_aside
from fingertip_contact.recordings.truth import Truth

# A stop belongs to a tap that touched between these, seconds after the stop was found. Of 70 to 180 ms before, 90 got
# most of development people, rendered recordings and short taps together.
TOUCH_S = (-0.09, TOLERANCE_NS / 1e9)
TAP_SETTINGS: dict[str, Any] = {
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
STROKES_WEIGHT = 2.5
TIME_SETTINGS: dict[str, Any] = {
    "loss": "absolute_error",
    "max_iter": 120,
    "max_leaf_nodes": 12,
    "learning_rate": 0.08,
    "min_samples_leaf": 40,
    "early_stopping": False,
    "random_state": 0,
}


class _Collector(EvidenceClassifier):
    """Keeps what it is asked to decide on."""

    descent_thresholds = TreeEnsembleClassifier.descent_thresholds

    def __init__(self, parameters: ContactParameters) -> None:
        super().__init__(parameters)
        self.stops: list[tuple[ContactCandidate, np.ndarray]] = []

    def score_candidates(self, stops: list[ContactCandidate]) -> Sequence[tuple[float, float]]:
        self.stops += [(stop, stop.compute_features()) for stop in stops]
        return super().score_candidates(stops)


def fit_touch(
    layout: Layout,
    figures: NoiseFigures,
    participants: Sequence[int] = (*FITTED_PEOPLE, *FITTED_STROKES),
    characters: int = 40,
    workers: int = 1,
    progress: Callable[[int], object] = lambda participant: None,
) -> tuple[TreeEnsemble, TreeEnsemble]:
    """Trees that tell taps, and when those touched, fitted to all stops of these people and varied takes under the
    standard conditions. Needs scikit-learn."""
    features, touches_s, weights = [], [], []
    stops_of = partial(_stops_of, layout=layout, figures=figures, characters=characters)
    with ProcessPoolExecutor(workers) as pool:
        for participant, (found, touched_s) in zip(participants, pool.map(stops_of, participants), strict=True):
            features.append(found)
            touches_s.append(touched_s)
            weights.append(np.full(len(found), STROKES_WEIGHT if participant in FITTED_STROKES else 1.0))
            progress(participant)
    source = f"`evaluate fit-touch` on {_listed(participants)}"
    stops, touch_s = np.concatenate(features), np.concatenate(touches_s)
    tap = np.isfinite(touch_s)
    return fit_taps(stops, tap, source, np.concatenate(weights)), fit_times(stops[tap], touch_s[tap], source)


def _stops_of(
    participant: int, layout: Layout, figures: NoiseFigures, characters: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of a person, or a varied take, under all conditions: features (N, len(FEATURES)), and touches (N,), see
    labelled_stops."""
    trials = _fitted_trials(participant, layout, figures, characters)
    stops = [stop for tried in trials for stop in labelled_stops(tried.recording, tried.truth)]
    return np.array([features for features, _ in stops]), np.array([touch_s for _, touch_s in stops])


def _fitted_trials(participant: int, layout: Layout, figures: NoiseFigures, characters: int) -> list[Trial]:
    """Every second person has fingers that swing, varied takes all have, and noise of other hands besides."""
    random = np.random.default_rng([participant, 82])
    if participant in FITTED_STROKES:
        varied = Swung.draw(varied_take(participant, layout), random)
        return [
            trial_of(participant, varied, condition, of_other_hands(figures.at(condition.angle_deg), random))
            for condition in conditions_of(participant)
        ]
    person = person_of(participant, layout, characters)
    trials = []
    for condition in conditions_of(participant):
        take: Played = person.take(condition)
        if participant % 2:
            take = Swung.draw(take, random)
        trials.append(trial_of(participant, take, condition, figures.at(condition.angle_deg)))
    return trials


def labelled_stops(recording: FingertipRecording, truth: Truth) -> Iterator[tuple[np.ndarray, float]]:
    """The features of every stop, and when that finger truly touched: seconds after the stop, NaN if it is no tap's."""
    parameters = load_profile("default")
    collector, history = _Collector(parameters), FingertipHistory()
    for row, stamp_ns in enumerate(recording.stamps_ns):
        history.add(int(stamp_ns), find_columns(recording.hands(row)), recording.measured(row))
        for settled in history.pop_settled(parameters.decision_delay_s):
            collector.classify(history, settled)
    tapped_ns: dict[int, list[int]] = {}
    for tap in truth.taps:
        tapped_ns.setdefault(find_column(tap.hand, tap.finger), []).append(tap.press_ns)
    for stop, features in collector.stops:
        touches_s = [(at_ns - stop.stamp_ns) / 1e9 for at_ns in tapped_ns.get(stop.column, [])]
        touch_s = min(touches_s, key=abs, default=math.nan)
        yield features, touch_s if TOUCH_S[0] < touch_s < TOUCH_S[1] else math.nan


def fit_taps(features: np.ndarray, tap: np.ndarray, source: str, weights: np.ndarray | None = None) -> TreeEnsemble:
    """Log-odds of a tap. features: (N, len(FEATURES)). tap: (N,) bool. weights: (N,). Needs scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _trees_of(HistGradientBoostingClassifier(**TAP_SETTINGS).fit(features, tap, sample_weight=weights), source)


def fit_times(features: np.ndarray, touch_s: np.ndarray, source: str) -> TreeEnsemble:
    """Times of touch. features: (N, len(FEATURES)) of taps. touch_s: (N,). Needs scikit-learn."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    return _trees_of(HistGradientBoostingRegressor(**TIME_SETTINGS).fit(features, touch_s), source)


def _trees_of(model: Any, source: str) -> TreeEnsemble:
    # scikit-learn shows no public way to its trees; test_contact_trees holds ours against its predictions.
    tables = [predictors[0].nodes for predictors in model._predictors]
    return _as_tables(tables, float(np.ravel(model._baseline_prediction)[0]), source)


def save_trees(trees: TreeEnsemble, path: Path) -> None:
    """Writes what load_tree_ensemble reads."""
    shape = {"source": trees.source, "features": FEATURES, "base": float(f"{trees.base:.5g}")}
    lines = [json.dumps(shape)[:-1]]
    for name in ("feature", "right"):
        lines.append(f'"{name}": {_dumped(getattr(trees, name).tolist())}')
    lines.append(
        f'"threshold_or_leaf": {_dumped([[float(f"{value:.4g}") for value in row] for row in trees.threshold_or_leaf])}'
    )
    with written_aside(path, overwrite=True) as aside:
        aside.write_text(",\n".join(lines) + "}\n", encoding="utf-8")


def _dumped(rows: list[Any]) -> str:
    return json.dumps(rows, separators=(",", ":"))


def _as_tables(tables: list[Any], base: float, source: str) -> TreeEnsemble:
    """Raises RuntimeError where a node's left one is not the next, as TreeEnsemble has it."""
    shape = len(tables), max(len(nodes) for nodes in tables)
    feature, right, number = np.full(shape, -1), np.zeros(shape, dtype=int), np.zeros(shape)
    for row, nodes in enumerate(tables):
        leaf = nodes["is_leaf"].astype(bool)
        if (nodes["left"][~leaf] != np.nonzero(~leaf)[0] + 1).any():
            raise RuntimeError("this scikit-learn orders the nodes of its trees in another way; fit with 1.9")
        part = row, slice(0, len(nodes))
        feature[part] = np.where(leaf, -1, nodes["feature_idx"])
        right[part] = np.where(leaf, 0, nodes["right"])
        number[part] = np.where(leaf, nodes["value"], nodes["num_threshold"])
    return TreeEnsemble(base, feature, number, right, source)


def _listed(numbers: Sequence[int]) -> str:
    """1-8, 1001-1024"""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
