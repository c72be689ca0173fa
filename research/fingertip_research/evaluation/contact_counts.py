"""Counts of contact detection that add up over trials and participants, and the metrics computed from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from scipy.stats import bootstrap

from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_column
from fingertip_contact.recordings.events import EventRecord, decode_text
from fingertip_contact.text_metrics import edit_distance
from fingertip_research.evaluation.events import count_finger_confusions, safe_ratio
from fingertip_research.evaluation.recording_score import score_recording
from fingertip_research.ground_truth.recording import GroundTruth

MILLISECOND_NS = 1e6
MILLIMETRE_M = 1e-3
BOOTSTRAP_SAMPLES = 500


@dataclass(frozen=True)
class ContactCounts:
    """Sums over one or more trials. *_frames: fingers in frames, by true and reported contact; see
    count_contact_frames. *_with_words: of texts that were also read with a word list."""

    true_positives: int = 0
    false_positives: int = 0
    false_negatives: int = 0
    correct_keys: int = 0
    wrong_fingers: int = 0
    edits: int = 0
    edits_with_words: int = 0
    characters_with_words: int = 0
    characters: int = 0
    decoded_characters: int = 0
    seconds: float = 0.0
    typing_seconds: float = 0.0
    contact_frames: int = 0
    false_negative_frames: int = 0
    false_positive_frames: int = 0
    non_contact_frames: int = 0
    onset_error_ms: tuple[float, ...] = field(default=())
    release_error_ms: tuple[float, ...] = field(default=())
    latency_ms: tuple[float, ...] = field(default=())
    latency_frames: tuple[float, ...] = field(default=())
    position_error_mm: tuple[float, ...] = field(default=())

    def __add__(self, other: ContactCounts) -> ContactCounts:
        return ContactCounts(
            **{entry.name: getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)}
        )


def count_contacts(
    events: Sequence[EventRecord], truth: GroundTruth, stamps_ns: np.ndarray, text_with_words: str | None = None
) -> ContactCounts:
    """Compares the events of a recording with its truth. stamps_ns: (T,) of its frames. text_with_words: the text as
    read with a word list; None where it was not."""
    seconds = float(stamps_ns[-1] - stamps_ns[0]) / 1e9
    score = score_recording("", events, truth, decode_text(events), seconds)
    matching = score.matching
    true, false_negatives, false_positives, free = count_contact_frames(events, truth, stamps_ns)
    frame_ms = float(np.median(np.diff(stamps_ns))) / MILLISECOND_NS
    latency_ms = tuple(match.latency_ns / MILLISECOND_NS for match in matching.matches)
    return ContactCounts(
        true_positives=len(matching.matches),
        false_positives=len(matching.false_positives),
        false_negatives=len(matching.false_negatives),
        correct_keys=sum(match.press.key == match.tap.key for match in matching.matches),
        wrong_fingers=sum(count_finger_confusions(matching).values()),
        edits=edit_distance(score.text_true, score.text_read),
        edits_with_words=0 if text_with_words is None else edit_distance(score.text_true, text_with_words),
        characters_with_words=0 if text_with_words is None else len(score.text_true),
        characters=len(score.text_true),
        decoded_characters=len(score.text_read),
        seconds=seconds,
        typing_seconds=score.typing_seconds,
        contact_frames=true,
        false_negative_frames=false_negatives,
        false_positive_frames=false_positives,
        non_contact_frames=free,
        onset_error_ms=tuple(match.onset_error_ns / MILLISECOND_NS for match in matching.matches),
        release_error_ms=tuple(error / MILLISECOND_NS for error in score.release_errors_ns),
        latency_ms=latency_ms,
        latency_frames=tuple(latency / frame_ms for latency in latency_ms),
        position_error_mm=tuple(error / MILLIMETRE_M for error in score.position_errors_m),
    )


def count_contact_frames(
    events: Sequence[EventRecord], truth: GroundTruth, stamps_ns: np.ndarray
) -> tuple[int, int, int, int]:
    """Fingers in frames: tapping, tapping and not reported, reported and not tapping, not tapping.

    A finger at rest on the desk is neither tapping nor free, and is left out. A press lasts from its stamp to its end.
    """
    shape = len(stamps_ns), FINGER_COUNT
    tapping, resting, reported = (np.zeros(shape, dtype=bool) for _ in range(3))
    for tap in truth.taps:
        tapping[_time_slice(stamps_ns, tap.press_ns, tap.release_ns), find_column(tap.hand, tap.finger)] = True
    for rest in truth.rests:
        resting[_time_slice(stamps_ns, rest.start_ns, rest.end_ns), find_column(rest.hand, rest.finger)] = True
    ends = {event.press: event.stamp_ns for event in events if event.type in ("release", "cancel")}
    for event in events:
        if event.type == "press":
            end_ns = ends.get(event.press, int(stamps_ns[-1]) + 1)
            # At the stamp of a release the finger is up again.
            reported[_time_slice(stamps_ns, event.stamp_ns, end_ns - 1), find_column(event.hand, event.finger)] = True
    counted = tapping | ~resting
    tapping, reported = tapping & counted, reported & counted
    free = counted & ~tapping
    return int(tapping.sum()), int((tapping & ~reported).sum()), int((free & reported).sum()), int(free.sum())


def _time_slice(stamps_ns: np.ndarray, from_ns: int, until_ns: int) -> slice:
    return slice(int(np.searchsorted(stamps_ns, from_ns)), int(np.searchsorted(stamps_ns, until_ns, side="right")))


def _median_and_p95(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Median, and 95th percentile of the magnitude; None without values."""
    if not values:
        return None, None
    return float(np.median(values)), float(np.percentile(np.abs(values), 95))


def _divide(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def compute_metrics(total: ContactCounts) -> dict[str, float | int | None]:
    """All metrics of counts. Ratios are 0..1; the paper's frame metrics are of fingers in frames."""
    onset, onset_p95 = _median_and_p95(total.onset_error_ms)
    release, release_p95 = _median_and_p95(total.release_error_ms)
    latency, latency_p95 = _median_and_p95(total.latency_ms)
    frames, frames_p95 = _median_and_p95(total.latency_frames)
    position, position_p95 = _median_and_p95(total.position_error_mm)
    right = total.contact_frames - total.false_negative_frames
    return {
        "taps": total.true_positives + total.false_negatives,
        "presses": total.true_positives + total.false_positives,
        "event_f1": safe_ratio(
            2 * total.true_positives, 2 * total.true_positives + total.false_positives + total.false_negatives
        ),
        "event_precision": safe_ratio(total.true_positives, total.true_positives + total.false_positives),
        "event_recall": safe_ratio(total.true_positives, total.true_positives + total.false_negatives),
        "false_presses_per_min": 60 * safe_ratio(total.false_positives, total.seconds),
        "missed_presses_per_min": 60 * safe_ratio(total.false_negatives, total.seconds),
        "finger_accuracy": safe_ratio(total.true_positives, total.true_positives + total.wrong_fingers),
        "key_accuracy": safe_ratio(total.correct_keys, total.true_positives),
        "cer": safe_ratio(total.edits, total.characters),
        "cer_with_words": _divide(total.edits_with_words, total.characters_with_words),
        "wpm": 12 * safe_ratio(total.decoded_characters, total.typing_seconds),
        "onset_error_ms_median": onset,
        "onset_error_ms_abs_median": _median_and_p95(np.abs(total.onset_error_ms).tolist())[0],
        "onset_error_ms_p95": onset_p95,
        "offset_error_ms_median": release,
        "offset_error_ms_p95": release_p95,
        "latency_ms_median": latency,
        "latency_ms_p95": latency_p95,
        "latency_frames_median": frames,
        "latency_frames_p95": frames_p95,
        "position_error_mm_median": position,
        "position_error_mm_p95": position_p95,
        "frame_accuracy": 1.0
        - safe_ratio(
            total.false_negative_frames + total.false_positive_frames, total.contact_frames + total.non_contact_frames
        ),
        "frame_f1": safe_ratio(2 * right, 2 * right + total.false_negative_frames + total.false_positive_frames),
        "frame_fpr": safe_ratio(total.false_positive_frames, total.non_contact_frames),
    }


def pool_counts(counts: Iterable[ContactCounts]) -> ContactCounts:
    return sum(counts, ContactCounts())


def bootstrap_intervals(
    by_participant: Mapping[int, ContactCounts], names: Sequence[str]
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals of some metrics, over participants."""
    counts = list(by_participant.values())

    def measure(drawn: np.ndarray) -> np.ndarray:
        metrics = compute_metrics(pool_counts(counts[index] for index in drawn))
        return np.array([_none_to_nan(metrics[name]) for name in names])

    low, high = _bootstrap_participants(measure, len(counts))
    return {name: (float(low[index]), float(high[index])) for index, name in enumerate(names)}


def bootstrap_margin(
    ours: Mapping[int, ContactCounts], theirs: Mapping[int, ContactCounts], name: str
) -> tuple[float, float, float]:
    """The difference of a metric, `ours` minus `theirs`, and its 95 % interval, paired by participant."""
    pairs = [(ours[participant], theirs[participant]) for participant in ours]

    def measure(drawn: np.ndarray) -> np.ndarray:
        first, second = (
            _none_to_nan(compute_metrics(pool_counts(pairs[index][side] for index in drawn))[name]) for side in (0, 1)
        )
        return np.array([first - second])

    (low,), (high,) = _bootstrap_participants(measure, len(pairs))
    return float(measure(np.arange(len(pairs)))[0]), float(low), float(high)


def _bootstrap_participants(
    measure: Callable[[np.ndarray], np.ndarray], participants: int
) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the 95 % percentile interval of measure(indices of participants), which are drawn with replacement.

    With one participant, which scipy rejects, both bounds are the measured value.
    """
    if participants == 1:
        value = measure(np.zeros(1, dtype=int))
        return value, value
    interval = bootstrap(
        (np.arange(participants),),
        measure,
        n_resamples=BOOTSTRAP_SAMPLES,
        vectorized=False,
        method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval
    return interval.low, interval.high


def _none_to_nan(value: float | None) -> float:
    return np.nan if value is None else float(value)
