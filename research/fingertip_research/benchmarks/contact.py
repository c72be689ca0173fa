"""Duration of contact detection for ten fingers, per frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.datatypes import HANDS
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.surface.surface_tracker import SurfaceTracker
from fingertip_research.evaluation.fingertip_noise import load_noise_model
from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.evaluation.kinematic_suite import (
    FIRST_TEST_PARTICIPANT,
    make_conditions,
    make_simulated_participant,
    make_trial,
)

# Not measured: the detector's history fills up.
WARMUP_FRAMES = 60


@dataclass
class Stopwatch:
    """Milliseconds of the timed code: elapsed, and of the processor (all threads together), which does not depend on
    other programs."""

    wall_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)

    @contextmanager
    def timing(self) -> Iterator[None]:
        wall_s, processor_s = time.perf_counter(), time.process_time()
        yield
        self.processor_ms.append(1000 * (time.process_time() - processor_s))
        self.wall_ms.append(1000 * (time.perf_counter() - wall_s))

    def summarize(self) -> dict[str, float]:
        """Medians and percentiles after the warm-up."""
        wall_ms, processor_ms = self.wall_ms[WARMUP_FRAMES:], self.processor_ms[WARMUP_FRAMES:]
        return {
            "median_ms": float(np.median(wall_ms)),
            "p99_ms": float(np.percentile(wall_ms, 99)),
            "processor_median_ms": float(np.median(processor_ms)),
            "processor_p99_ms": float(np.percentile(processor_ms, 99)),
        }


def measure_decision_latency(layout: Layout, profiles: list[str], frames: int) -> dict[str, dict[str, float]]:
    """From measured fingertips to events, by profile, interleaved over the same frames of a typing participant."""
    person = make_simulated_participant(FIRST_TEST_PARTICIPANT, layout, max(20, frames // 6))
    recording = make_trial(person, make_conditions(FIRST_TEST_PARTICIPANT)[0], load_noise_model()).recording
    detectors = {name: ContactDetector(load_profile(name)) for name in profiles}
    stopwatches = {name: Stopwatch() for name in profiles}
    for row in range(min(frames + WARMUP_FRAMES, len(recording.stamps_ns))):
        for name, detector in detectors.items():
            _time_update(detector, recording, row, stopwatches[name].timing)
    return {name: stopwatch.summarize() for name, stopwatch in stopwatches.items()}


def _time_update(detector: ContactDetector, recording: FingertipRecording, row: int, timing: Callable) -> None:
    stamp_ns, hands, samples = int(recording.stamps_ns[row]), recording.hands(row), recording.samples_at(row)
    with timing():
        detector.update(stamp_ns, hands, samples)


def measure_stage_latency(bag: Path, profile: str, frames: int) -> dict[str, dict[str, float]]:
    """The measurement of ten fingertips in everything that a recording holds, and the decision, in frames with two
    hands.

    Raises ValueError where there are too few such frames, or no surface was found.
    """
    parameters = load_profile(profile)
    tracker, surfaces = HandTracker.from_weights(), SurfaceTracker(parameters)
    detector = ContactDetector(parameters)
    estimator = FingertipEstimator(parameters, with_rims=detector.needs_rims, with_appearance=detector.needs_appearance)
    watches = {"measurement": Stopwatch(), "decision": Stopwatch()}
    with open_recording(bag) as recording:
        for frame in recording.frames():
            hands = tracker.process(frame.color_bgr, frame.stamp_ns)
            surface = surfaces.update(frame, hands)
            if surface is None or len(hands) != len(HANDS):
                continue
            with watches["measurement"].timing():
                samples = estimator.measure(frame, hands, surface)
            with watches["decision"].timing():
                detector.update(frame.stamp_ns, hands, samples)
            if len(watches["decision"].wall_ms) == frames + WARMUP_FRAMES:
                break
    if len(watches["decision"].wall_ms) <= WARMUP_FRAMES:
        raise ValueError(
            f"{bag} shows two hands above a surface in {len(watches['decision'].wall_ms)} frames; more than "
            f"{WARMUP_FRAMES} are needed"
        )
    return {name: watch.summarize() for name, watch in watches.items()}
