"""What a camera costs that is mounted upside down: events read from recordings whose images are turned.

    python benchmarks/camera_rotation.py RECORDING... [--depth-source none] [--degrees 0 180]

RECORDING: simulated, with its truth beside it. Images, intrinsics and imagers are turned as such a camera takes them
(imagers are left out at 90 and 270 degrees). Duration: a minute for each recording and angle.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import cv2

from fingertip_contact.cameras.rotation import ROTATIONS_DEG, rotate_frame
from fingertip_contact.factory import build_pipeline
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.pipeline import process_frames
from fingertip_contact.recordings.events import EventRecord, make_event_records
from fingertip_contact.recordings.open import open_recording
from fingertip_research.evaluation.events import EventMatching, describe_matching, match_taps, pool_matchings
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth


def score_turned(path: Path, depth_source: str, degrees: int) -> tuple[EventMatching, list[str]]:
    """How the events match the truth, and the codes of all advice."""
    truth = read_ground_truth(ground_truth_path(path))
    events: list[EventRecord] = []
    advised: Counter[str] = Counter()
    with open_recording(path, depth_source=depth_source) as recording:
        frames = (rotate_frame(frame, degrees) for frame in recording.frames())
        for _, result in process_frames(frames, build_pipeline(load_layout("qwerty"))):
            events += make_event_records(result)
            advised.update(advice.code for advice in result.advice)
    return match_taps(events, truth.taps), sorted(advised)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--depth-source", default="none")
    parser.add_argument("--degrees", type=int, nargs="+", default=[0, 180], choices=ROTATIONS_DEG)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for degrees in arguments.degrees:
        scores = []
        for path in arguments.recordings:
            matching, advised = score_turned(path, arguments.depth_source, degrees)
            scores.append(matching)
            print(f"{path.stem}  {degrees:3} degrees  {describe_matching(matching)}  {', '.join(advised)}", flush=True)
        print(f"all  {degrees:3} degrees  {describe_matching(pool_matchings(scores))}", flush=True)


if __name__ == "__main__":
    main()
