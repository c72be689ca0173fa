"""Benchmark of hand tracking per stage, and against MediaPipe's own graph on the same images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np

from fingertip_contact import weights
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS, Hand
from fingertip_contact.hands import roi
from fingertip_contact.hands.landmark_model import LandmarkModel
from fingertip_contact.hands.palm_detector import PalmDetector
from fingertip_contact.hands.tracker import HandTracker
from fingertip_research.benchmarks.mediapipe_reference import MediaPipeReference

# During the first images the hands are found and the caches warm up; they are not measured.
WARM_UP_FRAMES = 10

T = TypeVar("T")


@dataclass(frozen=True)
class Duration:
    """Per image: mean wall time, mean processor time of all threads, and 95th percentile of the wall time. Means,
    because the tracker's time differs from image to image: the median may be of one without the network."""

    wall_ms: float
    cpu_ms: float
    wall_p95_ms: float


@dataclass(frozen=True)
class HandBenchmark:
    """Durations on the images with two hands; the tracker runs palm detection only if a hand is missing.

    mediapipe and the fields after it are None if MediaPipe was not measured. fingertip_difference_px: median over
    fingertips.
    """

    frame_count: int
    palm: Duration
    one_hand: Duration
    two_hands: Duration
    tracker: Duration
    mediapipe: Duration | None
    mediapipe_version: str | None
    fingertip_difference_px: float | None


def measure(images_bgr: np.ndarray, stamps_ns: Sequence[int], mediapipe_python: Path | None = None) -> HandBenchmark:
    """Track hands through images (N, H, W, 3) uint8, alternating with MediaPipe if its interpreter is given.

    stamps_ns: of the images; of fast cameras hands are followed between images.

    Raises ValueError if no image after the warm-up shows two hands.
    """
    tracker = HandTracker.from_weights()
    stages = _Stages()
    times: dict[str, list[tuple[float, float]]] = {}
    differences_px: list[float] = []
    with MediaPipeReference(mediapipe_python, images_bgr) if mediapipe_python else nullcontext() as reference:
        for index, image in enumerate(images_bgr):
            hands, duration = measure_time(partial(tracker.process, image, stamps_ns[index]))
            reply = reference.infer(index) if reference else None
            if index < WARM_UP_FRAMES or len(hands) != 2:
                continue
            times.setdefault("tracker", []).append(duration)
            for stage, stage_duration in stages.time_stages(image, hands).items():
                times.setdefault(stage, []).append(stage_duration)
            if reply:
                times.setdefault("mediapipe", []).append((reply["ms"], reply["cpu_ms"]))
                differences_px += fingertip_differences_px(hands, [hand["landmarks_px"] for hand in reply["hands"]])
    if not times:
        raise ValueError(f"none of {len(images_bgr)} images shows two hands; give another recording or more frames")
    means = {stage: _summarise(durations) for stage, durations in times.items()}
    return HandBenchmark(
        frame_count=len(times["tracker"]),
        palm=means["palm"],
        one_hand=means["one_hand"],
        two_hands=means["two_hands"],
        tracker=means["tracker"],
        mediapipe=means.get("mediapipe"),
        mediapipe_version=reference.version if reference else None,
        fingertip_difference_px=float(np.median(differences_px)) if differences_px else None,
    )


def fingertip_differences_px(hands: Sequence[Hand], others: Sequence[Sequence[Sequence[float]]]) -> list[float]:
    """Distances from our fingertips to those of the nearest hand among `others` (21 x [u, v] each), pixels."""
    points = np.asarray(others, np.float64).reshape(-1, 21, 2)
    differences: list[float] = []
    for hand in hands if len(points) else ():
        distances = np.linalg.norm(points - hand.landmarks_px, axis=2)
        differences += distances[distances.mean(axis=1).argmin(), list(FINGERTIP_LANDMARKS)].tolist()
    return differences


class _Stages:
    """Times the two networks separately."""

    def __init__(self) -> None:
        self._palm_detector = PalmDetector(weights.get_verified_path("palm_detection_full"))
        self._landmark_model = LandmarkModel(
            weights.get_verified_path("hand_landmark_full"), requests=2, mirrored=False
        )

    def time_stages(self, image_bgr: np.ndarray, hands: Sequence[Hand]) -> dict[str, tuple[float, float]]:
        regions = [roi.from_landmarks(hand.landmarks_px) for hand in hands]
        return {
            "palm": measure_time(partial(self._detect, image_bgr))[1],
            "one_hand": measure_time(partial(self._landmark_model.run, image_bgr, regions[:1]))[1],
            "two_hands": measure_time(partial(self._landmark_model.run, image_bgr, regions))[1],
        }

    def _detect(self, image_bgr: np.ndarray) -> list[roi.Roi]:
        self._palm_detector.start(image_bgr)
        return self._palm_detector.result()


def measure_time(work: Callable[[], T]) -> tuple[T, tuple[float, float]]:
    """The result of `work`, and its wall and processor time in milliseconds."""
    start, cpu_start = perf_counter(), process_time()
    result = work()
    return result, ((perf_counter() - start) * 1e3, (process_time() - cpu_start) * 1e3)


def _summarise(durations_ms: Sequence[tuple[float, float]]) -> Duration:
    wall_ms, cpu_ms = np.mean(durations_ms, axis=0)
    return Duration(float(wall_ms), float(cpu_ms), float(np.percentile(durations_ms, 95, axis=0)[0]))
