"""Fits the touch classifier's trees to the cues of recordings, each as cameras of several kinds would give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fingertip_contact.contact.classifiers.touch import (
    CONTACT_FILE,
    TIMING_FILE,
    TOUCH_DOWN_FILE,
    TouchModel,
    find_moving,
)
from fingertip_contact.contact.height_floor import HeightFloor
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_columns
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.touch_features import FEATURES, compute_touch_features
from fingertip_research.evaluation.classifier_fit import export_booster, save_trees
from fingertip_research.evaluation.fingertip_noise_fit import CONTACT_CLEARANCE_M
from fingertip_research.evaluation.sources import select_cues
from fingertip_research.training.touch.examples import TouchExamples

if TYPE_CHECKING:
    from lightgbm import Booster

# Instants this close to a touch-down find it; those a little farther are neither.
FOUND_S, UNCERTAIN_S = 0.032, 0.06
# Rows from which the time of a touch-down is learnt.
TIMED_S = 0.055
_COMMON: dict[str, Any] = {
    "min_data_in_leaf": 20,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "learning_rate": 0.05,
    "deterministic": True,
    "verbose": -1,
    "seed": 1,
}


@dataclass(frozen=True)
class TreeSettings:
    """trees, leaves: of each ensemble."""

    touch_down: tuple[int, int] = (600, 31)
    timing: tuple[int, int] = (100, 8)
    contact: tuple[int, int] = (200, 16)
    threads: int = 1


@dataclass(frozen=True)
class FeatureTable:
    """Rows of features with what was true. rows, columns: instant and finger of each. since_s: see
    TouchExamples.since_touch_down_s. in_contact: bool."""

    rows: np.ndarray
    columns: np.ndarray
    features: np.ndarray
    since_s: np.ndarray
    in_contact: np.ndarray


def collect_features(examples: TouchExamples, appearance: np.ndarray, source: str, delay_s: float) -> FeatureTable:
    """The features of every finger that was seen at every instant. appearance: (T, FINGER_COUNT, outputs) by a network
    that was not fitted to this recording. delay_s: how long after an instant it is decided."""
    recording = select_cues(examples.recording, source, appearance)
    history, floor = FingertipHistory(), HeightFloor((2, FINGER_COUNT))
    since_s, clearance_m = examples.since_touch_down_s(), examples.clearance_m
    rows, columns, found, true_s, contact = [], [], [], [], []
    decided = 0
    for row, stamp_ns in enumerate(recording.stamps_ns):
        history.add(int(stamp_ns), find_columns(recording.hands(row)), recording.samples_at(row))
        for settled in history.pop_settled(delay_s):
            heights_m = np.stack([history.finger_height_m[settled], history.stereo_height_m[settled]])
            floor.update(int(history.stamps_ns[settled]), 1e3 * heights_m)
            known = np.isfinite(history.flow_m[settled]).all(axis=1) & np.isfinite(clearance_m[decided])
            if known.any():
                rows.append(np.full(known.sum(), decided))
                columns.append(np.flatnonzero(known))
                found.append(compute_touch_features(history, settled, floor.floor)[known])
                true_s.append(since_s[decided, known])
                contact.append(clearance_m[decided, known] < CONTACT_CLEARANCE_M)
            decided += 1
    whole = (np.concatenate(parts) for parts in (rows, columns, found, true_s, contact))
    return FeatureTable(*whole)


def replay(examples: TouchExamples, speed: float, size: float) -> TouchExamples:
    """The recording as someone would have typed it who is `speed` times as fast and moves `size` times as far.

    Appearances keep their frames, so that they come a fraction of a frame too early or late.
    """
    recording = examples.recording
    first_ns = int(recording.stamps_ns[0])

    def at(stamp_ns: int) -> int:
        return first_ns + round((stamp_ns - first_ns) / speed)

    taps = tuple(replace(tap, press_ns=at(tap.press_ns), release_ns=at(tap.release_ns)) for tap in examples.truth.taps)
    scaled = {
        name: size * getattr(recording.samples, name) for name in ("flow_m", "finger_height_m", "stereo_height_m")
    }
    return replace(
        examples,
        truth=replace(examples.truth, taps=taps),
        recording=replace(
            recording,
            stamps_ns=first_ns + np.round((recording.stamps_ns - first_ns) / speed).astype(np.int64),
            samples=replace(recording.samples, **scaled),
        ),
    )


def fit_trees(tables: Sequence[FeatureTable], settings: TreeSettings, origin: str) -> TouchModel:
    """The three ensembles. origin: what they were fitted to, in words. Needs lightgbm."""
    features = np.concatenate([table.features for table in tables])
    since_s = np.abs(np.concatenate([table.since_s for table in tables]))
    signed_s = np.concatenate([table.since_s for table in tables])
    in_contact = np.concatenate([table.in_contact for table in tables])
    asked = find_moving(features) & ((since_s < FOUND_S) | (since_s > UNCERTAIN_S))
    touch_down = _train("binary", settings.touch_down, settings, features[asked], since_s[asked] < FOUND_S)
    timed = since_s < TIMED_S
    timing = _train("l2", settings.timing, settings, features[timed], signed_s[timed])
    contact = _train("binary", settings.contact, settings, features, in_contact)
    return TouchModel(*(export_booster(booster, origin) for booster in (touch_down, timing, contact)))


def _train(
    objective: str, size: tuple[int, int], settings: TreeSettings, features: np.ndarray, target: np.ndarray
) -> Booster:
    import lightgbm

    trees, leaves = size
    parameters = {**_COMMON, "objective": objective, "num_leaves": leaves, "num_threads": settings.threads}
    return lightgbm.train(parameters, lightgbm.Dataset(features, target.astype(np.float64)), trees)


def save_touch_model(model: TouchModel, folder: Path) -> None:
    """Write the three files of `load_touch_model`; old ones are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, trees in (
        (TOUCH_DOWN_FILE, model.touch_down),
        (TIMING_FILE, model.timing),
        (CONTACT_FILE, model.contact),
    ):
        save_trees(trees, folder / name, FEATURES)
