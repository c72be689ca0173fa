"""Bodies in the scene, and rays against them (Embree)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness

# Segments of an image: the desk, and per hand the fingers (in the order of FINGERS), the arm and the palm.
DESK = 0
_SEGMENTS_PER_HAND = 2 + len(FINGERS)


def finger_segment(hand: Handedness, finger: int) -> int:
    """The number of a hand's finger (index into FINGERS), or of its palm (-1), in RenderBuffers.segments."""
    return 1 + HANDS.index(hand) * _SEGMENTS_PER_HAND + (finger if finger >= 0 else len(FINGERS) + 1)


def arm_segment(hand: Handedness) -> int:
    """The number of a hand's arm in RenderBuffers.segments."""
    return 1 + HANDS.index(hand) * _SEGMENTS_PER_HAND + len(FINGERS)


@dataclass(frozen=True)
class Body:
    """A moving body: its mesh without positions.

    triangles: (T, 3) int32. uv: (V, 2) float32 in texture pixels. texture: (H, W, 4) float32, linear BGR albedo and
    gloss. segments: (T,) uint8.
    """

    triangles: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    segments: np.ndarray


@dataclass(frozen=True)
class Shape:
    """A body in one frame: vertices_m (V, 3) and unit normals (V, 3), float32, sheet frame. displacement_m: (V, 3) how
    far each vertex moves while the image is exposed; None for a body at rest."""

    vertices_m: np.ndarray
    normals: np.ndarray
    displacement_m: np.ndarray | None = None


@dataclass(frozen=True)
class RayHits:
    """triangle: (N,) -1 for rays without a hit. distance: (N,) in lengths of the direction. weights: (N, 3)."""

    triangle: np.ndarray
    distance: np.ndarray
    weights: np.ndarray


class BodyScene:
    """All shapes of one frame as one mesh in an Embree scene."""

    def __init__(self, bodies: Mapping[str, Body], atlas_uv: Mapping[str, np.ndarray], shapes: Mapping[str, Shape]):
        starts = np.cumsum([0] + [len(shape.vertices_m) for shape in shapes.values()])
        names = list(shapes)
        self.vertices_m = np.concatenate([shapes[name].vertices_m for name in names])
        self.normals = np.concatenate([shapes[name].normals for name in names])
        self.displacement_m = _concatenate_displacements([shapes[name] for name in names])
        self.uv = np.concatenate([atlas_uv[name] for name in names])
        self.parts = [slice(first, last) for first, last in pairwise(starts)]
        triangles = [bodies[name].triangles + start for name, start in zip(names, starts, strict=False)]
        self.triangles = np.concatenate(triangles).astype(np.int32)
        self.segments = np.concatenate([bodies[name].segments for name in names])
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, self.vertices_m, self.triangles)

    def trace(self, origin_m: np.ndarray, directions: np.ndarray) -> RayHits:
        """The first triangle on each ray from one point."""
        origins = np.ascontiguousarray(np.broadcast_to(origin_m, directions.shape), dtype=np.float32)
        hit = self._scene.run(origins, np.ascontiguousarray(directions), query="INTERSECT", output=True)
        u, v = hit["u"], hit["v"]
        return RayHits(hit["primID"], hit["tfar"], np.stack([1 - u - v, u, v], axis=1))

    def are_unoccluded(self, origins_m: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Whether nothing lies between an origin and origin + direction: (N,) float32, 1 or 0."""
        max_distance = np.ones(len(origins_m), dtype=np.float32)
        blocked = self._scene.run(origins_m, directions, dists=max_distance, query="OCCLUDED")
        return (blocked < 0).astype(np.float32)


def _concatenate_displacements(shapes: list[Shape]) -> np.ndarray | None:
    """(V, 3) of all vertices; None if nothing moves."""
    if all(shape.displacement_m is None for shape in shapes):
        return None
    return np.concatenate(
        [np.zeros_like(s.vertices_m) if s.displacement_m is None else s.displacement_m for s in shapes]
    )


def interpolate(weights: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Weights (N, 3) of a triangle's corners, values at the corners (N, 3, D) -> interpolated values (N, D)."""
    return np.einsum("nk,nkd->nd", weights, corners)


def build_atlas(bodies: Mapping[str, Body]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All textures side by side, and each body's uv in it."""
    height = max(body.texture.shape[0] for body in bodies.values())
    columns, uv, left = [], {}, 0
    for name, body in bodies.items():
        texture = body.texture
        columns.append(np.pad(texture, ((0, height - texture.shape[0]), (0, 0), (0, 0)), mode="edge"))
        uv[name] = (body.uv + np.array([left, 0])).astype(np.float32)
        left += texture.shape[1]
    return np.ascontiguousarray(np.concatenate(columns, axis=1)), uv


def sample_texture(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear samples of a texture (H, W, C) at texture pixels (N, 2): (N, C)."""
    width = 256  # cv2.remap requires maps of two dimensions, each at most 32767
    rows = max(1, -(-len(uv) // width))
    padded = np.zeros((2, rows * width), dtype=np.float32)
    padded[:, : len(uv)] = uv.T - 0.5
    column, row = padded.reshape(2, rows, width)
    image = cv2.remap(texture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return image.reshape(-1, texture.shape[2])[: len(uv)]
