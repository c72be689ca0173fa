"""The rules that decide whether a fingertip touched, over the same history: our evidence, and the published one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from fingertip_contact.contact.adaptation.contact_height import ContactHeights
from fingertip_contact.contact.adaptation.foreshortening import ForeshorteningEstimator
from fingertip_contact.contact.classifiers.published import TRIGGER_SCORE, PublishedFinger
from fingertip_contact.contact.classifiers.tree_ensemble import (
    DECISION_MODEL_FILE,
    TIMING_MODEL_FILE,
    TreeEnsemble,
    load_tree_ensemble,
)
from fingertip_contact.contact.contact_window import LENIENT_DESCENT, STRICT_DESCENT, ContactWindow
from fingertip_contact.contact.evidence import ContactEvidence
from fingertip_contact.contact.features import compute_contact_features
from fingertip_contact.contact.measurement.history import FINGER_COUNT, FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.resources import find_share_file

# How much less likely a stop is a tap, to learn from, where another finger of the hand came down farther.
COUPLED_FINGER_PENALTY = 3.0
# What stops higher over the contact height than this is a tap, if at all, of a bent finger that shows its back; so far
# it has to come down then. Fingers that hover stop often, and by less.
BENT_FINGER_HEIGHT_M, BENT_FINGER_MIN_DESCENT_M = 0.0045, 0.004
# Rows closer in time than this belong to the same stop.
MIN_CANDIDATE_SPACING_NS = 70_000_000


@dataclass(frozen=True)
class ContactDecision:
    """One finger at one instant. height_m: of the pad over the surface. is_contact: whether it touched, at
    touch_down_ns."""

    height_m: float
    is_contact: bool
    touch_down_ns: int
    confidence: float


@dataclass(frozen=True)
class ContactCandidate:
    """A stop of one finger of a hand, found at stamp_ns, that may be a touch. column: see FingertipHistory.
    effective_tap_count, foreshortening_ratio: see compute_contact_features."""

    window: ContactWindow
    column: int
    evidence: ContactEvidence
    stamp_ns: int
    effective_tap_count: float
    foreshortening_ratio: float

    def compute_features(self) -> np.ndarray:
        finger = self.column % len(FINGERS)
        return compute_contact_features(
            self.window, finger, self.evidence, self.effective_tap_count, self.foreshortening_ratio
        )


class ContactClassifier(Protocol):
    """What the detector asks of a rule."""

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        """A verdict for each column at this row, None where the finger was not seen. Rows come once, in order."""

    def estimate_contact_heights_m(self) -> np.ndarray:
        """The visible height at which each finger touches, as known now (FINGER_COUNT,), metres."""


class EvidenceClassifier:
    """Named log-odds of heights and of pictures' ways, over contact heights learnt while typing goes on."""

    descent_thresholds = STRICT_DESCENT

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._contact_heights = ContactHeights(parameters.contact_height_m)
        self._foreshortening = ForeshorteningEstimator()
        self._last_adapted_ns: list[int | None] = [None] * FINGER_COUNT

    def estimate_contact_heights_m(self) -> np.ndarray:
        return self._contact_heights.estimate_contact_heights_m()

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        self._contact_heights.set_view_elevation(history.rim_height_m[row], history.axial_height_m[row])
        height_m = history.rim_height_m - self._contact_heights.estimate_contact_heights_m()
        stamp_ns = int(history.stamps_ns[row])
        decisions: list[ContactDecision | None] = [
            ContactDecision(now_m, False, stamp_ns, 0.0) if math.isfinite(now_m) else None
            for now_m in height_m[row].tolist()
        ]
        if not row:
            return decisions
        window = ContactWindow.from_history(
            history.stamps_ns, height_m, history.estimate_noise_m(), history.flow_m, row
        )
        candidates = self._find_candidates(window, stamp_ns)
        for candidate, (log_odds, touch_down_offset_s) in zip(
            candidates, self.score_candidates(candidates), strict=True
        ):
            confidence = sigmoid(log_odds - self._parameters.press_log_odds_threshold)
            touch_down_ns = stamp_ns + round(1e9 * touch_down_offset_s)
            decisions[candidate.column] = ContactDecision(
                candidate.evidence.dwell_height_m, confidence > 0.5, touch_down_ns, confidence
            )
        return decisions

    def _find_candidates(self, window: ContactWindow, stamp_ns: int) -> list[ContactCandidate]:
        """Those low enough for a press; all teach where each finger's contact height is."""
        hand_windows = [window.select_hand(side) for side in range(len(HANDS))]
        candidates, foreshortening_ratios = [], self._foreshortening.estimate_ratios()
        for column in np.nonzero(window.is_descent_end(self.descent_thresholds))[0].tolist():
            hand_window, finger = hand_windows[column // len(FINGERS)], column % len(FINGERS)
            evidence = hand_window.compute_evidence(finger, self.descent_thresholds)
            if evidence is None:
                continue
            self._adapt(column, evidence, hand_window.measure_descent_flow_m(finger, evidence), stamp_ns)
            if self._is_eligible(evidence):
                candidates.append(
                    ContactCandidate(
                        hand_window,
                        column,
                        evidence,
                        stamp_ns,
                        self._contact_heights.count_effective_taps(column),
                        float(foreshortening_ratios[column]),
                    )
                )
        return candidates

    def _is_eligible(self, evidence: ContactEvidence) -> bool:
        """Low enough; and from higher up, if it is not low."""
        descent_m = evidence.peak_height_m - evidence.dwell_height_m
        return evidence.dwell_height_m <= self._parameters.entry_height_m and (
            evidence.dwell_height_m <= BENT_FINGER_HEIGHT_M or descent_m > BENT_FINGER_MIN_DESCENT_M
        )

    def score_candidates(self, candidates: list[ContactCandidate]) -> Sequence[tuple[float, float]]:
        """Of each stop, the log-odds that it is a tap, and when that touched: seconds after the stop was found."""
        return [
            (candidate.evidence.total_llr(self._parameters), candidate.evidence.touch_down_offset_s)
            for candidate in candidates
        ]

    def _adapt(self, column: int, evidence: ContactEvidence, flow_along_m: float, stamp_ns: int) -> None:
        """Learn from a stop, once: the rows after its first one tell the same."""
        previous_ns, self._last_adapted_ns[column] = self._last_adapted_ns[column], stamp_ns
        if previous_ns is not None and abs(stamp_ns - previous_ns) <= MIN_CANDIDATE_SPACING_NS:
            return
        # A finger that only ever went along with another has shown nothing of where it would touch.
        motion_llr = evidence.motion_llr(self._parameters) - (0.0 if evidence.is_deepest else COUPLED_FINGER_PENALTY)
        self._contact_heights.update(column, evidence.dwell_height_m, motion_llr)
        # By heights alone: what is seen of a tap must not decide what is learnt of that.
        self._foreshortening.update(
            column,
            evidence.peak_height_m - evidence.dwell_height_m,
            flow_along_m,
            sigmoid(evidence.height_llr + evidence.descent_llr),
        )


class TreeEnsembleClassifier(EvidenceClassifier):
    """The same contact heights; which stops, slight ones too, are taps, and when those touched, is told by trees that
    were fitted to true taps."""

    descent_thresholds = LENIENT_DESCENT

    def __init__(self, parameters: ContactParameters) -> None:
        super().__init__(parameters)
        self._decision_ensemble, self._timing_ensemble = _load_packaged_ensembles()

    def score_candidates(self, candidates: list[ContactCandidate]) -> Sequence[tuple[float, float]]:
        if not candidates:
            return ()
        features = np.stack([candidate.compute_features() for candidate in candidates])
        log_odds, touch_down_offset_s = self._decision_ensemble.predict(features), np.zeros(len(candidates))
        # Few stops are taps: only theirs is a time that anybody asks for.
        taps = log_odds > self._parameters.press_log_odds_threshold
        if taps.any():
            touch_down_offset_s[taps] = self._timing_ensemble.predict(features[taps])
        return list(zip(log_odds.tolist(), touch_down_offset_s.tolist(), strict=True))


class PublishedBaseline:
    """The published rule of every finger; thickness is not taken off."""

    def __init__(self) -> None:
        self._fingers = [PublishedFinger(FINGERS[column % len(FINGERS)]) for column in range(FINGER_COUNT)]

    def estimate_contact_heights_m(self) -> np.ndarray:
        return np.zeros(FINGER_COUNT)

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        return [self._classify_finger(history, row, column) for column in range(FINGER_COUNT)]

    def _classify_finger(self, history: FingertipHistory, row: int, column: int) -> ContactDecision | None:
        distance_m = float(history.axial_height_m[row, column])
        if not math.isfinite(distance_m):
            return None
        stamp_ns = int(history.stamps_ns[row])
        is_contact = self._fingers[column].update(stamp_ns, float(history.tip_px[row, column, 1]), distance_m)
        return ContactDecision(distance_m, is_contact, stamp_ns, TRIGGER_SCORE if is_contact else 0.0)


def sigmoid(log_odds: float) -> float:
    """0..1"""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))


_CLASSIFIERS: dict[str, Callable[[ContactParameters], ContactClassifier]] = {
    "evidence": EvidenceClassifier,
    "tree_ensemble": TreeEnsembleClassifier,
    "published": lambda parameters: PublishedBaseline(),
}


def make_classifier(parameters: ContactParameters) -> ContactClassifier:
    """The rule that the parameters name."""
    return _CLASSIFIERS[parameters.classifier](parameters)


@cache
def _load_packaged_ensembles() -> tuple[TreeEnsemble, TreeEnsemble]:
    """What tells taps, and what tells when they touched."""
    return load_tree_ensemble(find_share_file(DECISION_MODEL_FILE)), load_tree_ensemble(
        find_share_file(TIMING_MODEL_FILE)
    )
