"""The results of `scene_matrix`, pooled: over all typing, by view, by condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fingertip_research.evaluation.calibration import (
    Confidences,
    compute_expected_calibration_error,
    compute_reliability,
    pool_confidences,
)
from fingertip_research.evaluation.contact_counts import (
    ContactCounts,
    bootstrap_intervals,
    compute_metrics,
    pool_counts,
)
from fingertip_research.evaluation.recording_sets import RecordingSpec
from fingertip_research.evaluation.scene_matrix import ProfileScore, SceneResult

ALL = "all"
# The metric with a 95 % interval, over people.
INTERVAL_METRIC = "event_f1"
# Metrics of one person, and of several.
Pool = Callable[[Mapping[int, ContactCounts]], dict[str, Any]]


def make_scene_report(results: Sequence[SceneResult]) -> dict[str, Any]:
    """For JSON. scenes: the conditions, surface and metrics of each. The other tables: key -> source -> profile ->
    metrics; those of `typing` (all of it, and by view) have `ci95`. calibration: source -> profile."""
    typing = [result for result in results if result.spec.is_typing]
    others = [result for result in results if not result.spec.is_typing]
    return {
        "scenes": [_describe_scene(result) for result in results],
        "typing": {
            **_pool(typing, lambda spec: ALL, _measure_with_interval),
            **_pool(typing, lambda spec: spec.view, _measure_with_interval),
        },
        "angles": _pool(typing, lambda spec: f"{spec.view} {spec.angle_deg:g}"),
        "postures": _pool(typing, lambda spec: f"{spec.view} {spec.posture}"),
        "difficulties": _pool(typing, lambda spec: f"{spec.view} {spec.difficulty}"),
        "frame_rates": _pool(typing, lambda spec: f"{spec.view} {spec.frame_rate_hz:g} Hz"),
        "resolutions": _pool(typing, lambda spec: f"{spec.view} {spec.resolution}"),
        "hands_only": {**_pool(others, lambda spec: ALL), **_pool(others, lambda spec: spec.view)},
        "calibration": {
            source: {profile: _describe_calibration(touches) for profile, touches in by_profile.items()}
            for source, by_profile in pool_touches(results).items()
        },
    }


def pool_touches(results: Sequence[SceneResult]) -> dict[str, dict[str, Confidences]]:
    """source -> profile -> the touches of all recordings, those without typing included."""
    return {
        source: {
            profile: pool_confidences(score.confidences for _, score in own) for profile, own in by_profile.items()
        }
        for source, by_profile in _group(results, lambda spec: ALL).get(ALL, {}).items()
    }


def _describe_scene(result: SceneResult) -> dict[str, Any]:
    return {
        **vars(result.spec),
        "hint": result.hint,
        "surface": vars(result.surface),
        "metrics": {
            source: {profile: compute_metrics(score.counts) for profile, score in by_profile.items()}
            for source, by_profile in result.scores.items()
        },
    }


def _describe_calibration(touches: Confidences) -> dict[str, Any]:
    bins = compute_reliability(touches)
    return {
        "touches": len(touches.confidence),
        "ece": compute_expected_calibration_error(bins),
        "bins": [vars(each) for each in bins],
    }


def _measure(by_person: Mapping[int, ContactCounts]) -> dict[str, Any]:
    return dict(compute_metrics(pool_counts(by_person.values())))


def _measure_with_interval(by_person: Mapping[int, ContactCounts]) -> dict[str, Any]:
    # Hundreds of resamples: without the errors of single presses, which this metric does not need.
    events = {
        person: ContactCounts(counts.true_positives, counts.false_positives, counts.false_negatives)
        for person, counts in by_person.items()
    }
    bounds = bootstrap_intervals(events, (INTERVAL_METRIC,))
    return {**_measure(by_person), "ci95": {INTERVAL_METRIC: list(bounds[INTERVAL_METRIC])}}


def _pool(
    results: Sequence[SceneResult], key: Callable[[RecordingSpec], str], measure: Pool = _measure
) -> dict[str, dict[str, dict[str, Any]]]:
    """key -> source -> profile -> metrics."""
    return {
        name: {
            source: {profile: measure(_add_by_person(own)) for profile, own in by_profile.items()}
            for source, by_profile in by_source.items()
        }
        for name, by_source in sorted(_group(results, key).items())
    }


def _group(
    results: Sequence[SceneResult], key: Callable[[RecordingSpec], str]
) -> dict[str, dict[str, dict[str, list[tuple[int, ProfileScore]]]]]:
    """key -> source -> profile -> (person, score) of each recording."""
    groups: dict[str, dict[str, dict[str, list[tuple[int, ProfileScore]]]]] = {}
    for result in results:
        for source, by_profile in result.scores.items():
            group = groups.setdefault(key(result.spec), {}).setdefault(source, {})
            for profile, score in by_profile.items():
                group.setdefault(profile, []).append((result.spec.seed, score))
    return groups


def _add_by_person(scores: Sequence[tuple[int, ProfileScore]]) -> dict[int, ContactCounts]:
    totals: dict[int, ContactCounts] = {}
    for person, score in scores:
        totals[person] = totals.get(person, ContactCounts()) + score.counts
    return totals
