"""Agreement of press events with true taps.

A press is correct if a tap of the same hand and finger began within 50 ms of it. Presses and taps are matched one to
one: with the maximum number of pairs, and among those with the minimum sum of time differences. Unmatched presses are
false positives, unmatched taps false negatives. A ratio with denominator 0 counts as 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.recordings.events import EventRecord
from fingertip_research.ground_truth.recording import GroundTruthTap

TOLERANCE_NS = 50_000_000


@dataclass(frozen=True)
class MatchedPair:
    press: EventRecord
    tap: GroundTruthTap

    @property
    def onset_error_ns(self) -> int:
        """Positive for a late press."""
        return self.press.stamp_ns - self.tap.press_ns

    @property
    def latency_ns(self) -> int:
        """From the true touch-down to the exposure of the frame that decided."""
        return self.press.decided_ns - self.tap.press_ns


@dataclass(frozen=True)
class EventMatching:
    """matches: by time. false_positives: presses without a tap. false_negatives: taps without a press."""

    matches: tuple[MatchedPair, ...]
    false_positives: tuple[EventRecord, ...]
    false_negatives: tuple[GroundTruthTap, ...]

    @property
    def precision(self) -> float:
        return safe_ratio(len(self.matches), len(self.matches) + len(self.false_positives))

    @property
    def recall(self) -> float:
        return safe_ratio(len(self.matches), len(self.matches) + len(self.false_negatives))

    @property
    def f1(self) -> float:
        return safe_ratio(
            2 * len(self.matches), 2 * len(self.matches) + len(self.false_positives) + len(self.false_negatives)
        )

    @property
    def key_accuracy(self) -> float:
        """Ratio of the matched presses that have the tap's key."""
        return safe_ratio(sum(match.press.key == match.tap.key for match in self.matches), len(self.matches))

    def for_finger(self, hand: str, finger: str) -> EventMatching:
        """The part of one finger: every finger is matched on its own."""
        return EventMatching(
            tuple(match for match in self.matches if (match.tap.hand, match.tap.finger) == (hand, finger)),
            tuple(press for press in self.false_positives if (press.hand, press.finger) == (hand, finger)),
            tuple(tap for tap in self.false_negatives if (tap.hand, tap.finger) == (hand, finger)),
        )


def select_presses(events: Iterable[EventRecord]) -> list[EventRecord]:
    """The presses among the events, by time."""
    return sorted((event for event in events if event.type == "press"), key=lambda event: event.stamp_ns)


def match_taps(
    events: Iterable[EventRecord], taps: Iterable[GroundTruthTap], tolerance_ns: int = TOLERANCE_NS
) -> EventMatching:
    """Matches the presses among `events` with the taps, finger by finger."""
    pressed, tapped = select_presses(events), sorted(taps, key=lambda tap: tap.press_ns)
    parts = []
    for hand in HANDS:
        for finger in FINGERS:
            own = [press for press in pressed if (press.hand, press.finger) == (hand, finger)]
            true = [tap for tap in tapped if (tap.hand, tap.finger) == (hand, finger)]
            parts.append(_align(own, true, tolerance_ns))
    return pool_matchings(parts)


def pool_matchings(parts: Iterable[EventMatching]) -> EventMatching:
    """Several matchings as one: of fingers, or of recordings."""
    parts = list(parts)
    return EventMatching(
        tuple(sorted((match for part in parts for match in part.matches), key=lambda match: match.tap.press_ns)),
        tuple(sorted((press for part in parts for press in part.false_positives), key=lambda press: press.stamp_ns)),
        tuple(sorted((tap for part in parts for tap in part.false_negatives), key=lambda tap: tap.press_ns)),
    )


def describe_matching(matching: EventMatching) -> str:
    """In one line, for people."""
    hits, missed, false = (len(part) for part in (matching.matches, matching.false_negatives, matching.false_positives))
    return f"F1 {matching.f1:.3f} ({hits} read, {missed} missed, {false} false), keys {matching.key_accuracy:.3f}"


def count_finger_confusions(matching: EventMatching, tolerance_ns: int = TOLERANCE_NS) -> Counter[tuple[str, str]]:
    """(true finger, reported finger) -> how often a missed tap was reported for a wrong finger at its time."""
    confused = _align(matching.false_positives, matching.false_negatives, tolerance_ns).matches
    return Counter(
        (f"{match.tap.hand}_{match.tap.finger}", f"{match.press.hand}_{match.press.finger}") for match in confused
    )


def safe_ratio(part: float, whole: float) -> float:
    """part / whole, and 0 for an empty whole."""
    return part / whole if whole else 0.0


def _align(pressed: Sequence[EventRecord], tapped: Sequence[GroundTruthTap], tolerance_ns: int) -> EventMatching:
    """The matching with most pairs, then least time difference, of presses and taps sorted by time.

    On a line some optimal matching has no crossing pairs, so aligning the sequences finds it (as for edit distance).
    """
    # best[i][j]: (pairs, -sum of differences) for the first i presses and j taps.
    best = [[(0, 0)] * (len(tapped) + 1) for _ in range(len(pressed) + 1)]
    for i, press in enumerate(pressed):
        for j, tap in enumerate(tapped):
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j])
            difference_ns = abs(press.stamp_ns - tap.press_ns)
            if difference_ns <= tolerance_ns:
                pairs, negative_sum = best[i][j]
                best[i + 1][j + 1] = max(best[i + 1][j + 1], (pairs + 1, negative_sum - difference_ns))
    matches, false_positives, false_negatives = [], [], []
    i, j = len(pressed), len(tapped)
    while i or j:
        if i and best[i][j] == best[i - 1][j]:
            i -= 1
            false_positives.append(pressed[i])
        elif j and best[i][j] == best[i][j - 1]:
            j -= 1
            false_negatives.append(tapped[j])
        else:
            i, j = i - 1, j - 1
            matches.append(MatchedPair(pressed[i], tapped[j]))
    return EventMatching(tuple(matches[::-1]), tuple(false_positives[::-1]), tuple(false_negatives[::-1]))
