"""Whether confidences mean what they say: of the touches that are 70 % sure, 70 % should be taps.

Touches are presses, and what was not sure enough for a press. Fingers in the air, of which nothing was said, do not
count: confidences below `tentative.MIN_CONFIDENCE` are not told at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.datatypes import TapCandidate
from fingertip_contact.recordings.events import EventRecord
from fingertip_research.evaluation.events import match_taps
from fingertip_research.ground_truth.recording import GroundTruthTap

BIN_COUNT = 10


@dataclass(frozen=True)
class Confidences:
    """N touches. confidence: (N,) 0..1. is_tap: (N,) bool, whether it was a tap."""

    confidence: np.ndarray = field(default_factory=lambda: np.zeros(0))
    is_tap: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))


@dataclass(frozen=True)
class ReliabilityBin:
    """The touches whose confidence is from `low` up to `high`. confidence: their mean. tap_share: of them, the taps."""

    low: float
    high: float
    count: int
    confidence: float
    tap_share: float


def judge_confidences(
    events: Sequence[EventRecord], tentative: Iterable[TapCandidate], taps: Sequence[GroundTruthTap]
) -> Confidences:
    """The touches of a recording, by the rule for presses (see `events`): each tap is that of one touch. Presses choose
    first, tentative taps are matched with what they missed."""
    pressed = match_taps(events, taps)
    unsure = match_taps(map(_make_press, tentative), pressed.false_negatives)
    judged = [
        *((match.press.confidence, True) for part in (pressed, unsure) for match in part.matches),
        *((press.confidence, False) for part in (pressed, unsure) for press in part.false_positives),
    ]
    return Confidences(
        np.array([confidence for confidence, _ in judged], dtype=np.float64),
        np.array([is_tap for _, is_tap in judged], dtype=bool),
    )


def _make_press(candidate: TapCandidate) -> EventRecord:
    """A tentative tap as a press, to be matched as one."""
    return EventRecord(
        stamp_ns=candidate.contact_ns,
        decided_ns=candidate.stamp_ns,
        type="press",
        hand=candidate.hand,
        finger=candidate.finger,
        key=None,
        text="",
        x_m=None,
        y_m=None,
        z_m=None,
        confidence=candidate.confidence,
        press=0,
    )


def pool_confidences(parts: Iterable[Confidences]) -> Confidences:
    parts = [Confidences(), *parts]
    return Confidences(
        np.concatenate([part.confidence for part in parts]), np.concatenate([part.is_tap for part in parts])
    )


def compute_reliability(touches: Confidences, bin_count: int = BIN_COUNT) -> tuple[ReliabilityBin, ...]:
    """Equal bins of confidence, without the empty ones."""
    edges = np.linspace(0.0, 1.0, bin_count + 1)
    # A confidence of 1 is in the last bin.
    index = np.clip(np.searchsorted(edges, touches.confidence, side="right") - 1, 0, bin_count - 1)
    bins = []
    for number in np.unique(index):
        own = index == number
        bins.append(
            ReliabilityBin(
                low=float(edges[number]),
                high=float(edges[number + 1]),
                count=int(own.sum()),
                confidence=float(touches.confidence[own].mean()),
                tap_share=float(touches.is_tap[own].mean()),
            )
        )
    return tuple(bins)


def compute_expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float | None:
    """Mean distance of confidence and share of taps over all touches (Guo et al. 2017, "On Calibration of Modern Neural
    Networks"); None without touches."""
    total = sum(each.count for each in bins)
    if not total:
        return None
    return sum(each.count * abs(each.confidence - each.tap_share) for each in bins) / total
