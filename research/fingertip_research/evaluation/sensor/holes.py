"""Where depth is missing: fill and flicker by the steepness of the surface."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_research.evaluation.sensor.metrics import compute_mean

# Bins of the relative depth gradient in which published figures are stated: flat, gentle and steep.
GRADIENT_EDGES = (0.0, 1.0, 2.0, 4.0, 8.0, 21.0, np.inf)


@dataclass(frozen=True)
class HoleFigures:
    """By bin of the relative gradient, `edges[i]` to `edges[i + 1]`, NaN where it has no pixel. fill: share of valid
    values. flicker: share of the pixels that are valid in some frames and not in others. pixels: how many there are."""

    edges: tuple[float, ...]
    fill: tuple[float, ...]
    flicker: tuple[float, ...]
    pixels: tuple[int, ...]


def compute_gradient(depth_m: np.ndarray, camera: Camera) -> np.ndarray:
    """Relative depth gradient per radian of view, |dz| f / z: (H, W), NaN beside invalid pixels.

    1 is a surface tilted by 45 degrees on the optical axis.
    """
    down, right = np.gradient(depth_m.astype(np.float64))
    return np.hypot(right * camera.fx, down * camera.fy) / depth_m


def measure_holes(stack_m: np.ndarray, camera: Camera, exact_m: np.ndarray | None = None) -> HoleFigures:
    """Fill and flicker of a stack (T, H, W) in metres, NaN invalid.

    exact_m: (H, W) the true depth, whose gradient sorts the pixels; None: that of the frames' mean, which knows
    nothing of pixels that are never valid.
    """
    gradient = compute_gradient(compute_mean(stack_m) if exact_m is None else exact_m, camera)
    valid = np.isfinite(stack_m)
    share = valid.mean(axis=0)
    flickers = (share > 0) & (share < 1)
    bins = [(gradient >= low) & (gradient < high) for low, high in pairwise(GRADIENT_EDGES)]
    return HoleFigures(
        edges=GRADIENT_EDGES,
        fill=tuple(_mean(share[chosen]) for chosen in bins),
        flicker=tuple(_mean(flickers[chosen]) for chosen in bins),
        pixels=tuple(int(chosen.sum()) for chosen in bins),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
