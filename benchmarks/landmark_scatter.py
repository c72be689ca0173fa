"""What following and averaging of resting hands does to fingertips: runs of the landmark network per image, scatter
from image to image, and error against the truth.

    python benchmarks/landmark_scatter.py RECORDING... [--frames N]

Recordings with ground truth beside them, as of `fingertip-contact simulate`. Of each finger that the camera sees the
median error is taken off: where on its end the tip is, is a matter of definition. Values are per coordinate, pixels.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fingertip_contact.datatypes import FINGERS, FINGERTIP_LANDMARKS, HANDS, Frame, Hand
from fingertip_contact.hands import track
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.recordings.open import open_recording
from fingertip_research.ground_truth.recording import (
    GroundTruthFrame,
    ground_truth_path,
    read_ground_truth_frames,
)

FIRST_FRAME = 60  # Hands have come by then.


@dataclass
class Result:
    """What one way of tracking does in all recordings."""

    images: int = 0
    runs: int = 0
    steps_px: list[np.ndarray] = field(default_factory=list)
    errors_px: list[np.ndarray] = field(default_factory=list)

    def describe(self) -> str:
        steps_px, errors_px = (np.abs(np.concatenate(values)) for values in (self.steps_px, self.errors_px))
        values = (np.nanmedian(steps_px), np.nanmedian(errors_px), np.nanpercentile(errors_px, 90))
        return f"{self.runs / self.images:.2f} | " + " | ".join(f"{value:.2f}" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+", help="recordings with ground truth beside them")
    parser.add_argument("--frames", type=int, default=300, help="images of each recording (default: 300)")
    arguments = parser.parse_args()
    print("| | network runs per image | from image to image, median | error, median | 90 % |\n|---|---|---|---|---|")
    for name, rest_ratio in (("the network in every image", 0.0), ("resting hands followed", track.REST_RATIO)):
        result = Result()
        with _rest_ratio(rest_ratio):
            for recording in arguments.recordings:
                _measure(recording, arguments.frames, result)
        print(f"| {name} | {result.describe()} |", flush=True)


@contextmanager
def _rest_ratio(ratio: float) -> Iterator[None]:
    usual, track.REST_RATIO = track.REST_RATIO, ratio
    try:
        yield
    finally:
        track.REST_RATIO = usual


def _measure(recording: Path, frames: int, result: Result) -> None:
    truth = {frame.stamp_ns: frame for frame in read_ground_truth_frames(ground_truth_path(recording))}
    tracker = HandTracker.from_weights()
    run = tracker._landmark_model.run

    def count(image_bgr: np.ndarray, regions: list) -> list:
        result.runs += len(regions)
        return run(image_bgr, regions)

    tracker._landmark_model.run = count  # type: ignore[method-assign,assignment]
    errors_px: list[np.ndarray] = []
    for frame in _read(recording, frames):
        hands = tracker.process(frame.color_bgr, frame.stamp_ns)
        result.images += 1
        errors_px.append(_compare(hands, truth.get(frame.stamp_ns)))
    of_fingers_px = np.array(errors_px)
    of_fingers_px = of_fingers_px[:, np.isfinite(of_fingers_px).any(axis=(0, 2))]
    of_fingers_px -= np.nanmedian(of_fingers_px, axis=0)
    result.errors_px.append(of_fingers_px.ravel())
    result.steps_px.append(np.diff(of_fingers_px, axis=0).ravel() / np.sqrt(2))


def _read(recording: Path, frames: int) -> Iterator[Frame]:
    with open_recording(recording) as opened:
        yield from itertools.islice(opened.frames(), FIRST_FRAME, FIRST_FRAME + frames)


def _compare(hands: tuple[Hand, ...], truth: GroundTruthFrame | None) -> np.ndarray:
    """(10, 2): found minus true fingertips, the left hand's first; NaN where a tip is hidden or not found."""
    errors_px = np.full((len(HANDS), len(FINGERS), 2), np.nan)
    true = {} if truth is None else {hand.hand: hand for hand in truth.hands}
    for hand in hands:
        if hand.handedness in true:
            fingers = [true[hand.handedness].fingers[name] for name in FINGERS]
            tips_px = np.array([finger.tip_px if finger.visible else (np.nan, np.nan) for finger in fingers])
            errors_px[HANDS.index(hand.handedness)] = hand.landmarks_px[list(FINGERTIP_LANDMARKS)] - tips_px
    return errors_px.reshape(-1, 2)


if __name__ == "__main__":
    main()
