"""How long contact detection takes for ten fingers, frame by frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.fingertip_meter import FingertipEstimator
from fingertip_contact.contact.parameters import ContactParameters, load_profile
from fingertip_contact.contact.surface import SurfaceTracker
from fingertip_contact.evaluation.contact_suite import FIRST_TEST, conditions_of, person_of, trial
from fingertip_contact.evaluation.fingertip_noise import load_noise
from fingertip_contact.evaluation.fingertip_recording import FingertipRecording
from fingertip_contact.frames import HANDS
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.bag import open_recording

# The detector's history fills up meanwhile.
SETTLE_FRAMES = 60


@dataclass
class Clock:
    """Milliseconds of what ran in it: on the wall, and of the processor, which other programs do not slow down."""

    wall_ms: list[float] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        wall_s, processor_s = time.perf_counter(), time.thread_time()
        yield
        self.processor_ms.append(1000 * (time.thread_time() - processor_s))
        self.wall_ms.append(1000 * (time.perf_counter() - wall_s))

    def spread(self) -> dict[str, float]:
        """Without the frames in which things settle."""
        wall_ms, processor_ms = self.wall_ms[SETTLE_FRAMES:], self.processor_ms[SETTLE_FRAMES:]
        return {
            "median_ms": float(np.median(wall_ms)),
            "p99_ms": float(np.percentile(wall_ms, 99)),
            "processor_median_ms": float(np.median(processor_ms)),
            "processor_p99_ms": float(np.percentile(processor_ms, 99)),
        }


def decision_times(layout: Layout, profiles: list[str], frames: int) -> dict[str, dict[str, float]]:
    """From measured fingertips to events, profile by profile, in turns over the same frames of a typing person."""
    person = person_of(FIRST_TEST, layout, max(20, frames // 6))
    recording = trial(person, conditions_of(FIRST_TEST)[0], load_noise()).recording
    detectors = {name: ContactDetector(load_profile(name)) for name in profiles}
    clocks = {name: Clock() for name in profiles}
    for row in range(min(frames + SETTLE_FRAMES, len(recording.stamps_ns))):
        for name, detector in detectors.items():
            _observe(detector, recording, row, clocks[name].running)
    return {name: clock.spread() for name, clock in clocks.items()}


def _observe(detector: ContactDetector, recording: FingertipRecording, row: int, running: Callable) -> None:
    stamp_ns, hands, samples = int(recording.stamps_ns[row]), recording.hands(row), recording.measured(row)
    with running():
        detector.update(stamp_ns, hands, samples)


def measurement_times(bag: Path, frames: int) -> dict[str, float]:
    """Measuring ten fingertips in a recording's pictures, depth and colour, of its frames with two hands.

    Raises ValueError where there are too few of those, or no surface was found.
    """
    parameters = ContactParameters()
    tracker, surfaces, clock = HandTracker.from_weights(), SurfaceTracker(parameters), Clock()
    estimator = FingertipEstimator(parameters)
    with open_recording(bag) as recording:
        for frame in recording.frames():
            hands = tracker.process(frame.color_bgr, frame.stamp_ns)
            surface = surfaces.update(frame, hands)
            if surface is None or frame.depth is None or len(hands) != len(HANDS):
                continue
            with clock.running():
                estimator.measure(frame, hands, surface.plane)
            if len(clock.wall_ms) == frames + SETTLE_FRAMES:
                break
    if len(clock.wall_ms) <= SETTLE_FRAMES:
        raise ValueError(f"{bag} shows two hands over a surface in {len(clock.wall_ms)} frames; {SETTLE_FRAMES} settle")
    return clock.spread()
