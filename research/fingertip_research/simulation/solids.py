"""Meshes of simple things that stand still: quads, boxes, mugs, cables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_MUG_SIDES, _CABLE_SIDES = 24, 6
_FREE_RIM_M = 0.015  # how far below a mug's rim its content ends


@dataclass(frozen=True)
class Finish:
    """The look of a solid. albedo_bgr: (3,) linear. contrast: SD of its texture, relative to the albedo. grain_m: size
    of the texture's spots."""

    albedo_bgr: np.ndarray
    contrast: float
    grain_m: float


@dataclass(frozen=True)
class Solid:
    """A mesh in the sheet frame with one finish per triangle.

    vertices_m: (V, 3) float32. triangles: (T, 3) int32, counter-clockwise seen from outside. albedo_bgr: (T, 3)
    float32. contrast, grain_m: (T,) float32.
    """

    vertices_m: np.ndarray
    triangles: np.ndarray
    albedo_bgr: np.ndarray
    contrast: np.ndarray
    grain_m: np.ndarray

    @property
    def normals(self) -> np.ndarray:
        """(T, 3) unit normals, outwards."""
        a, b, c = (self.vertices_m[self.triangles[:, corner]] for corner in range(3))
        normals = np.cross(b - a, c - a)
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)


def join_solids(solids: Sequence[Solid]) -> Solid:
    """One mesh of all."""
    starts = np.cumsum([0, *(len(solid.vertices_m) for solid in solids)])
    triangles = [solid.triangles + start for solid, start in zip(solids, starts, strict=False)]
    return Solid(
        np.concatenate([solid.vertices_m for solid in solids]),
        np.concatenate(triangles).astype(np.int32),
        np.concatenate([solid.albedo_bgr for solid in solids]),
        np.concatenate([solid.contrast for solid in solids]),
        np.concatenate([solid.grain_m for solid in solids]),
    )


def make_box(center_m: np.ndarray, size_m: np.ndarray, yaw_rad: float, finish: Finish) -> Solid:
    """A box whose base has its middle at center_m (3,); size_m: width, depth, height."""
    corners = np.array([(x, y, z) for z in (0.0, 1.0) for x, y in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))])
    quads = [(4, 5, 6, 7), (0, 3, 2, 1), *((i, (i + 1) % 4, 4 + (i + 1) % 4, 4 + i) for i in range(4))]
    return _finish_mesh(center_m + _turn(corners * size_m, yaw_rad), _split_quads(quads), finish)


def make_quad(corners_m: np.ndarray, finish: Finish) -> Solid:
    """A flat piece with four corners (4, 3), counter-clockwise seen from outside."""
    return _finish_mesh(corners_m, _split_quads([(0, 1, 2, 3)]), finish)


def make_mug(center_m: np.ndarray, radius_m: float, height_m: float, finish: Finish, content: Finish) -> Solid:
    """A filled mug without a handle."""
    angle = np.arange(_MUG_SIDES) * 2 * np.pi / _MUG_SIDES
    circle = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(_MUG_SIDES)]) * radius_m
    inner = 0.9 * circle
    rim, surface = np.array([0.0, 0.0, height_m]), np.array([0.0, 0.0, height_m - _FREE_RIM_M])
    rings = [circle, circle + rim, inner + rim, inner + surface]
    wall = _finish_mesh(center_m + np.concatenate(rings), _join_rings(len(rings), _MUG_SIDES), finish)
    disc = np.concatenate([rings[-1], surface[None]])
    fan = [(side, (side + 1) % _MUG_SIDES, _MUG_SIDES) for side in range(_MUG_SIDES)]
    return join_solids([wall, _finish_mesh(center_m + disc, np.array(fan), content)])


def make_cable(path_m: np.ndarray, radius_m: float, finish: Finish) -> Solid:
    """A cable that lies on the desk along a path (N, 2)."""
    along = np.gradient(path_m, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.column_stack([-along[:, 1], along[:, 0], np.zeros(len(path_m))])
    middle = np.column_stack([path_m, np.full(len(path_m), radius_m)])
    angle = np.arange(_CABLE_SIDES) * 2 * np.pi / _CABLE_SIDES
    offsets = np.cos(angle)[:, None, None] * across + np.sin(angle)[:, None, None] * np.array([0.0, 0.0, 1.0])
    rings = middle[:, None] + radius_m * offsets.swapaxes(0, 1)
    return _finish_mesh(rings.reshape(-1, 3), _join_rings(len(path_m), _CABLE_SIDES), finish)


def _join_rings(rings: int, sides: int) -> np.ndarray:
    """(T, 3) triangles between successive rings of vertices."""
    quads = []
    for ring in range(rings - 1):
        lower, upper = ring * sides, (ring + 1) * sides
        for side in range(sides):
            following = (side + 1) % sides
            quads.append((lower + side, lower + following, upper + following, upper + side))
    return _split_quads(quads)


def _split_quads(quads: Sequence[tuple[int, ...]]) -> np.ndarray:
    corners = np.array(quads)
    return np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])


def _turn(points_m: np.ndarray, yaw_rad: float) -> np.ndarray:
    cos, sin = np.cos(yaw_rad), np.sin(yaw_rad)
    return points_m @ np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])


def _finish_mesh(vertices_m: np.ndarray, triangles: np.ndarray, finish: Finish) -> Solid:
    count = len(triangles)
    return Solid(
        vertices_m.astype(np.float32),
        triangles.astype(np.int32),
        np.tile(finish.albedo_bgr, (count, 1)).astype(np.float32),
        np.full(count, finish.contrast, np.float32),
        np.full(count, finish.grain_m, np.float32),
    )
