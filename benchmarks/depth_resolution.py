"""What the unit of a D405's depth is worth: events read in its own 0.1 mm, in rounded and in the driver's millimetres.

    python benchmarks/depth_resolution.py RECORDING...

RECORDING: simulated with the sensor `stereo` and both imagers, with its truth beside it (`simulate --infra`). It holds
depth in millimetres, as realsense2_camera publishes it. The simulated sensor matches the recorded imagers once more,
with the noise of the recording's seed, and its raw depth is moved to the colour camera's grid; cut to millimetres it
has to be what was recorded, else nothing is compared. Hands are tracked once, contact is read for each unit.
Duration: two to three minutes a recording.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.factory import build_contact_pipeline, load_contact_parameters
from fingertip_contact.hands.tracker import HandTracker
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.recordings.events import EventRecord, make_event_records
from fingertip_contact.recordings.open import open_recording
from fingertip_research.evaluation.events import EventMatching, describe_matching, match_taps, pool_matchings
from fingertip_research.ground_truth.recording import GroundTruthHeader, ground_truth_path, read_ground_truth
from fingertip_research.simulation.depth_alignment import DepthAlignment
from fingertip_research.simulation.driver import DEPTH_UNIT_M, RAW_DEPTH_UNIT_M, to_published_mm
from fingertip_research.simulation.scene import make_scene
from fingertip_research.simulation.stereo_sensor import StereoSensor

# The simulation searches up to the disparity of the nearest thing, in steps of 16 px; how near it is is not recorded.
NEAREST_M = (0.40, 0.30, 0.25, 0.20, 0.17, 0.14, 0.11, 0.09, 0.07)
CUT_MM, ROUNDED_MM, RAW = "1 mm, cut off (driver)", "1 mm, rounded", "0.1 mm"


def measure_again(path: Path, header: GroundTruthHeader) -> Iterator[tuple[Frame, np.ndarray]]:
    """Each frame, and its depth on the colour camera's grid: (H, W) uint16, 0.1 mm, 0 invalid.

    Raises ValueError if that is not the recorded depth in a finer unit.
    """
    last_m = NEAREST_M[0]
    if header.seed is None or header.angle_deg is None or header.difficulty is None:
        raise ValueError(f"the truth of {path} does not name seed, angle and difficulty; simulate it again")
    with open_recording(path) as recording:
        resolution = (recording.camera.width, recording.camera.height)
        # What stands on the desk changes neither cameras nor noise.
        scene = make_scene(header.seed, header.angle_deg, header.difficulty, sensor="stereo", resolution=resolution)
        sensor, alignment = StereoSensor(scene), DepthAlignment(scene.depth_camera, scene.color_camera)
        for number, frame in enumerate(recording.frames()):
            if frame.stereo is None or frame.depth is None:
                raise ValueError(f"{path}, frame {number}: both imagers and aligned depth are needed; simulate --infra")
            # The last one first: the hands rarely come or leave.
            for nearest_m in sorted(NEAREST_M, key=lambda depth_m: abs(depth_m - last_m)):
                raw = alignment.apply(sensor.match(frame.stereo.left, frame.stereo.right, number, nearest_m))
                if np.array_equal(to_published_mm(raw), frame.depth.values):
                    break
            else:
                raise ValueError(f"{path}, frame {number}: this sensor did not make the recorded depth; simulate again")
            last_m = nearest_m
            yield replace(frame, stereo=None), raw


def express(raw: np.ndarray) -> dict[str, DepthImage]:
    """Raw depth in each unit."""
    return {
        CUT_MM: DepthImage(to_published_mm(raw), DEPTH_UNIT_M),
        ROUNDED_MM: DepthImage(np.rint(raw * (RAW_DEPTH_UNIT_M / DEPTH_UNIT_M)).astype(np.uint16), DEPTH_UNIT_M),
        RAW: DepthImage(raw, RAW_DEPTH_UNIT_M),
    }


def compare_units(path: Path, profile: str, frame_count: int | None) -> dict[str, EventMatching]:
    truth = read_ground_truth(ground_truth_path(path))
    parameters, layout = load_contact_parameters(profile), load_layout("qwerty")
    pipelines = {unit: build_contact_pipeline(layout, parameters) for unit in (CUT_MM, ROUNDED_MM, RAW)}
    events: dict[str, list[EventRecord]] = {unit: [] for unit in pipelines}
    tracker, last_ns = HandTracker.from_weights(), 0
    with closing(measure_again(path, truth.header)) as measured:
        for frame, raw in islice(measured, frame_count):
            hands, last_ns = tracker.process(frame.color_bgr, frame.stamp_ns), frame.stamp_ns
            for unit, depth in express(raw).items():
                events[unit] += make_event_records(pipelines[unit].process(replace(frame, depth=depth), hands))
    for unit, pipeline in pipelines.items():
        events[unit] += make_event_records(pipeline.cancel_all(last_ns))
    taps = [tap for tap in truth.taps if tap.release_ns <= last_ns]
    return {unit: match_taps(records, taps) for unit, records in events.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--profile", default="default", help="contact profile")
    parser.add_argument("--frames", type=int, help="of each recording, from its beginning")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    results: list[dict[str, EventMatching]] = []
    for path in arguments.recordings:
        results.append(compare_units(path, arguments.profile, arguments.frames))
        for unit, matching in results[-1].items():
            print(f"{path.stem}  {unit:22}  {describe_matching(matching)}", flush=True)
    for unit in results[0]:
        print(f"all  {unit:22}  {describe_matching(pool_matchings(result[unit] for result in results))}")


if __name__ == "__main__":
    main()
