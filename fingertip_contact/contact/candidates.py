"""Contact candidates: descents that end, each of which may be a touch-down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.contact_window import ContactWindow, DescentThresholds
from fingertip_contact.contact.evidence import ContactEvidence
from fingertip_contact.datatypes import FINGERS, HANDS


@dataclass(frozen=True)
class ContactCandidate:
    """The end of a finger's descent.

    window: the fingers of its hand around the row at which the candidate was found, exposed at stamp_ns. column: see
    FingertipHistory.
    """

    window: ContactWindow
    column: int
    evidence: ContactEvidence
    stamp_ns: int

    @property
    def finger(self) -> int:
        """Index into FINGERS; also the finger's index in the window."""
        return self.column % len(FINGERS)

    @property
    def descent_m(self) -> float:
        """Length of the descent, metres."""
        return self.evidence.peak_height_m - self.evidence.dwell_height_m

    @property
    def descent_flow_m(self) -> float:
        """Image displacement of the fingertip along the approach direction during the descent, metres."""
        return self.window.measure_descent_flow_m(self.finger, self.evidence)


def find_candidates(window: ContactWindow, thresholds: DescentThresholds, stamp_ns: int) -> list[ContactCandidate]:
    """The candidates at the centre of a window of both hands, in the order of their columns."""
    hand_windows = [window.select_hand(side) for side in range(len(HANDS))]
    candidates = []
    for column in np.nonzero(window.is_descent_end(thresholds))[0].tolist():
        hand_window = hand_windows[column // len(FINGERS)]
        evidence = hand_window.compute_evidence(column % len(FINGERS), thresholds)
        if evidence is not None:
            candidates.append(ContactCandidate(hand_window, column, evidence, stamp_ns))
    return candidates
