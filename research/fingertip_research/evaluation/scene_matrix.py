"""Typing in scenes as they are: every profile on matched and on ideal depth, and the surface in each scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.contact_counts import ContactCounts, compute_metrics, pool_counts
from fingertip_research.evaluation.fingertip_noise import NoiseModel
from fingertip_research.evaluation.fingertip_recording import measure_recording
from fingertip_research.evaluation.kinematic_suite_run import count_with_profile
from fingertip_research.evaluation.recording_sets import RecordingSpec
from fingertip_research.evaluation.rendered_suite import load_or_render
from fingertip_research.evaluation.surface_accuracy import SurfaceAccuracy, measure_surface
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth
from fingertip_research.simulation.recording import Progress

STEREO, IDEAL = "stereo", "ideal"


@dataclass(frozen=True)
class SceneResult:
    """One recording of a set. counts: by sensor, then by profile. surface: with the set's own sensor. hint: what the
    pipeline advised last."""

    spec: RecordingSpec
    counts: dict[str, dict[str, ContactCounts]]
    surface: SurfaceAccuracy
    hint: str


def score_scene(
    spec: RecordingSpec,
    layout: Layout,
    profiles: Sequence[str],
    sensors: Sequence[str],
    noise_model: NoiseModel,
    workers: int,
    progress: Progress,
) -> SceneResult:
    """Every profile on one scene, seen by each sensor: motion, colour and texts are the same. Missing recordings are
    rendered, which takes minutes."""
    counts: dict[str, dict[str, ContactCounts]] = {}
    surface, hint = None, ""
    thickness_m = noise_model.interpolate(spec.angle_deg).contact_rim_height_m
    for sensor in sensors:
        bag = load_or_render(replace(spec, sensor=sensor), layout, workers, progress)
        truth = read_ground_truth(ground_truth_path(bag))
        recording = measure_recording(bag, layout, truth.header.calibration_seconds or 1.0)
        counts[sensor] = {
            profile: count_with_profile(recording, thickness_m, profile, layout, truth) for profile in profiles
        }
        if surface is None:
            surface, hint = measure_surface(recording, truth), str(recording.hints[-1])
    assert surface is not None
    return SceneResult(spec, counts, surface, hint)


def make_scene_report(results: Sequence[SceneResult]) -> dict[str, Any]:
    """Per scene its conditions, surface and metrics; per view, sensor and profile the metrics over all typing."""
    return {
        "scenes": [
            {
                **vars(result.spec),
                "hint": result.hint,
                "surface": vars(result.surface),
                "metrics": {
                    sensor: {profile: compute_metrics(counts) for profile, counts in by_profile.items()}
                    for sensor, by_profile in result.counts.items()
                },
            }
            for result in results
        ],
        "typing": _pool(results, lambda spec: spec.is_typing, lambda spec: "all"),
        "views": _pool(results, lambda spec: spec.is_typing, lambda spec: f"{spec.view} {spec.angle_deg:g}"),
        "postures": _pool(results, lambda spec: spec.is_typing, lambda spec: f"{spec.view} {spec.posture}"),
        "difficulties": _pool(results, lambda spec: spec.is_typing, lambda spec: f"{spec.view} {spec.difficulty}"),
        "resolutions": _pool(results, lambda spec: spec.is_typing, lambda spec: f"{spec.view} {spec.resolution}"),
        "hands_only": _pool(results, lambda spec: not spec.is_typing, lambda spec: spec.view),
    }


def _pool(
    results: Sequence[SceneResult], chosen: Callable[[RecordingSpec], bool], key: Callable[[RecordingSpec], str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """key -> sensor -> profile -> metrics."""
    groups: dict[str, dict[str, dict[str, list[ContactCounts]]]] = {}
    for result in results:
        if chosen(result.spec):
            for sensor, by_profile in result.counts.items():
                for profile, counts in by_profile.items():
                    group = groups.setdefault(key(result.spec), {}).setdefault(sensor, {})
                    group.setdefault(profile, []).append(counts)
    return {
        name: {
            sensor: {profile: compute_metrics(pool_counts(counts)) for profile, counts in by_profile.items()}
            for sensor, by_profile in by_sensor.items()
        }
        for name, by_sensor in sorted(groups.items())
    }
