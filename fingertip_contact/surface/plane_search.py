"""Finds the planes in view: tables, floor, lids of boxes; each with the part of the image where it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import default_rng

from fingertip_contact.geometry import Plane
from fingertip_contact.numerics import stereo_inverse_depth_sigma
from fingertip_contact.surface.plane_fit import MIN_POINTS, fit_coefficients, make_plane, refine_coefficients

MAX_PLANES = 6
# Smaller patches, in parts of the image, are lids of boxes and accidents in clutter.
MIN_REGION_RATIO = 0.03
# Around a plane its depth scatters farther than the tolerance: this many tolerances are not searched for other planes.
REMOVED_TOLERANCES = 1.5
# Bridges single noisy pixels and thin cables between parts of one surface, in pixels of the grid.
CLOSING_SIZE = 3


@dataclass(frozen=True)
class PlaneRegion:
    """A plane and where it is seen.

    coefficients: (3,) c of 1/z = c . ray. mask: (h, w) bool, the connected part of the grid whose depth lies on it.
    residual_m: RMS distance to it there, as at its median depth: noise grows with z^2. inlier_ratio: of the valid depth
    within the mask's convex hull, hands apart, the part that lies on the plane, 0..1: what stands on the surface counts
    against it, other tables do not.
    """

    plane: Plane
    coefficients: np.ndarray
    mask: np.ndarray
    residual_m: float
    inlier_ratio: float


def compute_tolerance(
    inverse_depth: np.ndarray, focal_px: float, baseline_m: float, tolerance_px: float, tolerance_m: float
) -> np.ndarray:
    """How far inverse depth on a plane may be off, 1/metres, the same shape: the larger of tolerance_px of disparity,
    which in metres grows with z^2, and tolerance_m along the optical axis."""
    noise = stereo_inverse_depth_sigma(focal_px, baseline_m, tolerance_px)
    return np.maximum(noise, tolerance_m * inverse_depth**2)


def find_planes(rays: np.ndarray, inverse_depth: np.ndarray, tolerance: np.ndarray, seed: int = 0) -> list[PlaneRegion]:
    """The planes in view, the one that fills most of the image first: RANSAC again and again on what is left over.

    rays: (h, w, 3) of a grid of pixels, z = 1. inverse_depth: (h, w), 1/metres, NaN where there is none or a hand.
    tolerance: (h, w), see compute_tolerance. Raises ValueError where no plane is found.
    """
    known = np.isfinite(inverse_depth)
    left, generator = known.copy(), default_rng(seed)
    regions: list[PlaneRegion] = []
    min_pixels = max(MIN_POINTS, round(MIN_REGION_RATIO * known.size))
    for _ in range(MAX_PLANES):
        try:
            coefficients = fit_coefficients(rays[left], inverse_depth[left], tolerance[left], generator)
        except ValueError:
            if not regions:
                raise
            break
        component = _find_component(_compute_errors(coefficients, rays, inverse_depth, tolerance) <= 1.0, left)
        coefficients = refine_coefficients(
            coefficients, rays[component], inverse_depth[component], tolerance[component]
        )
        errors = _compute_errors(coefficients, rays, inverse_depth, tolerance)
        component = _find_component(errors <= 1.0, left)
        if np.count_nonzero(component) < min_pixels:
            break
        regions.append(_make_region(coefficients, rays, inverse_depth, component, errors <= 1.0))
        grown = cv2.dilate(component.astype(np.uint8), np.ones((CLOSING_SIZE, CLOSING_SIZE), np.uint8)) > 0
        left &= ~(grown & (errors <= REMOVED_TOLERANCES))
        if np.count_nonzero(left) < min_pixels:
            break
    if not regions:
        raise ValueError(
            f"no plane fills {MIN_REGION_RATIO:.0%} of the image: clear the desk, or give it texture and light"
        )
    return sorted(regions, key=lambda region: -np.count_nonzero(region.mask))


def _compute_errors(
    coefficients: np.ndarray, rays: np.ndarray, inverse_depth: np.ndarray, tolerance: np.ndarray
) -> np.ndarray:
    """(h, w) distance to the plane in tolerances; infinite without depth."""
    return np.nan_to_num(np.abs(inverse_depth - rays @ coefficients) / tolerance, nan=np.inf)


def _find_component(on_plane: np.ndarray, left: np.ndarray) -> np.ndarray:
    """(h, w) bool: the largest connected part of what lies on the plane and belongs to no plane before."""
    candidates = on_plane & left
    kernel = np.ones((CLOSING_SIZE, CLOSING_SIZE), np.uint8)
    closed = cv2.morphologyEx(candidates.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    _, labels = cv2.connectedComponents(closed, connectivity=4)
    counts = np.bincount(labels[candidates], minlength=2)
    counts[0] = 0
    return candidates & (labels == int(counts.argmax()))


def _make_region(
    coefficients: np.ndarray, rays: np.ndarray, inverse_depth: np.ndarray, mask: np.ndarray, on_plane: np.ndarray
) -> PlaneRegion:
    plane = make_plane(coefficients)
    # An error e of inverse depth is one of z d e in height, d the plane's distance.
    error = np.sqrt(np.mean((inverse_depth[mask] - rays[mask] @ coefficients) ** 2))
    residual_m = float(error) * plane.offset_m / float(np.median(inverse_depth[mask]))
    rows, columns = np.nonzero(mask)
    hull = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.column_stack([columns, rows]).astype(np.int32)), 1)
    around = (hull > 0) & np.isfinite(inverse_depth)
    ratio = float(on_plane[around].mean())
    return PlaneRegion(plane, coefficients, mask, residual_m, ratio)
