"""The hand's shape as colour shows it: how far each finger reaches over the surface, and where the camera is."""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.measurement.finger_region import TIP_LANDMARKS
from fingertip_contact.datatypes import FINGERS, MIDDLE_KNUCKLE, WRIST, Hand
from fingertip_contact.geometry import Camera, Plane

# length_mm: from a finger's first joint (the thumb's second) to its tip, as projected onto the surface. reach_mm: of
# the tip beyond the wrist, in the hand's direction. facing: how far that direction, a unit vector on the surface, is
# against the optical axis: the cosine of the elevation where the hand points at the camera, minus that where it points
# away, 0 from straight above. elevation_deg: of the camera.
SHAPE = ("length_mm", "reach_mm", "facing", "elevation_deg")
_BASE_LANDMARKS = [2, 5, 9, 13, 17]


def measure_hand_shape(camera: Camera, plane: Plane, hands: tuple[Hand, ...]) -> np.ndarray:
    """(N, len(SHAPE)), five rows per hand; NaN where a landmark is not over the surface."""
    rows = np.full((len(hands) * len(FINGERS), len(SHAPE)), np.nan)
    if not hands:
        return rows
    landmarks_px = np.concatenate([hand.landmarks_px for hand in hands])
    hands_m = plane.intersect(camera.rays(landmarks_px)).reshape(len(hands), -1, 3)
    for index, points_m in enumerate(hands_m):
        tips_m, bases_m, wrist_m = points_m[TIP_LANDMARKS], points_m[_BASE_LANDMARKS], points_m[WRIST]
        direction = points_m[MIDDLE_KNUCKLE] - wrist_m
        length_m = float(np.linalg.norm(direction))
        direction = direction / length_m if length_m > 0 else np.full(3, np.nan)
        own = rows[index * len(FINGERS) : (index + 1) * len(FINGERS)]
        own[:, 0] = 1e3 * np.linalg.norm(tips_m - bases_m, axis=1)
        own[:, 1] = 1e3 * (tips_m - wrist_m) @ direction
        own[:, 2] = -direction[2]
    rows[:, 3] = plane.elevation_deg
    return rows
