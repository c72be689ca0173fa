"""A lamp and the light of the room, with the points and directions of the shadow rays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from other_generator.view import HEIGHT_PX, WIDTH_PX, Side

# Neighbouring pixels trace rays to different points of the lamp and the sky; PATTERN x PATTERN pixels cover all points.
PATTERN = 5

_GOLDEN_ANGLE_RAD = 2.399963


@dataclass(frozen=True)
class Lighting:
    """lamp_m: (3,) the lamp's middle in the sheet frame. lamp_bgr, sky_bgr: (3,) linear, on a surface that faces them.

    lamp_points_m: (PATTERN^2, 3) on the lamp's disc. sky_directions: (PATTERN^2, 3) unit vectors on the sphere.
    sample_index: (H * W,) int, the point and direction of each pixel. All others float32.
    """

    lamp_m: np.ndarray
    lamp_bgr: np.ndarray
    sky_bgr: np.ndarray
    lamp_points_m: np.ndarray
    sky_directions: np.ndarray
    sample_index: np.ndarray

    def falloff(self, square_distances_m2: np.ndarray) -> np.ndarray:
        """The lamp's irradiance at squared distances, relative to the desk directly below it."""
        return self.lamp_m[2] ** 2 / square_distances_m2


def sample_lighting(side: Side, random: np.random.Generator) -> Lighting:
    """A lamp 60 to 85 cm above the desk, on the camera's side, and room light of about half its brightness."""
    lamp_m = np.array([random.uniform(-0.35, 0.35), random.uniform(-0.1, 0.4), random.uniform(0.6, 0.85)], np.float32)
    # On the camera's side: with hands lit from behind, the tracker confuses fingers, which is not the subject here.
    lamp_m[1] = max(lamp_m[1], 0.12) * (1 if side == "facing" else -1)
    radius_m = random.uniform(0.04, 0.08)
    lamp_bgr = np.array([0.92, 0.98, 1.05], np.float32) * random.uniform(0.72, 0.86)
    lamp_bgr = lamp_bgr * np.array([random.uniform(0.93, 1.05), 1, 1], np.float32)
    return Lighting(
        lamp_m=lamp_m,
        lamp_bgr=lamp_bgr,
        sky_bgr=np.array([1.05, 1.0, 0.94], np.float32) * random.uniform(0.34, 0.46),
        lamp_points_m=_make_disc(lamp_m, radius_m),
        sky_directions=_make_sphere(),
        sample_index=_make_sample_index(),
    )


def _make_disc(center_m: np.ndarray, radius_m: float) -> np.ndarray:
    """Points of a disc that faces the sheet's origin, evenly spread, in random order."""
    count = PATTERN * PATTERN
    radii = np.sqrt((np.arange(count) + 0.5) / count)
    angles_rad = np.arange(count) * _GOLDEN_ANGLE_RAD
    side = np.cross(center_m, [0, 1, 0.1])
    side /= np.linalg.norm(side)
    other = np.cross(center_m, side)
    other /= np.linalg.norm(other)
    across, along = (radii * np.cos(angles_rad))[:, None], (radii * np.sin(angles_rad))[:, None]
    points_m = center_m + radius_m * across * side + radius_m * along * other
    return points_m[np.random.default_rng(5).permutation(count)].astype(np.float32)


def _make_sphere() -> np.ndarray:
    """Directions spread evenly over the sphere, in random order."""
    count = PATTERN * PATTERN
    z = 1 - 2 * (np.arange(count) + 0.5) / count
    across = np.sqrt(1 - z * z)
    angles_rad = np.arange(count) * _GOLDEN_ANGLE_RAD
    directions = np.column_stack([across * np.cos(angles_rad), across * np.sin(angles_rad), z])
    return directions[np.random.default_rng(6).permutation(count)].astype(np.float32)


def _make_sample_index() -> np.ndarray:
    rows, columns = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX]
    return ((rows % PATTERN) * PATTERN + columns % PATTERN).ravel()
