"""The forearm behind a hand: bare skin, then a sleeve. The rigged mesh ends at the wrist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fingertip_research.simulation.hand import HandModel

_LENGTH_M = 0.55
_ELBOW_M = {"left": np.array([-0.26, -0.75, 0.12]), "right": np.array([0.26, -0.75, 0.12])}
_CUFF_M = 0.004  # distance from the skin to the sleeve


@dataclass(frozen=True)
class Forearm:
    """A tube that starts at the rim of a hand's mesh.

    rim: (R,) the hand's vertices around the wrist in order. seam_pairs: (S, 2) hand vertices that coincide with a
    rim vertex, and that vertex's index in `rim`. triangles: (T, 3) int32. uv: (V, 2) 0..1, u around the
    arm, v along it. distances_m, widths, cuffs_m: (K,) per ring: distance from the wrist, width relative to the wrist,
    distance from the skin.
    """

    rim: np.ndarray
    seam_pairs: np.ndarray
    triangles: np.ndarray
    uv: np.ndarray
    distances_m: np.ndarray
    widths: np.ndarray
    cuffs_m: np.ndarray
    elbow_m: np.ndarray

    def pose_skin(self, hand_vertices_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The tube for a posed hand: vertices (V, 3) and unit normals (V, 3), float32, sheet frame."""
        rim = hand_vertices_m[self.rim].astype(np.float64)
        center = rim.mean(axis=0)
        first = _compute_rim_axis(rim, self.elbow_m - center)
        last = (self.elbow_m - center) / np.linalg.norm(self.elbow_m - center)
        bend = np.clip(self.distances_m / 0.06, 0, 1)[:, None]
        axes = (1 - bend) * first + bend * last
        steps = np.diff(self.distances_m, prepend=0.0)[:, None]
        centers = center + np.cumsum(axes * steps, axis=0)
        offsets = rim - center
        outward = offsets / np.linalg.norm(offsets, axis=1, keepdims=True)
        rings = centers[:, None] + self.widths[:, None, None] * offsets + self.cuffs_m[:, None, None] * outward
        vertices = rings.reshape(-1, 3)
        return vertices.astype(np.float32), self._compute_normals(vertices)

    def _compute_normals(self, vertices: np.ndarray) -> np.ndarray:
        grid = vertices.reshape(len(self.distances_m), len(self.rim), 3)
        around = np.roll(grid, -1, axis=1) - np.roll(grid, 1, axis=1)
        along = np.gradient(grid, axis=0)
        normals = np.cross(along, around)
        outside = grid - grid.mean(axis=1, keepdims=True)
        normals *= np.sign((normals * outside).sum(axis=-1, keepdims=True))
        lengths = np.linalg.norm(normals, axis=-1, keepdims=True)
        return (normals / np.maximum(lengths, 1e-12)).reshape(-1, 3).astype(np.float32)


def make_forearm(model: HandModel, bare_m: float) -> Forearm:
    """The forearm of a hand; its sleeve begins `bare_m` behind the wrist."""
    rim = _find_rim(model)
    skin_m = np.linspace(0.0, bare_m, 4)
    sleeve_m = np.linspace(bare_m, _LENGTH_M, 10)
    distances = np.concatenate([skin_m, sleeve_m])
    cuffs = np.concatenate([np.zeros(4), np.full(10, _CUFF_M)])
    rings, count = len(distances), len(rim)
    ring, column = np.divmod(np.arange((rings - 1) * count), count)
    a, b = ring * count + column, ring * count + (column + 1) % count
    triangles = np.concatenate([np.stack([a, b, a + count], 1), np.stack([b, b + count, a + count], 1)])
    u = np.abs(2 * np.arange(count) / count - 1)
    return Forearm(
        rim=rim,
        seam_pairs=np.argwhere(model.seams[:, None] == model.seams[rim]),
        triangles=triangles.astype(np.int32),
        uv=np.stack(np.broadcast_arrays(u[None, :], (distances / _LENGTH_M)[:, None]), axis=-1).reshape(-1, 2),
        distances_m=distances,
        widths=1 + 0.55 * np.clip(distances / 0.25, 0, 1) ** 1.2,
        cuffs_m=cuffs,
        elbow_m=_ELBOW_M[model.hand],
    )


def compute_sleeve_start(bare_m: float) -> float:
    """The v coordinate (0..1) of the arm's texture at which the sleeve begins."""
    return bare_m / _LENGTH_M


def _compute_rim_axis(rim: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """Unit normal of the wrist's cross-section, pointing away from the hand."""
    axis = np.linalg.svd(rim - rim.mean(axis=0))[2][2]
    return axis if axis @ towards > 0 else -axis


def _find_rim(model: HandModel) -> np.ndarray:
    """The vertices around the wrist, in order: the border of the flat cap that closes the mesh there.

    The cap is the smallest connected island of the mesh.
    """
    edges = np.concatenate([model.triangles[:, [0, 1]], model.triangles[:, [1, 2]], model.triangles[:, [2, 0]]])
    count = len(model.rest_vertices_m)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    _, island = connected_components(graph, directed=False)
    cap = np.flatnonzero(island == np.bincount(island).argmin())
    level = model.rest_vertices_m[cap] - model.rest_vertices_m[cap].mean(axis=0)
    angle = np.arctan2(level[:, 2], level[:, 0])
    return cap[np.argsort(angle)]
