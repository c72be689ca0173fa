"""Measures still frames of a real camera: its largest plane, the whole view, and stretched fingers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.weights import WeightsError
from fingertip_research.evaluation.sensor.figures import (
    Figures,
    PlaneMeasurement,
    average_figures,
    measure_finger,
    measure_plane,
    measure_view,
    pool_planes,
)
from fingertip_research.evaluation.sensor.hands import find_finger_strips
from fingertip_research.evaluation.sensor.metrics import to_metres
from fingertip_research.evaluation.sensor.plane import LargestPlane, find_largest_plane
from fingertip_research.evaluation.sensor.still import StillFrames

MIN_PEAK_M = 0.004  # what rises less is hidden in the noise


@dataclass(frozen=True)
class RealMeasurement:
    """figures: by name, averaged over the shots. surfaces: of each shot. plane: of the first shot. profiles_m: of the
    fingers, (N,) each. notes: what is assumed or could not be measured."""

    figures: Figures
    surfaces: tuple[LargestPlane, ...]
    plane: PlaneMeasurement
    profiles_m: tuple[np.ndarray, ...]
    notes: tuple[str, ...]


def measure_real(shots: Sequence[StillFrames]) -> RealMeasurement:
    """The figures of one or several stacks of still frames of one camera. Raises ValueError where no plane is seen."""
    surfaces, planes, figures = [], [], []
    for shot in shots:
        stack_m = to_metres(shot.raw, shot.unit_m)
        surface = find_largest_plane(stack_m, shot.still, shot.camera)
        plane = measure_plane(shot.raw, shot.unit_m, surface.depth_m, surface.mask, shot.focal_baseline)
        surfaces.append(surface)
        planes.append(plane)
        figures += [pool_planes([plane]), measure_view(stack_m, shot.camera, surface.depth_m, shot.focal_baseline)]
    fingers, profiles_m, notes = _measure_fingers(shots)
    noise = planes[0].noise
    plane_note = f"largest plane: {100 * noise.distance_m:.1f} cm away, RMS {1000 * noise.rms_m:.2f} mm"
    step_note = () if planes[0].step_px else ("steps of disparity are not visible: the depth's unit is too coarse",)
    return RealMeasurement(
        figures=average_figures([*figures, *fingers]),
        surfaces=tuple(surfaces),
        plane=planes[0],
        profiles_m=tuple(profiles_m),
        notes=(plane_note, *shots[0].notes, *step_note, *notes),
    )


def _measure_fingers(shots: Sequence[StillFrames]) -> tuple[list[Figures], list[np.ndarray], list[str]]:
    """Figures and profiles of the fingers that rise from a surface beside them, and what to say about them."""
    figures, profiles_m = [], []
    try:
        for shot in shots:
            stack_m = to_metres(shot.raw, shot.unit_m)
            for strip in find_finger_strips(shot.color_bgr):
                try:
                    finger, heights_m = measure_finger(stack_m, shot.color_bgr, [strip])
                except ValueError:
                    # No depth beside this one; the note below says so if none is left.
                    continue
                if heights_m.max() >= MIN_PEAK_M:
                    figures.append(finger)
                    profiles_m.append(heights_m)
    except WeightsError as error:
        return [], [], [f"fingers are not measured: {error}"]
    if not figures:
        return [], [], ["no stretched finger apart from others, with depth beside it: fingers are not measured"]
    return figures, profiles_m, [f"{len(figures)} stretched fingers measured"]
