"""Measures the simulated sensor on all targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.geometry import Camera, Plane, RigidTransform
from fingertip_research.evaluation.sensor.capture import Capture, capture
from fingertip_research.evaluation.sensor.figures import (
    Figures,
    PlaneMeasurement,
    clean_figures,
    measure_board,
    measure_finger,
    measure_finger_pairs,
    measure_view,
    pool_planes,
)
from fingertip_research.evaluation.sensor.metrics import to_metres
from fingertip_research.evaluation.sensor.plane import find_largest_plane
from fingertip_research.evaluation.sensor.targets import Target
from fingertip_research.simulation.camera_rays import pixel_grid
from fingertip_research.simulation.driver import DEPTH_UNIT_M, RAW_DEPTH_UNIT_M

Progress = Callable[[Iterable[int], int, str], AbstractContextManager[Iterator[int]]]


@dataclass
class SimulatedMeasurement:
    """figures: by name. planes: of the boards, profiles_m: of the fingers, (N,), by target. view: the typing hand's
    frames; None where it was not among the targets."""

    figures: Figures = field(default_factory=dict)
    planes: dict[str, PlaneMeasurement] = field(default_factory=dict)
    profiles_m: dict[str, np.ndarray] = field(default_factory=dict)
    view: Capture | None = None


def measure_targets(
    targets: Mapping[str, Target],
    frames: int,
    progress: Progress,
) -> SimulatedMeasurement:
    """Renders and measures each target with `frames` still frames. progress: gets the frames' numbers, how many there
    are and the target's name, returns the numbers."""
    result = SimulatedMeasurement()
    for target in targets.values():
        with progress(range(frames), frames, target.name) as numbers:
            captured = capture(target, numbers)
        _measure(captured, result)
    prints = [plane for name, plane in result.planes.items() if targets[name].surface == "print"]
    if prints:
        result.figures |= pool_planes(prints)
    result.figures = clean_figures(result.figures)
    return result


def compute_desk_depth(camera_from_sheet: RigidTransform, camera: Camera) -> np.ndarray:
    """The desk's depth in a camera's image, without anything on it: (H, W) metres."""
    normal = camera_from_sheet.rotate(np.array([0.0, 0.0, 1.0]))
    plane = Plane(normal, -float(normal @ camera_from_sheet.translation_m))
    return plane.depth_at_m(camera.rays(pixel_grid(camera))).reshape(camera.height, camera.width)


def _measure(captured: Capture, result: SimulatedMeasurement) -> None:
    target = captured.target
    if target.has_hand:
        stack_m = to_metres(captured.raw, RAW_DEPTH_UNIT_M)
        camera = target.scene.depth_camera
        # As in a recording: the desk is where the depth is, not where it should be.
        desk = find_largest_plane(stack_m, np.ones(stack_m.shape[1:], dtype=bool), camera)
        result.figures |= measure_view(stack_m, camera, desk.depth_m, camera.fx * D405.baseline_m)
        result.view = captured
    elif not target.groups:
        figures, result.planes[target.name] = measure_board(captured)
        result.figures |= figures
    elif len(target.groups[0]) == 1:
        aligned_m = to_metres(captured.aligned, DEPTH_UNIT_M)
        figures, result.profiles_m[target.name] = measure_finger(aligned_m, captured.color_bgr, target.make_strips())
        result.figures |= figures
    else:
        figures, result.profiles_m[target.name] = measure_finger_pairs(captured)
        result.figures |= figures
