"""What more of everything costs: processor time per frame with two cameras, at 1280x720, and of tracking four hands.

    python benchmarks/scaling.py RECORDING

Two cameras see the same recording, each with a pipeline of its own. 1280x720 is the recording enlarged by a half, with
its border repeated: the hands have more pixels, as they would. Four hands are the image beside itself. The cases take
turns, frame by frame; means of the frames with two hands.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.factory import build_pipeline
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.runtime_tuning import limit_blas_threads, tune_process
from fingertip_research.cli.bench import describe_machine

ENLARGEMENT = 1.5
LARGE_SIZE = (1280, 720)


@dataclass(frozen=True)
class Case:
    """prepare: makes the input of a frame, which is not timed. run: what is timed."""

    name: str
    prepare: Callable[[Frame], Any]
    run: Callable[[Any], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path, help="a recording of 640x480 with two typing hands")
    recording = parser.parse_args().recording
    tune_process()
    first, *others = _make_cases()
    times_ms: dict[str, list[float]] = defaultdict(list)
    for frame in _read(recording):
        spent_ms, result = _time(first, frame)
        spent = {first.name: spent_ms} | {case.name: _time(case, frame)[0] for case in others}
        if len(result.hands) == 2:
            for name, value in spent.items():
                times_ms[name].append(value)
    print("| | ms of processor time per frame | times one camera |\n|---|---|---|")
    base_ms = float(np.mean(times_ms[first.name]))
    for name, of_case in times_ms.items():
        mean_ms = float(np.mean(of_case))
        print(f"| {name} | {mean_ms:.1f} | {mean_ms / base_ms:.2f} |")
    print(f"{len(times_ms[first.name])} frames; " + ", ".join(f"{k} {v}" for k, v in describe_machine().items()))


def _time(case: Case, frame: Frame) -> tuple[float, Any]:
    """Milliseconds of this process, its networks' threads included, and the result."""
    prepared = case.prepare(frame)
    started_s = time.process_time()
    result = case.run(prepared)
    return 1e3 * (time.process_time() - started_s), result


def _make_cases() -> list[Case]:
    """The one that the others are compared with comes first."""
    one, large, *two = (build_pipeline(load_layout("qwerty")) for _ in range(4))
    trackers = {count: HandTracker.from_weights(max_hands=count) for count in (2, 4)}

    def track(count: int, image: np.ndarray, stamp_ns: int) -> None:
        trackers[count].process(image, stamp_ns)

    return [
        Case("one camera, 640x480", lambda frame: frame, one.process),
        Case("two cameras", lambda frame: frame, lambda frame: [pipeline.process(frame) for pipeline in two]),
        Case("1280x720", enlarge, large.process),
        Case(
            "hand tracking alone, two hands",
            lambda frame: (2, frame.color_bgr, frame.stamp_ns),
            lambda given: track(*given),
        ),
        Case(
            "hand tracking alone, four hands",
            lambda frame: (4, np.hstack([frame.color_bgr, frame.color_bgr]), frame.stamp_ns),
            lambda given: track(*given),
        ),
    ]


def _read(path: Path) -> Iterator[Frame]:
    with open_recording(path) as recording:
        for frame in recording.frames():
            yield replace(frame, stereo=None)


def enlarge(frame: Frame) -> Frame:
    """640x480 -> LARGE_SIZE: every pixel ENLARGEMENT times as large, borders repeated on both sides."""
    size = tuple(round(ENLARGEMENT * side) for side in frame.color_bgr.shape[1::-1])
    margin = (LARGE_SIZE[0] - size[0]) // 2
    color = cv2.resize(frame.color_bgr, size, interpolation=cv2.INTER_LINEAR)
    depth = None
    if frame.depth is not None:
        values = cv2.resize(frame.depth.values, size, interpolation=cv2.INTER_NEAREST)
        depth = DepthImage(_pad(values, margin), frame.depth.unit_m)
    camera = frame.camera
    shift_px = (ENLARGEMENT - 1) / 2  # Coordinates count from the middle of the first pixel.
    larger = replace(
        camera,
        fx=ENLARGEMENT * camera.fx,
        fy=ENLARGEMENT * camera.fy,
        cx=ENLARGEMENT * camera.cx + shift_px + margin,
        cy=ENLARGEMENT * camera.cy + shift_px,
        width=LARGE_SIZE[0],
        height=LARGE_SIZE[1],
    )
    return replace(frame, camera=larger, color_bgr=_pad(color, margin), depth=depth)


def _pad(image: np.ndarray, margin: int) -> np.ndarray:
    return cv2.copyMakeBorder(image, 0, 0, margin, margin, cv2.BORDER_REPLICATE)


if __name__ == "__main__":
    limit_blas_threads()
    main()
