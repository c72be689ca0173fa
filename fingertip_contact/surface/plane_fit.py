"""Fits planes to depth, in inverse depth.

On a plane n . p + d = 0 the points p = z * ray give 1/z = -(n . ray) / d: inverse depth is linear in the ray. A stereo
camera's noise is constant in inverse depth (sigma_z = z^2 s / (f B)), so one tolerance serves every distance, and plain
least squares is the fit weighted by 1 / sigma_z^2, exact at any camera angle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng

from fingertip_contact.geometry import Plane

# Three random points lie on a desk that fills a quarter of the image in 1.6 % of the trials.
RANSAC_TRIALS = 400
RANSAC_POINTS = 2000
# So many trials at a time: their errors then fit into a core's cache, and the node's memory does not grow by 13 MB.
TRIALS_AT_A_TIME = 25
MIN_POINTS = 200
REFINEMENTS = 5


@dataclass(frozen=True)
class PlaneFit:
    """residual_m: RMS distance of the inliers to the plane. inlier_ratio: inliers per point, 0..1."""

    plane: Plane
    residual_m: float
    inlier_ratio: float


def fit_plane(rays: np.ndarray, depth_m: np.ndarray, tolerance_m: float, seed: int = 0) -> PlaneFit:
    """The dominant plane through points depth_m * rays.

    rays: (N, 3) with z = 1. depth_m: (N,), metres, valid. tolerance_m: largest difference along the optical axis
    between an inlier and the plane. Raises ValueError where there are too few points or no three of them span a plane.
    """
    rays = np.asarray(rays, dtype=np.float64)
    depth_m = np.asarray(depth_m, dtype=np.float64)
    tolerance = tolerance_m / depth_m**2
    coefficients = fit_coefficients(rays, 1.0 / depth_m, tolerance, default_rng(seed))
    inliers = np.abs(1.0 / depth_m - rays @ coefficients) <= tolerance
    plane = make_plane(coefficients)
    distance_m = plane.height_m(rays[inliers] * depth_m[inliers, None])
    return PlaneFit(plane, float(np.sqrt(np.mean(distance_m**2))), float(inliers.mean()))


def fit_coefficients(
    rays: np.ndarray,
    inverse_depth: np.ndarray,
    tolerance: np.ndarray,
    generator: Generator,
    min_points: int = MIN_POINTS,
) -> np.ndarray:
    """(3,) the c of the plane 1/z = c . ray that most points support: RANSAC, then `refine_coefficients`.

    rays: (N, 3). inverse_depth, tolerance: (N,), 1/metres; a point supports a plane the more the smaller its error is
    in units of its tolerance, and not at all beyond. Raises ValueError as `fit_plane`.
    """
    if len(inverse_depth) < min_points:
        raise ValueError(f"{len(inverse_depth)} valid depth pixels on the surface, {min_points} are needed")
    subset = generator.choice(len(inverse_depth), min(RANSAC_POINTS, len(inverse_depth)), replace=False)
    coefficients = _ransac(rays[subset], inverse_depth[subset], tolerance[subset], generator)
    return refine_coefficients(coefficients, rays, inverse_depth, tolerance)


def refine_coefficients(
    coefficients: np.ndarray, rays: np.ndarray, inverse_depth: np.ndarray, tolerance: np.ndarray
) -> np.ndarray:
    """(3,) least squares from a first guess, with Tukey's weights: a neighbouring plane within the tolerance, such as a
    second table a centimetre lower, pulls less the farther it is off. Raises ValueError without support."""
    for _ in range(REFINEMENTS):
        error = (inverse_depth - rays @ coefficients) / tolerance
        weights = np.where(np.abs(error) < 1.0, (1.0 - error**2) ** 2, 0.0)
        if np.count_nonzero(weights) < 3:
            raise ValueError("no plane is supported by the depth of the surface")
        weighted = rays * weights[:, None]
        coefficients, *_ = np.linalg.lstsq(weighted.T @ rays, weighted.T @ inverse_depth, rcond=None)
    return coefficients


def make_plane(coefficients: np.ndarray) -> Plane:
    """The plane on which 1/z = coefficients . ray, its normal towards the camera."""
    length = float(np.linalg.norm(coefficients))
    return Plane(-coefficients / length, 1.0 / length)


def _ransac(rays: np.ndarray, inverse_depth: np.ndarray, tolerance: np.ndarray, generator: Generator) -> np.ndarray:
    """The plane through three points with the least truncated squared error (MSAC: Torr and Zisserman, 2000), which of
    two planes close together finds one and not their mean."""
    triples = generator.integers(0, len(inverse_depth), (RANSAC_TRIALS, 3))
    systems = rays[triples]
    usable = np.abs(np.linalg.det(systems)) > 1e-6
    if not usable.any():
        raise ValueError("the surface's valid depth pixels all lie on one line")
    coefficients = np.linalg.solve(systems[usable], inverse_depth[triples[usable]][..., None])[..., 0]
    costs = np.concatenate(
        [
            _sum_truncated_squares(some, rays, inverse_depth, tolerance)
            for some in np.array_split(coefficients, range(TRIALS_AT_A_TIME, len(coefficients), TRIALS_AT_A_TIME))
        ]
    )
    return coefficients[int(costs.argmin())]


def _sum_truncated_squares(
    coefficients: np.ndarray, rays: np.ndarray, inverse_depth: np.ndarray, tolerance: np.ndarray
) -> np.ndarray:
    """(M,) the cost of M planes (M, 3): squared errors in tolerances, none of them more than 1."""
    errors = coefficients @ rays.T
    np.subtract(inverse_depth, errors, out=errors)
    np.divide(errors, tolerance, out=errors)
    np.square(errors, out=errors)
    return np.minimum(errors, 1.0, out=errors).sum(axis=1)
