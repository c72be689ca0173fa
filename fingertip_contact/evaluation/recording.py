"""The whole score of a recording: events against true taps, and the text read against the text typed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingertip_contact.evaluation.events import Match, Matching, finger_confusions, match_taps, pooled, presses, share
from fingertip_contact.evaluation.text import character_error_rate, words_per_minute
from fingertip_contact.frames import FINGERS, HANDS
from fingertip_contact.recordings.events import EventRecord
from fingertip_contact.recordings.truth import Truth

MILLISECOND_NS = 1_000_000


@dataclass(frozen=True)
class RecordingScore:
    """What came out of one recording, in full; `report` makes figures of it.

    position_errors_m: along the surface, one for each match whose positions are known. typing_seconds: from the first
    press to the last.
    """

    name: str
    matching: Matching
    release_errors_ns: tuple[int, ...]
    position_errors_m: tuple[float, ...]
    text_true: str
    text_read: str
    duration_s: float
    typing_seconds: float


def score_recording(
    name: str, events: Sequence[EventRecord], truth: Truth, text_read: str, duration_s: float
) -> RecordingScore:
    """Compares the events of a recording, and the text that they made, with its truth."""
    matching = match_taps(events, truth.taps)
    pressed = presses(events)
    return RecordingScore(
        name=name,
        matching=matching,
        release_errors_ns=_release_errors_ns(matching.matches, events),
        position_errors_m=_position_errors_m(matching.matches, truth),
        text_true=truth.header.text,
        text_read=text_read,
        duration_s=duration_s,
        typing_seconds=(pressed[-1].stamp_ns - pressed[0].stamp_ns) / 1e9 if pressed else 0.0,
    )


def report(scores: Sequence[RecordingScore]) -> dict[str, Any]:
    """Figures over all taps of all recordings, as JSON takes them; None where there was nothing to measure.

    Keys end in their unit. Shares are 0..1; `cer` is edits over true characters and may exceed 1.
    """
    matching = pooled(score.matching for score in scores)
    return {
        **_counts(matching),
        "false_presses_per_minute": 60 * share(len(matching.false), sum(score.duration_s for score in scores)),
        "cer": _weighted(
            (character_error_rate(score.text_true, score.text_read), len(score.text_true)) for score in scores
        ),
        "wpm": _weighted(
            (words_per_minute(score.text_read, score.typing_seconds), score.typing_seconds) for score in scores
        ),
        "latency_ms": _spread(match.latency_ns / MILLISECOND_NS for match in matching.matches),
        "onset_error_ms": _spread(match.onset_error_ns / MILLISECOND_NS for match in matching.matches),
        "release_error_ms": _spread(error / MILLISECOND_NS for score in scores for error in score.release_errors_ns),
        "position_error_mm": _spread(1000 * error for score in scores for error in score.position_errors_m),
        "fingers": {
            f"{hand}_{finger}": _counts(matching.of_finger(hand, finger)) for hand in HANDS for finger in FINGERS
        },
        "texts": [{"typed": score.text_true, "read": score.text_read} for score in scores],
        "finger_confusions": _confusions(score.matching for score in scores),
    }


def _counts(matching: Matching) -> dict[str, Any]:
    return {
        "event_precision": matching.precision,
        "event_recall": matching.recall,
        "event_f1": matching.f1,
        "key_accuracy": matching.key_accuracy,
        "taps": len(matching.matches) + len(matching.missed),
        "presses": len(matching.matches) + len(matching.false),
        "matched": len(matching.matches),
    }


def _spread(values: Iterable[float]) -> dict[str, float | None]:
    """The median, and percentiles of the magnitude."""
    array = np.array(list(values), dtype=np.float64)
    if not len(array):
        return {"median": None, "p95": None, "p99": None}
    p95, p99 = np.percentile(np.abs(array), (95, 99))
    return {"median": float(np.median(array)), "p95": float(p95), "p99": float(p99)}


def _weighted(values: Iterable[tuple[float, float]]) -> float:
    """Mean of (value, weight)."""
    pairs = list(values)
    return share(sum(value * weight for value, weight in pairs), sum(weight for _, weight in pairs))


def _confusions(matchings: Iterable[Matching]) -> list[dict[str, Any]]:
    """Recording by recording: their clocks may overlap."""
    total: Counter[tuple[str, str]] = Counter()
    for matching in matchings:
        total += finger_confusions(matching)
    return [{"true": true, "reported": reported, "count": count} for (true, reported), count in total.most_common()]


def _release_errors_ns(matches: Iterable[Match], events: Iterable[EventRecord]) -> tuple[int, ...]:
    """Positive where a release is late. A cancelled press has none."""
    releases = {event.press: event.stamp_ns for event in events if event.type == "release"}
    return tuple(
        releases[match.press.press] - match.tap.release_ns for match in matches if match.press.press in releases
    )


def _position_errors_m(matches: Iterable[Match], truth: Truth) -> tuple[float, ...]:
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
