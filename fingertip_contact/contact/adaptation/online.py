"""Everything that is estimated from contact candidates while the user types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.adaptation.contact_height import ContactHeights
from fingertip_contact.contact.adaptation.foreshortening import ForeshorteningEstimator
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.numerics import sigmoid

# Log-odds taken off a candidate's motion evidence, for adaptation only, when another finger of the hand descended
# farther: a coupled finger that never taps by itself carries no information about its own contact height.
COUPLED_FINGER_PENALTY = 3.0
# Candidates of one finger closer in time than this are the same one, found at consecutive rows.
MIN_CANDIDATE_SPACING_NS = 70_000_000


@dataclass(frozen=True)
class FingerContext:
    """What is known of a candidate's finger. effective_tap_count: tap probabilities summed over the observations of its
    contact height. foreshortening_ratio: image displacement per metre of descent."""

    effective_tap_count: float
    foreshortening_ratio: float


class OnlineAdaptation:
    """Contact heights and foreshortening of every finger."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._contact_heights = ContactHeights(parameters.contact_height_m)
        self._foreshortening = ForeshorteningEstimator()
        self._last_candidate_ns: list[int | None] = [None] * FINGER_COUNT

    def estimate_contact_heights_m(self) -> np.ndarray:
        """(FINGER_COUNT,) rim height of each finger in contact, metres."""
        return self._contact_heights.estimate_contact_heights_m()

    def compute_pad_heights_m(self, history: FingertipHistory, row: int) -> np.ndarray:
        """(T, FINGER_COUNT) height of every pad over the surface, metres, seen from the elevation of this row."""
        self._contact_heights.set_view_elevation(history.rim_height_m[row], history.axial_height_m[row])
        return history.rim_height_m - self.estimate_contact_heights_m()

    def update(self, candidates: Sequence[ContactCandidate]) -> list[FingerContext]:
        """Learn from the candidates of one row. Returns the context of each candidate's finger: its foreshortening as
        known before, its taps as counted after."""
        ratios = self._foreshortening.estimate_ratios()
        contexts = []
        for candidate in candidates:
            self._update_finger(candidate)
            tap_count = self._contact_heights.count_effective_taps(candidate.column)
            contexts.append(FingerContext(tap_count, float(ratios[candidate.column])))
        return contexts

    def _update_finger(self, candidate: ContactCandidate) -> None:
        column, evidence = candidate.column, candidate.evidence
        previous_ns, self._last_candidate_ns[column] = self._last_candidate_ns[column], candidate.stamp_ns
        if previous_ns is not None and abs(candidate.stamp_ns - previous_ns) <= MIN_CANDIDATE_SPACING_NS:
            return
        motion_llr = evidence.motion_llr(self._parameters) - (0.0 if evidence.is_deepest else COUPLED_FINGER_PENALTY)
        self._contact_heights.update(column, evidence.dwell_height_m, motion_llr)
        # From heights alone: the flow must not decide what is learnt about the flow.
        tap_probability = sigmoid(evidence.height_llr + evidence.descent_llr)
        self._foreshortening.update(column, candidate.descent_m, candidate.descent_flow_m, tap_probability)
