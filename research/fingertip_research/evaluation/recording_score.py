"""The score of a recording: events against true taps, and the decoded text against the typed text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.recordings.events import EventRecord
from fingertip_contact.text_metrics import character_error_rate, words_per_minute
from fingertip_research.evaluation.events import (
    EventMatching,
    MatchedPair,
    count_finger_confusions,
    match_taps,
    pool_matchings,
    safe_ratio,
    select_presses,
)
from fingertip_research.ground_truth.recording import GroundTruth

MILLISECOND_NS = 1_000_000


@dataclass(frozen=True)
class RecordingScore:
    """The result of one recording, from which `make_report` computes metrics.

    position_errors_m: along the surface, one per match with known positions. typing_seconds: from the first press to
    the last. text_with_words: as read with a word list, None where it was not.
    """

    name: str
    matching: EventMatching
    release_errors_ns: tuple[int, ...]
    position_errors_m: tuple[float, ...]
    text_true: str
    text_read: str
    duration_s: float
    typing_seconds: float
    text_with_words: str | None = None


def score_recording(
    name: str,
    events: Sequence[EventRecord],
    truth: GroundTruth,
    text_read: str,
    duration_s: float,
    text_with_words: str | None = None,
) -> RecordingScore:
    """Compares the events of a recording and their text with its truth. text_with_words: as read with a word list."""
    matching = match_taps(events, truth.taps)
    pressed = select_presses(events)
    return RecordingScore(
        name=name,
        matching=matching,
        release_errors_ns=_compute_release_errors_ns(matching.matches, events),
        position_errors_m=_compute_position_errors_m(matching.matches, truth),
        text_true=truth.header.text,
        text_read=text_read,
        duration_s=duration_s,
        typing_seconds=(pressed[-1].stamp_ns - pressed[0].stamp_ns) / 1e9 if pressed else 0.0,
        text_with_words=text_with_words,
    )


def make_report(scores: Sequence[RecordingScore]) -> dict[str, Any]:
    """Metrics over all taps of all recordings, for JSON; None without a measurement.

    Keys end in their unit. Ratios are 0..1; `cer` is edits over true characters and may exceed 1.
    """
    matching = pool_matchings(score.matching for score in scores)
    return {
        **_summarize_matching(matching),
        "false_presses_per_minute": 60
        * safe_ratio(len(matching.false_positives), sum(score.duration_s for score in scores)),
        "cer": _weighted_mean(
            (character_error_rate(score.text_true, score.text_read), len(score.text_true)) for score in scores
        ),
        "cer_with_words": _compute_cer_with_words(scores),
        "wpm": _weighted_mean(
            (words_per_minute(score.text_read, score.typing_seconds), score.typing_seconds) for score in scores
        ),
        "latency_ms": _summarize_errors(match.latency_ns / MILLISECOND_NS for match in matching.matches),
        "onset_error_ms": _summarize_errors(match.onset_error_ns / MILLISECOND_NS for match in matching.matches),
        "release_error_ms": _summarize_errors(
            error / MILLISECOND_NS for score in scores for error in score.release_errors_ns
        ),
        "position_error_mm": _summarize_errors(1000 * error for score in scores for error in score.position_errors_m),
        "fingers": {
            f"{hand}_{finger}": _summarize_matching(matching.for_finger(hand, finger))
            for hand in HANDS
            for finger in FINGERS
        },
        "texts": [
            {"typed": score.text_true, "read": score.text_read, "read_with_words": score.text_with_words}
            for score in scores
        ],
        "finger_confusions": _count_confusions(score.matching for score in scores),
    }


def _compute_cer_with_words(scores: Sequence[RecordingScore]) -> float | None:
    """None without a text that was read with a word list."""
    pairs = [
        (character_error_rate(score.text_true, score.text_with_words), len(score.text_true))
        for score in scores
        if score.text_with_words is not None
    ]
    return _weighted_mean(pairs) if pairs else None


def _summarize_matching(matching: EventMatching) -> dict[str, Any]:
    return {
        "event_precision": matching.precision,
        "event_recall": matching.recall,
        "event_f1": matching.f1,
        "key_accuracy": matching.key_accuracy,
        "taps": len(matching.matches) + len(matching.false_negatives),
        "presses": len(matching.matches) + len(matching.false_positives),
        "matched": len(matching.matches),
    }


def _summarize_errors(values: Iterable[float]) -> dict[str, float | None]:
    """The median, and percentiles of the magnitude."""
    array = np.array(list(values), dtype=np.float64)
    if not len(array):
        return {"median": None, "p95": None, "p99": None}
    p95, p99 = np.percentile(np.abs(array), (95, 99))
    return {"median": float(np.median(array)), "p95": float(p95), "p99": float(p99)}


def _weighted_mean(values: Iterable[tuple[float, float]]) -> float:
    """Mean of (value, weight)."""
    pairs = list(values)
    return safe_ratio(sum(value * weight for value, weight in pairs), sum(weight for _, weight in pairs))


def _count_confusions(matchings: Iterable[EventMatching]) -> list[dict[str, Any]]:
    """Recording by recording: their clocks may overlap."""
    total: Counter[tuple[str, str]] = Counter()
    for matching in matchings:
        total += count_finger_confusions(matching)
    return [{"true": true, "reported": reported, "count": count} for (true, reported), count in total.most_common()]


def _compute_release_errors_ns(matches: Iterable[MatchedPair], events: Iterable[EventRecord]) -> tuple[int, ...]:
    """Positive where a release is late. A cancelled press has none."""
    releases = {event.press: event.stamp_ns for event in events if event.type == "release"}
    return tuple(
        releases[match.press.press] - match.tap.release_ns for match in matches if match.press.press in releases
    )


def _compute_position_errors_m(matches: Iterable[MatchedPair], truth: GroundTruth) -> tuple[float, ...]:
    """Distance along the surface of the contact point from the true one."""
    if truth.header.camera_from_sheet is None:
        return ()
    sheet_from_camera = truth.header.camera_from_sheet.inverse
    errors_m = []
    for match in matches:
        if match.press.x_m is None or match.press.y_m is None or match.press.z_m is None:
            continue
        x_m, y_m, _ = sheet_from_camera.apply(np.array([match.press.x_m, match.press.y_m, match.press.z_m]))
        errors_m.append(float(np.hypot(x_m - match.tap.x_m, y_m - match.tap.y_m)))
    return tuple(errors_m)
