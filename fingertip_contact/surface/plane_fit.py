"""Fits the dominant plane to depth, by RANSAC and least squares in inverse depth.

On a plane n . p + d = 0 the points p = z * ray give 1/z = -(n . ray) / d: inverse depth is linear in the ray. A stereo
camera's noise is constant in inverse depth (sigma_z = z^2 s / (f B)), so plain least squares in inverse depth is the
fit weighted by 1 / sigma_z^2, and exact at any camera angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.geometry import Plane

RANSAC_TRIALS = 200
RANSAC_POINTS = 2000
MIN_POINTS = 200


@dataclass(frozen=True)
class PlaneFit:
    """residual_m: RMS distance of the inliers to the plane. inlier_ratio: inliers per point, 0..1."""

    plane: Plane
    residual_m: float
    inlier_ratio: float


def fit_plane(rays: np.ndarray, depth_m: np.ndarray, tolerance_m: float, seed: int = 0) -> PlaneFit:
    """The dominant plane through points depth_m * rays: RANSAC, then least squares on the inliers.

    rays: (N, 3) with z = 1. depth_m: (N,), metres, valid. tolerance_m: largest distance of an inlier to the plane.
    Raises ValueError where there are too few points or no three of them span a plane.
    """
    if len(depth_m) < MIN_POINTS:
        raise ValueError(f"{len(depth_m)} valid depth pixels on the surface, {MIN_POINTS} are needed")
    rays = np.asarray(rays, dtype=np.float64)
    depth_m = np.asarray(depth_m, dtype=np.float64)
    generator = np.random.default_rng(seed)
    subset = generator.choice(len(depth_m), min(RANSAC_POINTS, len(depth_m)), replace=False)
    plane = _ransac(rays[subset], depth_m[subset], tolerance_m, generator)
    points = rays * depth_m[:, None]
    for _ in range(3):
        inliers = np.abs(plane.height_m(points)) <= tolerance_m
        if inliers.sum() < 3:
            raise ValueError("no plane is supported by the depth of the surface")
        coefficients, *_ = np.linalg.lstsq(rays[inliers], 1.0 / depth_m[inliers], rcond=None)
        plane = _make_plane(coefficients)
    distance = plane.height_m(points)
    inliers = np.abs(distance) <= tolerance_m
    return PlaneFit(plane, float(np.sqrt(np.mean(distance[inliers] ** 2))), float(inliers.mean()))


def _ransac(rays: np.ndarray, depth_m: np.ndarray, tolerance_m: float, generator: np.random.Generator) -> Plane:
    """The plane through three points that has the most points within tolerance_m."""
    triples = generator.integers(0, len(depth_m), (RANSAC_TRIALS, 3))
    systems = rays[triples]
    usable = np.abs(np.linalg.det(systems)) > 1e-6
    if not usable.any():
        raise ValueError("the surface's valid depth pixels all lie on one line")
    inverse = 1.0 / depth_m
    coefficients = np.linalg.solve(systems[usable], inverse[triples[usable]][..., None])[..., 0]
    # Distance to the plane of coefficients c is z * (1/z - c . ray) / |c|.
    distances_m = (inverse - coefficients @ rays.T) * depth_m / np.linalg.norm(coefficients, axis=1, keepdims=True)
    inlier_counts = (np.abs(distances_m) <= tolerance_m).sum(axis=1)
    return _make_plane(coefficients[int(inlier_counts.argmax())])


def _make_plane(coefficients: np.ndarray) -> Plane:
    """The plane on which 1/z = coefficients . ray, its normal towards the camera."""
    length = float(np.linalg.norm(coefficients))
    return Plane(-coefficients / length, 1.0 / length)
