"""The figures of each target, by name: what `evaluate sensor` reports of the simulated sensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.geometry import Camera
from fingertip_contact.surface.plane_from_depth import TOLERANCE_SIGMAS
from fingertip_contact.surface.plane_search import compute_tolerance
from fingertip_research.evaluation.sensor.capture import Capture
from fingertip_research.evaluation.sensor.correlation import Correlation, measure_correlation
from fingertip_research.evaluation.sensor.holes import GRADIENT_EDGES, measure_holes
from fingertip_research.evaluation.sensor.metrics import (
    NoiseFigures,
    compute_bias_m,
    compute_share_within,
    find_step_px,
    fit_plane_depth,
    measure_noise,
    remove_gross_errors,
    to_metres,
)
from fingertip_research.evaluation.sensor.profiles import (
    Strip,
    compute_height_profile,
    compute_valley,
    measure_color_width_px,
    measure_profile,
)
from fingertip_research.simulation.driver import DEPTH_UNIT_M, RAW_DEPTH_UNIT_M

Figures = dict[str, float | None]

# RMS = a z^2 of print, per metre: a published D405 (config/sensor_reference.yaml).
PUBLISHED_RMS_PER_M = 0.0203
BAND_SIGMAS = 3.0
# The part of a board's image that is measured; beside it lies the band that the right imager does not see.
_BOARD_MARGIN = 0.2
# Published shares are within this distance.
_NARROW_M = 0.004
_GENTLE, _STEEP = GRADIENT_EDGES.index(2.0), len(GRADIENT_EDGES) - 2


@dataclass(frozen=True)
class PlaneMeasurement:
    """A plane in a stack of frames. step_px: of its values; None where it cannot be told."""

    noise: NoiseFigures
    correlation: Correlation
    step_px: float | None


def compute_surface_tolerance(plane_m: np.ndarray, focal_baseline: float) -> np.ndarray:
    """How far the default profile lets depth on a surface be off, by the surface's depth: (H, W) metres.

    focal_baseline: px m.
    """
    parameters = ContactParameters()
    tolerance_px = TOLERANCE_SIGMAS * parameters.surface_noise_px
    return plane_m**2 * compute_tolerance(
        1 / plane_m, focal_baseline, 1.0, tolerance_px, parameters.surface_tolerance_m
    )


def compute_band(plane_m: np.ndarray) -> np.ndarray:
    """Three standard deviations of a published D405's depth, by depth: (H, W) metres."""
    return BAND_SIGMAS * PUBLISHED_RMS_PER_M * plane_m**2


def measure_plane(
    raw: np.ndarray, unit_m: float, plane_m: np.ndarray, mask: np.ndarray, focal_baseline: float
) -> PlaneMeasurement:
    """raw: (T, H, W), 0 invalid. plane_m: (H, W) its depth. mask: (H, W) bool, where it is. focal_baseline: px m."""
    stack_m = to_metres(raw, unit_m)
    matched_m = remove_gross_errors(stack_m, plane_m)
    disparity_px = np.where(mask, focal_baseline / matched_m - focal_baseline / plane_m, np.nan)
    return PlaneMeasurement(
        noise=measure_noise(stack_m, plane_m, mask),
        correlation=measure_correlation(crop_to(disparity_px, mask)),
        step_px=find_step_px(raw[:, mask], unit_m, focal_baseline),
    )


def crop_to(stack: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The part of a stack (T, H, W) inside the box around a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return stack[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def measure_board(capture: Capture) -> tuple[Figures, PlaneMeasurement]:
    """The figures of a bare board."""
    camera = capture.target.scene.depth_camera
    mask = _make_board_mask(camera)
    stack_m = to_metres(capture.raw, RAW_DEPTH_UNIT_M)
    plane_m = fit_plane_depth(stack_m, camera, mask)
    plane = measure_plane(capture.raw, RAW_DEPTH_UNIT_M, plane_m, mask, camera.fx * D405.baseline_m)
    name = capture.target.name
    return {
        f"{name}.rms_mm": 1000 * plane.noise.rms_m,
        f"{name}.temporal_share": plane.noise.temporal_share,
        f"{name}.fill": plane.noise.fill,
        f"{name}.gross_share": plane.noise.gross_share,
        f"{name}.bias_mm": 1000 * compute_bias_m(stack_m, capture.exact_m, mask),
    }, plane


def pool_planes(planes: Sequence[PlaneMeasurement]) -> Figures:
    """The figures `plane.` of one or several planes, averaged."""
    return average_figures(
        {
            "plane.rms_per_m": plane.noise.rms_per_m,
            "plane.temporal_share": plane.noise.temporal_share,
            "plane.fill": plane.noise.fill,
            "plane.fixed_length_px": plane.correlation.fixed_length_px,
            "plane.temporal_length_px": plane.correlation.temporal_length_px,
            "plane.frame_to_frame": plane.correlation.frame_to_frame,
            "plane.step_px": plane.step_px,
        }
        for plane in planes
    )


def measure_finger(stack_m: np.ndarray, color_bgr: np.ndarray, strips: Sequence[Strip]) -> tuple[Figures, np.ndarray]:
    """The figures of one finger, or of several alike by the mean of their profiles, and that profile: (N,) metres.

    stack_m: (T, H, W), aligned to the colour image. Raises ValueError where the surface beside one has no depth.
    """
    heights_m = np.mean([compute_height_profile(stack_m, strip) for strip in strips], axis=0)
    profile = measure_profile(heights_m)
    return {
        "finger.color_width_px": float(np.mean([measure_color_width_px(color_bgr, strip) for strip in strips])),
        "finger.depth_width_px": profile.width_px,
        "finger.rise_px": profile.rise_px,
        "finger.peak_mm": 1000 * profile.peak_m,
    }, heights_m


def measure_finger_pairs(capture: Capture) -> tuple[Figures, np.ndarray]:
    """The figures of two fingers side by side, and the mean of all pairs' profiles of heights: (N,) metres."""
    stack_m = to_metres(capture.aligned, DEPTH_UNIT_M)
    heights_m = np.mean([compute_height_profile(stack_m, strip) for strip in capture.target.make_strips()], axis=0)
    first, second = capture.target.find_fingers()
    return {f"{capture.target.name}.valley": compute_valley(heights_m, first, second)}, heights_m


def measure_view(stack_m: np.ndarray, camera: Camera, plane_m: np.ndarray, focal_baseline: float) -> Figures:
    """The figures of a whole view with a desk and things on it. plane_m: (H, W) the desk's depth.

    A single frame tells nothing of fill and flicker.
    """
    within: Figures = {
        "view.within_4mm": compute_share_within(stack_m, plane_m, _NARROW_M),
        "view.within_tolerance": compute_share_within(
            stack_m, plane_m, compute_surface_tolerance(plane_m, focal_baseline)
        ),
    }
    if len(stack_m) == 1:
        return within
    holes = measure_holes(stack_m, camera)
    return within | {
        "view.fill_gentle": holes.fill[_GENTLE],
        "view.fill_steep": holes.fill[_STEEP],
        "view.flicker_flat": holes.flicker[0],
        "view.flicker_gentle": holes.flicker[_GENTLE],
        "view.flicker_steep": holes.flicker[_STEEP],
    }


def average_figures(measurements: Iterable[Mapping[str, float | None]]) -> Figures:
    """The mean of each figure over the measurements that have it; None where none has."""
    values: dict[str, list[float]] = {}
    for figures in measurements:
        for name, value in clean_figures(figures).items():
            values.setdefault(name, []).extend([] if value is None else [value])
    return {name: float(np.mean(found)) if found else None for name, found in values.items()}


def clean_figures(figures: Mapping[str, float | None]) -> Figures:
    """None for what is not finite: not measured."""
    return {name: float(value) if value is not None and np.isfinite(value) else None for name, value in figures.items()}


def _make_board_mask(camera: Camera) -> np.ndarray:
    mask = np.zeros((camera.height, camera.width), dtype=bool)
    top, left = round(_BOARD_MARGIN * camera.height), round(_BOARD_MARGIN * camera.width)
    mask[top:-top, left:-left] = True
    return mask
