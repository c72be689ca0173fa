"""Light of a lamp and of the sky on the desk and on skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_research.simulation.scene_look import Light

# Shadows and ambient occlusion use one ray per pixel each, its direction from a pattern of this side.
PATTERN = 4

# Subsurface scattering carries light across the terminator, red farthest: wrap ratios of blue, green, red.
_WRAP_BGR = np.array([0.10, 0.16, 0.30], dtype=np.float32)
_SHININESS = 24.0


class Lighting:
    """Light of the lamp and the sky at points with normals."""

    def __init__(self, light: Light) -> None:
        self._light = light
        self.position_m = light.position_m.astype(np.float32)
        self._reference = float(self.position_m[2] / np.linalg.norm(self.position_m) ** 3)
        self.lamp_points = self._sample_lamp_points()
        self.sky_directions = _make_sphere_points(PATTERN**2)

    def _sample_lamp_points(self) -> np.ndarray:
        """Points on the lamp's disc, one per position in the pattern: (16, 3)."""
        count = PATTERN**2
        radius = np.sqrt((np.arange(count) + 0.5) / count) * self._light.radius_m
        angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
        axis = self.position_m / np.linalg.norm(self.position_m)
        side = np.cross(axis, [0.0, 1.0, 0.1])
        side /= np.linalg.norm(side)
        other = np.cross(axis, side)
        spread = radius[:, None] * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other)
        order = np.array([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5])
        return (self.position_m + spread)[order].astype(np.float32)

    def compute_lamp_factor(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unit directions to the lamp (N, 3), and the irradiance of a surface that faces it (N, 1), relative to a
        level surface at the sheet's centre."""
        to_lamp = self.position_m - points_m
        square = dot(to_lamp, to_lamp)
        return to_lamp / np.sqrt(square), 1 / (square * self._reference)

    def compute_ground_irradiance(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Irradiance of the lamp and of the sky on the level desk, without occluders: (N, 3) each."""
        direction, factor = self.compute_lamp_factor(points_m)
        lamp = np.maximum(direction[:, 2:], 0) * factor * self._light.lamp_bgr
        return lamp.astype(np.float32), np.broadcast_to(self._light.sky_bgr, lamp.shape).astype(np.float32)

    def shade_skin(self, surface: Surface, lamp_visibility: np.ndarray, sky_visibility: np.ndarray) -> np.ndarray:
        """Radiance of skin towards the camera: (N, 3)."""
        direction, factor = self.compute_lamp_factor(surface.points_m)
        facing = dot(surface.normals, direction)
        wrapped = np.maximum((facing + _WRAP_BGR) / (1 + _WRAP_BGR), 0)
        # Light also scatters into the skin at the edge of a shadow: red fades last.
        bled = lamp_visibility[:, None] ** np.array([1.0, 0.9, 0.65], dtype=np.float32)
        lamp = wrapped * factor * bled * self._light.lamp_bgr
        up = 0.5 + 0.5 * surface.normals[:, 2:]
        sky = (up * sky_visibility[:, None]) * self._light.sky_bgr
        # The desk reflects light upwards; close to it the finger's own shadow removes that light.
        height = np.clip(surface.points_m[:, 2:] / 0.03, 0.15, 1)
        bounce = (1 - up) * height * 0.35 * (self._light.sky_bgr + self._light.lamp_bgr)
        half = normalise(direction + surface.to_camera)
        shine = np.maximum(dot(surface.normals, half), 0) ** _SHININESS
        gloss = 0.16 * surface.gloss[:, None] * shine * factor * lamp_visibility[:, None] * self._light.lamp_bgr
        return surface.albedo_bgr * (lamp + sky + bounce) + gloss


@dataclass(frozen=True)
class Surface:
    """Points on bodies: points_m, normals, unit to_camera, albedo_bgr (N, 3); gloss (N,)."""

    points_m: np.ndarray
    normals: np.ndarray
    to_camera: np.ndarray
    albedo_bgr: np.ndarray
    gloss: np.ndarray


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, 3) and (N, 3) -> (N, 1)."""
    return np.einsum("nd,nd->n", a, b)[:, None]


def normalise(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.maximum(dot(vectors, vectors), 1e-12))


def _make_sphere_points(count: int) -> np.ndarray:
    """Directions spread evenly over the sphere, neighbours in the pattern far apart: (N, 3) float32."""
    place = np.arange(count)
    z = 1 - 2 * (place + 0.5) / count
    angle = place * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z**2)
    points = np.column_stack([flat * np.cos(angle), flat * np.sin(angle), z])
    return points[(place * 7) % count].astype(np.float32)
