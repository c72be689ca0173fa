"""The rendered suite: recordings that the real pipeline processes, rendered and measured once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.files import write_once
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.open import open_recording
from fingertip_research.evaluation.contact_counts import ContactCounts, compute_metrics, count_contacts, pool_counts
from fingertip_research.evaluation.events import safe_ratio
from fingertip_research.evaluation.fingertip_noise import NoiseModel
from fingertip_research.evaluation.fingertip_noise_fit import load_true_fingers
from fingertip_research.evaluation.fingertip_recording import FingertipRecording, measure_recording
from fingertip_research.evaluation.kinematic_suite import Split
from fingertip_research.evaluation.kinematic_suite_run import (
    DEFAULT_PROFILE,
    count_with_profile,
    detect_with_profile,
)
from fingertip_research.evaluation.kinematic_view import FingerBias, simulate_measurements
from fingertip_research.evaluation.recording_sets import RecordingSpec
from fingertip_research.ground_truth.recording import GroundTruth, ground_truth_path, read_ground_truth
from fingertip_research.simulation.recording import Progress, simulate
from fingertip_research.simulation.recording_cache import is_complete, locate_recording
from fingertip_research.simulation.scene import make_scene, parse_resolution

# Larger seeds are for tests: no part of the detector was tuned on or fitted to them.
MAX_DEVELOPMENT_SEED = 100
# Draws of the noise per recording, for the comparison of both suites on the same motion.
NOISE_DRAWS = 5


@dataclass(frozen=True)
class RenderedResult:
    """One recording by one profile. participant: the seed, which draws the participant."""

    name: str
    profile: str
    participant: int
    split: Split
    angle_deg: float
    counts: ContactCounts


def load_or_render(spec: RecordingSpec, layout: Layout, workers: int, progress: Progress) -> Path:
    """The path of the recording in the cache; a missing one is rendered, which needs minutes.

    Both imagers are recorded where the sensor has them.
    """
    imagers = {"imagers": True} if spec.sensor == "stereo" else {}
    path = locate_recording({"suite": "contact", **imagers, **vars(spec), "layout": layout.name})

    def render() -> None:
        scene = make_scene(
            spec.seed,
            spec.angle_deg,
            spec.difficulty,
            spec.distance_m,
            view=spec.view,
            posture=spec.posture,
            resolution=parse_resolution(spec.resolution),
            sensor=spec.sensor,
            frame_rate_hz=spec.frame_rate_hz,
        )
        simulate(
            spec.text,
            layout,
            scene,
            path,
            seconds=spec.seconds,
            workers=workers,
            overwrite=True,
            infra=bool(imagers),
            progress=progress,
        )

    write_once(ground_truth_path(path), lambda: is_complete(path), render)
    return path


def score_bags(
    bags: Sequence[Path],
    layout: Layout,
    profiles: Sequence[str],
    noise_model: NoiseModel,
    progress: Callable[[str], object] = lambda name: None,
) -> list[RenderedResult]:
    """Every profile on every recording. Raises ValueError or FileNotFoundError where a truth file is unusable."""
    results = []
    for bag in bags:
        truth, recording = _load(bag, layout)
        angle_deg, seed = truth.header.angle_deg or 0.0, truth.header.seed or 0
        split: Split = "test" if seed > MAX_DEVELOPMENT_SEED else "development"
        for profile in profiles:
            thickness_m = noise_model.interpolate(angle_deg).contact_rim_height_m
            found = count_with_profile(recording, thickness_m, profile, layout, truth)
            results.append(RenderedResult(bag.stem, profile, seed, split, angle_deg, found))
        progress(bag.name)
    return results


def _load(bag: Path, layout: Layout) -> tuple[GroundTruth, FingertipRecording]:
    truth = read_ground_truth(ground_truth_path(bag))
    return truth, measure_recording(bag, layout, truth.header.calibration_seconds or 1.0)


def compute_matched_event_f1(bags: Sequence[Path], layout: Layout, noise_model: NoiseModel) -> dict[str, float]:
    """Event F1 of the default profile on the same motion, measured in the images and simulated by the noise model.

    The motion is the true one, frame by frame; only the source of the measurements differs.
    """
    rendered, simulated = ContactCounts(), ContactCounts()
    f1_differences = []
    for bag in bags:
        truth, recording = _load(bag, layout)
        pose, angle_deg = truth.header.camera_from_sheet, truth.header.angle_deg
        if pose is None or angle_deg is None:
            raise ValueError(f"{ground_truth_path(bag)} lacks the camera's pose or angle; render the recording again")
        clearance_m, pad_m, _ = load_true_fingers(bag, recording)
        valid = np.isfinite(clearance_m).all(axis=1) & (recording.tracks >= 0).all(axis=1)
        pads_m = np.concatenate([pad_m, clearance_m[..., None]], axis=-1)[valid]
        with open_recording(bag) as opened:
            camera = opened.camera
        noise = noise_model.interpolate(angle_deg)
        from_images = count_contacts(
            detect_with_profile(recording, noise.contact_rim_height_m, DEFAULT_PROFILE, layout),
            truth,
            recording.stamps_ns,
        )
        from_noise = ContactCounts()
        for draw in range(NOISE_DRAWS):
            random = np.random.default_rng([truth.header.seed or 0, draw])
            bias = FingerBias.sample(noise, random)
            copy = simulate_measurements(recording.stamps_ns[valid], pads_m, camera, pose, noise, bias, random)
            events = detect_with_profile(copy, noise.contact_rim_height_m, DEFAULT_PROFILE, layout)
            from_noise += count_contacts(events, truth, copy.stamps_ns)
        rendered, simulated = rendered + from_images, simulated + from_noise
        f1_differences.append(abs(_event_f1(from_noise) - _event_f1(from_images)))
    return {
        "rendered_event_f1": _event_f1(rendered),
        "kinematic_event_f1": _event_f1(simulated),
        "difference": _event_f1(simulated) - _event_f1(rendered),
        "mean_difference_per_recording": float(np.mean(f1_differences)),
        "rendered_precision": safe_ratio(rendered.true_positives, rendered.true_positives + rendered.false_positives),
        "kinematic_precision": safe_ratio(
            simulated.true_positives, simulated.true_positives + simulated.false_positives
        ),
        "rendered_recall": safe_ratio(rendered.true_positives, rendered.true_positives + rendered.false_negatives),
        "kinematic_recall": safe_ratio(simulated.true_positives, simulated.true_positives + simulated.false_negatives),
    }


def _event_f1(total: ContactCounts) -> float:
    return safe_ratio(
        2 * total.true_positives, 2 * total.true_positives + total.false_positives + total.false_negatives
    )


def compute_by_angle(results: Sequence[RenderedResult]) -> dict[str, dict[str, float | int | None]]:
    """Metrics by angle, over all participants."""
    angles = sorted({result.angle_deg for result in results})
    return {
        f"{angle:g}": compute_metrics(pool_counts(r.counts for r in results if r.angle_deg == angle))
        for angle in angles
    }
