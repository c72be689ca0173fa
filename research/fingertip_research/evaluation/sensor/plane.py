"""Finds the largest plane in still frames of a real camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_contact.surface.plane_fit import fit_plane
from fingertip_research.evaluation.sensor.figures import BAND_SIGMAS, PUBLISHED_RMS_PER_M, compute_band
from fingertip_research.evaluation.sensor.metrics import compute_mean, fit_plane_depth
from fingertip_research.simulation.camera_rays import pixel_grid

# Holes up to this size belong to the plane. At its edges, and at those of things on it, depth melts over a matching
# window, which is not the plane's noise.
_HOLE_PX, _EDGE_PX = 15, 12
_FIT_STRIDE = 4
MIN_PLANE_PX = 2000


@dataclass(frozen=True)
class LargestPlane:
    """mask: (H, W) bool, where it is seen bare, holes included. depth_m: (H, W) its depth in all pixels."""

    mask: np.ndarray
    depth_m: np.ndarray


def find_largest_plane(stack_m: np.ndarray, still: np.ndarray, camera: Camera) -> LargestPlane:
    """stack_m: (T, H, W) metres, NaN invalid. still: (H, W) bool, the pixels to search.

    Raises ValueError where no plane of MIN_PLANE_PX pixels is seen.
    """
    mean_m = np.where(still, compute_mean(stack_m), np.nan)
    known = np.isfinite(mean_m)
    sparse = known[::_FIT_STRIDE, ::_FIT_STRIDE]
    depth_m = mean_m[::_FIT_STRIDE, ::_FIT_STRIDE][sparse]
    rays = camera.rays(pixel_grid(camera)).reshape(*mean_m.shape, 3)
    typical_m = float(np.median(depth_m)) if len(depth_m) else 0.0
    tolerance_m = BAND_SIGMAS * PUBLISHED_RMS_PER_M * typical_m**2
    coarse = fit_plane(rays[::_FIT_STRIDE, ::_FIT_STRIDE][sparse], depth_m, tolerance_m).plane.depth_at_m(rays)
    mask = _find_bare_part(mean_m, coarse)
    if mask.sum() < MIN_PLANE_PX:
        raise ValueError(
            f"the largest bare plane has {int(mask.sum())} pixels, {MIN_PLANE_PX} are needed; "
            "clear a part of the desk and record again"
        )
    return LargestPlane(mask, fit_plane_depth(stack_m, camera, mask))


def _find_bare_part(mean_m: np.ndarray, plane_m: np.ndarray) -> np.ndarray:
    """The largest connected part of a plane, its small holes filled, away from edges: (H, W) bool."""
    near = (np.abs(mean_m - plane_m) <= compute_band(plane_m)).astype(np.uint8)
    filled = cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones((_HOLE_PX, _HOLE_PX), np.uint8))
    # What has depth beside the plane lies on it. That also cuts out errors beyond three standard deviations: on the
    # mean of several frames few are left.
    filled[np.isfinite(mean_m) & (near == 0)] = 0
    kernel = np.ones((2 * _EDGE_PX + 1, 2 * _EDGE_PX + 1), np.uint8)
    eroded = cv2.erode(filled, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=[0])
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(eroded)
    if count < 2:
        return np.zeros(mean_m.shape, dtype=bool)
    return labels == 1 + int(np.argmax(statistics[1:, cv2.CC_STAT_AREA]))
