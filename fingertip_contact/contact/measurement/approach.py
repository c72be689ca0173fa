"""Directions in the image in which fingertips move as they approach a surface, and where they will touch it."""

from __future__ import annotations

import numpy as np

from fingertip_contact.geometry import Camera, Plane

# A touching finger's landmark lies this high over its pad: the median of rendered hands, 45 to 90 degrees.
LANDMARK_HEIGHT_M = 0.007


def compute_approach_direction(camera: Camera, normal: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(N, 2) unit vectors in the image: the direction in which points at pixels (N, 2) move as they approach a surface.

    The derivative of the projection of a point that moves by -normal. Undefined, and arbitrary here, for a camera
    straight above.
    """
    rays = camera.rays(pixels)
    direction = (rays[:, :2] * normal[2] - normal[:2]) * (camera.fx, camera.fy)
    return direction / np.maximum(np.linalg.norm(direction, axis=-1, keepdims=True), 1e-9)


def to_approach_frame(direction: np.ndarray, displacement: np.ndarray) -> np.ndarray:
    """Image displacements (..., 2), to the right and down, as components across directions (..., 2) and along them."""
    across = displacement[..., 0] * direction[..., 1] - displacement[..., 1] * direction[..., 0]
    return np.stack([across, (displacement * direction).sum(axis=-1)], axis=-1)


def estimate_contact_points(camera: Camera, plane: Plane, tips_px: np.ndarray) -> np.ndarray:
    """Where fingertips with landmarks at tips_px (N, 2) touch the plane if they do: (N, 3), optical frame, metres; NaN
    where a landmark is not over the plane."""
    points_m = Plane(plane.normal, plane.offset_m - LANDMARK_HEIGHT_M).intersect(camera.rays(tips_px))
    return points_m - LANDMARK_HEIGHT_M * plane.normal
