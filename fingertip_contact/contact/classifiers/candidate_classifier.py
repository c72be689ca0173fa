"""The base of classifiers that score contact candidates."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fingertip_contact.contact.adaptation.online import FingerContext, OnlineAdaptation
from fingertip_contact.contact.candidates import ContactCandidate, find_candidates
from fingertip_contact.contact.contact_window import STRICT_DESCENT, ContactWindow, DescentThresholds
from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.numerics import sigmoid

# Above this height only a bent finger, which shows its back, can be in contact; it has to have descended farther than
# this. Hovering fingers make candidates often, with shorter descents.
BENT_FINGER_HEIGHT_M, BENT_FINGER_MIN_DESCENT_M = 0.0045, 0.004


class CandidateScore(NamedTuple):
    """log_odds: that the candidate is a tap. touch_down_offset_s: of its touch-down, after the candidate's row."""

    log_odds: float
    touch_down_offset_s: float


class CandidateClassifier(ABC):
    """Finds candidates, adapts to all of them, scores the eligible ones. Subclasses say how to score."""

    needs_rims, needs_appearance = True, False
    descent_thresholds: DescentThresholds = STRICT_DESCENT

    def __init__(self, parameters: ContactParameters) -> None:
        self.parameters = parameters
        self._adaptation = OnlineAdaptation(parameters)

    @abstractmethod
    def score(
        self, candidates: Sequence[ContactCandidate], contexts: Sequence[FingerContext]
    ) -> Sequence[CandidateScore]:
        """One score per candidate. contexts: of the candidates' fingers, in the same order."""

    def estimate_contact_heights_m(self) -> np.ndarray:
        """See protocols.ContactClassifier."""
        return self._adaptation.estimate_contact_heights_m()

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        """See protocols.ContactClassifier."""
        height_m = self._adaptation.compute_pad_heights_m(history, row)
        stamp_ns = int(history.stamps_ns[row])
        decisions: list[ContactDecision | None] = [
            ContactDecision(now_m, False, stamp_ns, 0.0) if math.isfinite(now_m) else None
            for now_m in height_m[row].tolist()
        ]
        if row == 0:
            return decisions
        noise_m = history.estimate_noise_m()
        window = ContactWindow.from_history(history.stamps_ns, height_m, noise_m, history.flow_m, row)
        candidates = find_candidates(window, self.descent_thresholds, stamp_ns)
        contexts = self._adaptation.update(candidates)
        eligible = [index for index, candidate in enumerate(candidates) if self._is_eligible(candidate)]
        candidates, contexts = [candidates[i] for i in eligible], [contexts[i] for i in eligible]
        for candidate, score in zip(candidates, self.score(candidates, contexts), strict=True):
            confidence = sigmoid(score.log_odds - self.parameters.press_log_odds_threshold)
            touch_down_ns = stamp_ns + round(1e9 * score.touch_down_offset_s)
            decisions[candidate.column] = ContactDecision(
                candidate.evidence.dwell_height_m, confidence > 0.5, touch_down_ns, confidence
            )
        return decisions

    def _is_eligible(self, candidate: ContactCandidate) -> bool:
        """Whether the candidate is low enough for a press."""
        height_m = candidate.evidence.dwell_height_m
        is_low = height_m <= BENT_FINGER_HEIGHT_M
        return height_m <= self.parameters.entry_height_m and (
            is_low or candidate.descent_m > BENT_FINGER_MIN_DESCENT_M
        )
