"""Furniture under the scene's light: what rays meet, how it is shaded, and the shadows that it throws on the desk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from fingertip_research.simulation.lighting import Lighting
from fingertip_research.simulation.scene_look import Light
from fingertip_research.simulation.solids import Solid

_RAY_OFFSET_M = 0.0006
_WAVES = 8
_MIN_SHADE = 0.15


@dataclass(frozen=True)
class FurnitureHits:
    """triangle: (N,) -1 for rays without a hit. depth_m: (N,) float32, infinite there."""

    triangle: np.ndarray
    depth_m: np.ndarray


class Furniture:
    """A mesh that never moves, lit by the scene's light."""

    def __init__(self, solid: Solid, light: Light) -> None:
        self._solid, self._normals = solid, solid.normals
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, solid.vertices_m, solid.triangles)
        self._lamp_points = Lighting(light).lamp_points
        self._lamp_fraction = float(light.lamp_bgr.sum() / (light.lamp_bgr.sum() + light.sky_bgr.sum()))
        # The same for every solid: their grain differs in size.
        random = np.random.default_rng(0)
        self._waves, self._phases = random.normal(0, 1.5, (_WAVES, 3)), random.uniform(0, 2 * np.pi, _WAVES)

    def trace(self, origin_m: np.ndarray, directions: np.ndarray) -> FurnitureHits:
        """The first triangle on each ray from one point, directions (N, 3) with optical z = 1."""
        origins = np.ascontiguousarray(np.broadcast_to(origin_m, directions.shape), dtype=np.float32)
        hit = self._scene.run(
            origins, np.ascontiguousarray(directions, dtype=np.float32), query="INTERSECT", output=True
        )
        return FurnitureHits(hit["primID"], np.where(hit["primID"] >= 0, hit["tfar"], np.inf).astype(np.float32))

    def compute_shade(self, points_m: np.ndarray, sample: int) -> np.ndarray:
        """(N,) share of the light that reaches points (N, 3) on the desk; sample: from which point of the lamp."""
        start = np.ascontiguousarray(points_m + np.array([0.0, 0.0, _RAY_OFFSET_M]), dtype=np.float32)
        to_lamp = np.ascontiguousarray(self._lamp_points[sample % len(self._lamp_points)] - start, dtype=np.float32)
        blocked = self._scene.run(start, to_lamp, dists=np.ones(len(start), dtype=np.float32), query="OCCLUDED")
        return np.where(blocked >= 0, 1 - self._lamp_fraction, 1.0).astype(np.float32)

    def compute_albedo(self, triangle: np.ndarray, points_m: np.ndarray) -> np.ndarray:
        """(N, 3) the albedo of a level surface that looks like the furniture at points (N, 3) on given triangles."""
        solid = self._solid
        grained = points_m / solid.grain_m[triangle, None]
        noise = np.cos(grained @ self._waves.T + self._phases).sum(axis=1) * np.sqrt(2 / _WAVES)
        texture = np.clip(1 + solid.contrast[triangle] * noise, 0.2, 1.8)
        to_lamp = self._lamp_points.mean(axis=0) - points_m
        to_lamp /= np.linalg.norm(to_lamp, axis=1, keepdims=True)
        normals = self._normals[triangle]
        facing = np.maximum((normals * to_lamp).sum(axis=1), 0) / np.maximum(to_lamp[:, 2], 0.2)
        shade = self._lamp_fraction * facing + (1 - self._lamp_fraction) * (0.5 + 0.5 * normals[:, 2])
        return solid.albedo_bgr[triangle] * (texture * np.clip(shade, _MIN_SHADE, 1.0))[:, None]
