"""Traces rays against the hands' mesh: visible surface, lamp and sky visibility per pixel."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from other_generator.light import PATTERN, Lighting
from other_generator.view import HEIGHT_PX, WIDTH_PX, View

# The regions in which rays are traced consist of square tiles of this side.
_TILE_PX = 8
# Tiles around the image that are included: objects just outside cast shadows into it.
_MARGIN_TILES = 2
# Distance of a ray's start from its surface.
_RAY_OFFSET_M = 0.0007
# Maximum distance at which an object occludes the sky.
_AMBIENT_OCCLUSION_RANGE_M = 0.06
_PIXELS = HEIGHT_PX * WIDTH_PX


@dataclass(frozen=True)
class Hits:
    """The P pixels that show the hands.

    pixels: (P,) indices in the flat image. corners: (P, 3) vertex numbers. weights: (P, 3) float32, barycentric.
    rays: (P, 3) from the camera, 1 m along z. depth_m: (P,) along z.
    """

    pixels: np.ndarray
    corners: np.ndarray
    weights: np.ndarray
    rays: np.ndarray
    depth_m: np.ndarray

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Interpolates values (V, ...) at the vertices: (P, ...)."""
        return np.einsum("nk,nk...->n...", self.weights, values[self.corners])


class RayScene:
    """The hands' mesh over the desk. vertices_m: (V, 3) float32 in the sheet frame; triangles: (T, 3) int32."""

    def __init__(self, vertices_m: np.ndarray, triangles: np.ndarray, view: View, lighting: Lighting) -> None:
        self._triangles = triangles
        self._view = view
        self._lighting = lighting
        self._scene = EmbreeScene()
        TriangleMesh(self._scene, vertices_m, triangles)
        hands = self._mark_around(vertices_m, 2)
        above_m = np.maximum(vertices_m[:, 2:], 0)
        down = above_m / np.maximum(lighting.lamp_m[2] - above_m, 0.05)
        shadow = self._mark_around(vertices_m - down * (lighting.lamp_m - vertices_m), 3)
        below = np.column_stack([vertices_m[:, :2], np.zeros(len(vertices_m))])
        ambient_shadow = self._mark_around(below[vertices_m[:, 2] < _AMBIENT_OCCLUSION_RANGE_M], 4)
        self._hands = np.flatnonzero(hands.ravel())
        # Pixels, in the flat image, whose light the hands can change.
        self.changed = np.flatnonzero((hands | shadow | ambient_shadow).ravel())

    def trace(self, rays: np.ndarray, desk_depth_m: np.ndarray) -> Hits:
        """The pixels in which the hands hide the desk. rays: (H * W, 3) of all pixels; desk_depth_m: (H * W,)."""
        rays = rays[self._hands]
        origins_m = np.ascontiguousarray(np.broadcast_to(self._view.position_m, rays.shape))
        hit = self._scene.run(origins_m, np.ascontiguousarray(rays), query="INTERSECT", output=True)
        # A pad that is pressed slightly into the desk is still visible.
        is_visible = (hit["primID"] >= 0) & (hit["tfar"] < desk_depth_m[self._hands] + 0.002)
        second, third = hit["u"][is_visible], hit["v"][is_visible]
        return Hits(
            pixels=self._hands[is_visible],
            corners=self._triangles[hit["primID"][is_visible]],
            weights=np.stack([1 - second - third, second, third], 1),
            rays=rays[is_visible],
            depth_m=hit["tfar"][is_visible],
        )

    def trace_light(self, points_m: np.ndarray, normals: np.ndarray, on_hands: np.ndarray) -> np.ndarray:
        """(H * W, 2) float32, visibility of the lamp and of the sky in the pixels `changed`; 0 elsewhere.

        points_m, normals: (H * W, 3) float32. on_hands: (H * W,) bool. One ray per pixel and light, averaged over
        neighbours on the same surface.
        """
        normals, sample = normals[self.changed], self._lighting.sample_index[self.changed]
        starts_m = points_m[self.changed] + normals * _RAY_OFFSET_M
        to_sky_m = normals + 0.97 * self._lighting.sky_directions[sample]
        to_sky_m *= _AMBIENT_OCCLUSION_RANGE_M / np.linalg.norm(to_sky_m, axis=1, keepdims=True)
        lamp = self._are_unoccluded(starts_m, self._lighting.lamp_points_m[sample] - starts_m)
        visibility = np.stack([lamp, self._are_unoccluded(starts_m, to_sky_m)], 1)
        light = np.zeros((_PIXELS, 2), np.float32)
        for on_surface in (on_hands[self.changed], ~on_hands[self.changed]):
            pixels = self.changed[on_surface]
            layer = np.zeros((_PIXELS, 3), np.float32)
            layer[pixels, :2], layer[pixels, 2] = visibility[on_surface], 1
            blurred = cv2.blur(layer.reshape(HEIGHT_PX, WIDTH_PX, 3), (PATTERN, PATTERN))
            blurred = cv2.blur(blurred, (3, 3)).reshape(-1, 3)
            light[pixels] = blurred[pixels, :2] / np.maximum(blurred[pixels, 2:], 1e-4)
        return light

    def _are_unoccluded(self, starts_m: np.ndarray, displacements_m: np.ndarray) -> np.ndarray:
        """(N,) float32: 1 for rays without occlusion, else 0."""
        starts_m, displacements_m = (
            np.ascontiguousarray(part, dtype=np.float32) for part in (starts_m, displacements_m)
        )
        max_distances = np.ones(len(starts_m), np.float32)
        return (self._scene.run(starts_m, displacements_m, dists=max_distances, query="OCCLUDED") < 0).astype(
            np.float32
        )

    def _mark_around(self, points_m: np.ndarray, tiles: int) -> np.ndarray:
        """(H, W) bool: pixels within `tiles` tiles of the projections of points (N, 3)."""
        pixels, depth_m = self._view.project(points_m)
        rows, columns = HEIGHT_PX // _TILE_PX + 2 * _MARGIN_TILES, WIDTH_PX // _TILE_PX + 2 * _MARGIN_TILES
        column, row = np.floor(pixels[depth_m > 0.02] / _TILE_PX).astype(int).T + _MARGIN_TILES
        inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        marked = np.zeros((rows, columns), np.uint8)
        marked[row[inside], column[inside]] = 1
        marked = cv2.dilate(marked, np.ones((2 * tiles + 1, 2 * tiles + 1), np.uint8))
        marked = marked[_MARGIN_TILES:-_MARGIN_TILES, _MARGIN_TILES:-_MARGIN_TILES]
        return cv2.resize(marked, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST).astype(bool)
