"""Pictures of `evaluate sensor`: real and simulated depth side by side, profiles of fingers, autocorrelations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fingertip_contact.files import atomic_write
from fingertip_contact.image_file import write_image
from fingertip_research.evaluation.sensor.capture import Capture
from fingertip_research.evaluation.sensor.metrics import to_metres
from fingertip_research.evaluation.sensor.real import RealMeasurement
from fingertip_research.evaluation.sensor.reference import Reference
from fingertip_research.evaluation.sensor.run import SimulatedMeasurement, compute_desk_depth
from fingertip_research.evaluation.sensor.still import StillFrames
from fingertip_research.simulation.driver import DEPTH_UNIT_M

matplotlib.use("Agg")

# Heights over the desk at the ends of the colour map, which all pictures share.
LOW_M, HIGH_M = -0.015, 0.06


def write_pictures(
    folder: Path,
    reference: Reference,
    simulated: SimulatedMeasurement,
    shots: Sequence[StillFrames],
    real: RealMeasurement | None,
) -> None:
    """Writes relief.png (colour beside the first frame's depth, real above simulated), fingers.png (profiles) and
    correlation.png into the folder, as far as they were measured. Files of these names are replaced."""
    pairs = []
    if real is not None:
        pairs += [
            (shot.color_bgr, draw_relief(to_metres(shot.raw[0], shot.unit_m), surface.depth_m))
            for shot, surface in zip(shots, real.surfaces, strict=True)
        ]
    if simulated.view is not None:
        pairs.append(_draw_view(simulated.view))
    if pairs:
        _write_image(folder / "relief.png", _stack_pairs(pairs))
    profiles_m = {name.replace("_", ", "): profile for name, profile in simulated.profiles_m.items()}
    profiles_m |= {f"recording {index}": profile for index, profile in enumerate(real.profiles_m if real else (), 1)}
    if profiles_m:
        _plot_profiles(folder / "fingers.png", profiles_m)
    _plot_correlation(folder / "correlation.png", reference, simulated, real)


def draw_relief(depth_m: np.ndarray, plane_m: np.ndarray) -> np.ndarray:
    """Height over the plane along the optical axis, (H, W) metres each -> (H, W, 3) uint8 BGR; black where invalid."""
    level = (plane_m - depth_m - LOW_M) / (HIGH_M - LOW_M)
    grey = np.rint(255 * np.clip(np.nan_to_num(level), 0, 1)).astype(np.uint8)
    relief = cv2.applyColorMap(grey, cv2.COLORMAP_TURBO)
    relief[~np.isfinite(level)] = 0
    return relief


def _draw_view(view: Capture) -> tuple[np.ndarray, np.ndarray]:
    scene = view.target.scene
    # The desk's depth on the colour camera's grid, as aligned depth is.
    plane_m = compute_desk_depth(scene.camera_from_sheet, scene.color_camera)
    return view.color_bgr, draw_relief(to_metres(view.aligned[0], DEPTH_UNIT_M), plane_m)


def _stack_pairs(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Pairs of images, one below the other, all as wide as the first."""
    rows = [np.hstack(pair) for pair in pairs]
    width = rows[0].shape[1]
    return np.vstack([cv2.resize(row, (width, round(row.shape[0] * width / row.shape[1]))) for row in rows])


def _plot_profiles(path: Path, profiles_m: dict[str, np.ndarray]) -> None:
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name, heights_m in profiles_m.items():
        axes.plot(np.arange(len(heights_m)) - len(heights_m) // 2, 1000 * heights_m, label=name)
    _label(axes, "across the finger, px", "height over the surface beside it, mm")
    _save(figure, path)


def _plot_correlation(
    path: Path, reference: Reference, simulated: SimulatedMeasurement, real: RealMeasurement | None
) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, part in zip(figure.subplots(1, 2, sharey=True), ("fixed", "temporal"), strict=True):
        axes.plot(reference.autocorrelation[part], "k--", label="real, published")
        for name, plane in simulated.planes.items():
            if name.startswith("print"):
                axes.plot(getattr(plane.correlation, part), label=name.replace("_", ", "))
        if real is not None:
            axes.plot(getattr(real.plane.correlation, part), linewidth=3, label="recording")
        axes.axhline(np.exp(-1), color="grey", linewidth=0.5)
        axes.set_title(f"{part} part")
        _label(axes, "distance along a row, px", "autocorrelation")
    _save(figure, path)


def _label(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")


def _save(figure: Figure, path: Path) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        figure.savefig(temporary_path, dpi=110)


def _write_image(path: Path, image: np.ndarray) -> None:
    with atomic_write(path, overwrite=True) as temporary_path:
        write_image(temporary_path, image, path)
