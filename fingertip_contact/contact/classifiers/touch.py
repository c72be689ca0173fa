"""The default classifier: boosted trees over every cue of the last frames, fitted to true taps of simulated people.

Which cues there are depends on the camera: colour alone, with aligned depth, or with both imagers of a stereo camera.
What is missing is missing to the trees too, which were fitted to all of these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from fingertip_contact.contact.classifiers.tree_model import TreeEnsemble, load_tree_ensemble
from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.height_floor import HeightFloor
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.state_machine import RELEASE_PROBABILITY
from fingertip_contact.contact.touch_features import FEATURES, MISSING, compute_touch_features, find_unused_features
from fingertip_contact.numerics import sigmoid
from fingertip_contact.resources import find_share_directory

DEFAULT_MODEL = Path("config") / "contact_classifiers" / "touch"
# The ensembles of a model folder: the log-odds that a finger touched down about now, how long ago it did (s), and the
# log-odds that it is on the surface.
TOUCH_DOWN_FILE, TIMING_FILE, CONTACT_FILE = "touch_down.json", "timing.json", "contact.json"
# A finger whose image moved less than this in the last four steps, and whose appearance is that of no touch-down, is
# not asked about: most fingers, most of the time.
MIN_PATH_MM, MIN_TOUCH_DOWN_LOG_ODDS = 0.4, -3.0
# A touch-down is estimated within this time of the instant that found it.
MAX_TIMING_S = 0.05
# A touch may be decided a frame before contact is probable; improbable for longer, the finger has left.
LEFT_AFTER_S = 0.2
# Height of the visible surface of a touching finger: where it is known by aligned depth, and by both imagers.
VISIBLE_HEIGHTS_M = (0.011, 0.0085)
# Weight of a new touch in a finger's own contact height.
CONTACT_HEIGHT_GAIN = 0.25


@dataclass(frozen=True)
class TouchModel:
    """See the file names above."""

    touch_down: TreeEnsemble
    timing: TreeEnsemble
    contact: TreeEnsemble


class TouchClassifier:
    """The profile's `model` is a folder of three files."""

    needs_rims = False

    def __init__(self, parameters: ContactParameters) -> None:
        """Raises ValueError or FileNotFoundError for a model or cues that cannot be used."""
        self._threshold = parameters.press_log_odds_threshold
        self._model = load_touch_model(Path(parameters.model) if parameters.model else None)
        self._unused = find_unused_features(parameters.cues)
        self.needs_appearance = _TOUCH_DOWN not in self._unused
        self._floor = HeightFloor((len(VISIBLE_HEIGHTS_M), FINGER_COUNT))
        # When each finger that may be on the surface touched down; the others are not asked whether they still are.
        self._touched_ns: dict[int, int] = {}
        self._visible_heights_m = np.repeat(np.array(VISIBLE_HEIGHTS_M)[:, None], FINGER_COUNT, axis=1)

    def estimate_contact_heights_m(self) -> np.ndarray:
        """See protocols.ContactClassifier."""
        return self._visible_heights_m[1]

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        """See protocols.ContactClassifier."""
        heights_m = np.stack([history.finger_height_m[row], history.stereo_height_m[row]])
        stamp_ns = int(history.stamps_ns[row])
        if any(touched_ns > stamp_ns for touched_ns in self._touched_ns.values()):
            self._touched_ns.clear()  # Time ran backwards.
        self._floor.update(stamp_ns, 1e3 * heights_m)
        known = np.isfinite(history.flow_m[row]).all(axis=1)
        decisions: list[ContactDecision | None] = [None] * FINGER_COUNT
        if not known.any():
            return decisions
        features = compute_touch_features(history, row, self._floor.floor)
        features[:, self._unused] = MISSING
        log_odds = np.full(FINGER_COUNT, -math.inf)
        asked = known & find_moving(features)
        log_odds[asked] = self._model.touch_down.predict(features[asked])
        pad_heights_m = heights_m - self._visible_heights_m
        touch_downs_ns = self._find_touch_downs_ns(log_odds, features, stamp_ns)
        for column in touch_downs_ns:
            self._touched_ns[column] = stamp_ns
            self._learn_contact_heights(column, heights_m[:, column])
        contact = self._estimate_contact_probabilities(known, features, stamp_ns)
        by_depth_m, by_stereo_m = pad_heights_m.tolist()
        for column in np.flatnonzero(known).tolist():
            height_m = by_depth_m[column] if math.isnan(by_stereo_m[column]) else by_stereo_m[column]
            decisions[column] = ContactDecision(
                height_m=height_m,
                is_contact=column in touch_downs_ns,
                touch_down_ns=touch_downs_ns.get(column, stamp_ns),
                confidence=sigmoid(float(log_odds[column])),
                contact_probability=contact.get(column, 0.0),
            )
        return decisions

    def _find_touch_downs_ns(self, log_odds: np.ndarray, features: np.ndarray, stamp_ns: int) -> dict[int, int]:
        """When each finger touched down that did, by column."""
        columns = np.flatnonzero(log_odds > self._threshold)
        if not len(columns):
            return {}
        ago_s = self._model.timing.predict(features[columns]).clip(-MAX_TIMING_S, MAX_TIMING_S)
        return {
            column: stamp_ns - round(1e9 * ago) for column, ago in zip(columns.tolist(), ago_s.tolist(), strict=True)
        }

    def _estimate_contact_probabilities(
        self, known: np.ndarray, features: np.ndarray, stamp_ns: int
    ) -> dict[int, float]:
        """By column, of fingers that touched down and have not left since; that of the others is 0."""
        columns = [column for column in self._touched_ns if known[column]]
        if not columns:
            return {}
        probabilities = dict(zip(columns, map(sigmoid, self._model.contact.predict(features[columns])), strict=True))
        for column, probability in probabilities.items():
            if probability < RELEASE_PROBABILITY and stamp_ns - self._touched_ns[column] > LEFT_AFTER_S * 1e9:
                del self._touched_ns[column]
        return probabilities

    def _learn_contact_heights(self, column: int, heights_m: np.ndarray) -> None:
        own = self._visible_heights_m[:, column]
        step_m = np.clip(heights_m - own, -0.004, 0.004)
        own += CONTACT_HEIGHT_GAIN * np.nan_to_num(step_m)


def find_moving(features: np.ndarray) -> np.ndarray:
    """(N,) bool, which of features (N, len(FEATURES)) may belong to a touch-down at all."""
    path_mm = np.hypot(features[:, _PATH_ALONG], features[:, _PATH_ACROSS])
    # Decided sooner than the network tells about the instant, its word on the frame before has to do.
    latest, earlier = features[:, _TOUCH_DOWN], features[:, _EARLIER_TOUCH_DOWN]
    touch_down = np.where(latest == MISSING, earlier, latest)
    return (path_mm > MIN_PATH_MM) | (touch_down > MIN_TOUCH_DOWN_LOG_ODDS)


_PATH_ALONG, _PATH_ACROSS = FEATURES.index("path_along_mm_-3+0"), FEATURES.index("path_across_mm_-3+0")
_TOUCH_DOWN, _EARLIER_TOUCH_DOWN = (FEATURES.index(f"appearance_touch_down_{step}") for step in ("+2", "+1"))


def load_touch_model(folder: Path | None = None) -> TouchModel:
    """The model of a folder, or the built-in one; loaded once per process. Raises as load_tree_ensemble does."""
    return _load_touch_model(folder or find_share_directory() / DEFAULT_MODEL)


@cache
def _load_touch_model(folder: Path) -> TouchModel:
    names = TOUCH_DOWN_FILE, TIMING_FILE, CONTACT_FILE
    return TouchModel(*(load_tree_ensemble(folder / name, FEATURES) for name in names))
