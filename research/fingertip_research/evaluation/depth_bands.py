"""Parts of an image with their own depth metrics: by distance, by height above the desk, at the fingertips."""

from __future__ import annotations

import numpy as np

from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.surface.plane_fit import fit_plane
from fingertip_research.evaluation.depth_metrics import DepthSums, compute_depth_sums

# Metres along the optical axis.
DISTANCE_BANDS_M = ((0.07, 0.20), (0.20, 0.30), (0.30, 0.40), (0.40, 0.50))
# Metres above the desk: the desk itself, hands close to it, and everything higher.
DESK_BAND_M, NEAR_BAND_M = 0.004, 0.030
HEIGHT_BANDS_M = {
    "desk": (-DESK_BAND_M, DESK_BAND_M),
    "near_surface": (DESK_BAND_M, NEAR_BAND_M),
    "above": (NEAR_BAND_M, np.inf),
}
# A fingertip's pad is about 12 mm wide: this radius in pixels at 40 cm.
FINGERTIP_RADIUS_PX = 6
PLANE_STRIDE = 8
PLANE_TOLERANCE_M = 0.004


def fit_surface_plane(depth_m: np.ndarray, camera: Camera) -> Plane:
    """The desk in an image: the dominant plane of its depth, (H, W) metres, NaN invalid. Raises ValueError without a
    plane."""
    coarse_m = depth_m[::PLANE_STRIDE, ::PLANE_STRIDE]
    rows, columns = np.nonzero(np.isfinite(coarse_m))
    rays = camera.rays(np.column_stack([columns, rows]) * PLANE_STRIDE)
    return fit_plane(rays, coarse_m[rows, columns], PLANE_TOLERANCE_M).plane


def compute_heights_m(depth_m: np.ndarray, camera: Camera, plane: Plane) -> np.ndarray:
    """Height of each pixel above the plane, (H, W), metres, NaN where depth is NaN."""
    rows, columns = np.indices(depth_m.shape)
    rays = camera.rays(np.column_stack([columns.ravel(), rows.ravel()])).reshape(*depth_m.shape, 3)
    return plane.height_m(rays * depth_m[..., None])


def make_band_masks(true_m: np.ndarray, camera: Camera, fingertips_px: np.ndarray) -> dict[str, np.ndarray]:
    """Name of a band -> its pixels, (H, W) bool. fingertips_px: (N, 2). Height bands are missing if the image shows no
    desk."""
    masks = {f"{low:.2f}-{high:.2f} m": (true_m >= low) & (true_m < high) for low, high in DISTANCE_BANDS_M}
    masks["fingertips"] = make_disc_mask(fingertips_px, true_m.shape)
    try:
        height_m = compute_heights_m(true_m, camera, fit_surface_plane(true_m, camera))
    except ValueError:
        return masks
    return masks | {name: (height_m > low) & (height_m <= high) for name, (low, high) in HEIGHT_BANDS_M.items()}


def make_disc_mask(pixels: np.ndarray, shape: tuple[int, ...], radius_px: float = FINGERTIP_RADIUS_PX) -> np.ndarray:
    """(H, W) bool: within a radius of any of the pixels (N, 2)."""
    rows, columns = np.indices(shape)
    inside = np.zeros(shape, dtype=bool)
    for column, row in np.asarray(pixels, dtype=np.float64).reshape(-1, 2):
        inside |= (columns - column) ** 2 + (rows - row) ** 2 <= radius_px**2
    return inside


def compute_band_sums(
    predicted_m: np.ndarray, true_m: np.ndarray, masks: dict[str, np.ndarray]
) -> dict[str, DepthSums]:
    """Name of a band -> the sums over its pixels."""
    return {name: compute_depth_sums(predicted_m, true_m, mask) for name, mask in masks.items()}
