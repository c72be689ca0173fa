"""Catmull-Clark subdivision of open quad meshes, as a matrix that refines values at the vertices."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse


def subdivide(faces: np.ndarray, vertex_count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """One level of Catmull and Clark's scheme (1978); borders keep their vertices and halve their edges.

    faces: (F, 4) int. Returns the matrix (V', V) from values at the old vertices to values at the new ones, and the
    new faces (4 F, 4). New vertices are the moved old ones, then one per edge, then one per face.
    """
    face_count = len(faces)
    sides = np.sort(np.stack([faces, np.roll(faces, -1, 1)], -1).reshape(-1, 2), 1)
    edges, side_edges = np.unique(sides, axis=0, return_inverse=True)
    side_edges = side_edges.reshape(face_count, 4)
    inner = np.bincount(side_edges.ravel(), minlength=len(edges)) == 2
    face_points = _make_incidence(np.arange(face_count), faces, (face_count, vertex_count), 0.25)
    midpoints = _make_incidence(np.arange(len(edges)), edges, (len(edges), vertex_count), 0.5)
    edge_faces = _make_incidence(np.arange(face_count), side_edges, (face_count, len(edges)), 1.0).T.tocsr()
    own, shared = np.where(inner, 0.5, 1.0), np.where(inner, 0.25, 0.0)
    edge_points = sparse.diags(own) @ midpoints + sparse.diags(shared) @ edge_faces @ face_points
    vertex_points = _move_vertices(faces, edges, inner, face_points, midpoints)
    matrix = sparse.vstack([vertex_points, edge_points, face_points]).tocsr()
    return matrix, _make_faces(faces, side_edges + vertex_count, vertex_count + len(edges))


def _make_incidence(rows: np.ndarray, members: np.ndarray, shape: tuple[int, int], value: float) -> sparse.csr_matrix:
    """A matrix with `value` in the member columns of each row. members: (len(rows), K) column numbers."""
    values = np.full(members.size, value)
    return sparse.csr_matrix((values, (np.repeat(rows, members.shape[1]), members.ravel())), shape)


def _move_vertices(
    faces: np.ndarray,
    edges: np.ndarray,
    inner: np.ndarray,
    face_points: sparse.csr_matrix,
    midpoints: sparse.csr_matrix,
) -> sparse.csr_matrix:
    """(V, V) from old vertices to their new positions; those on a border stay."""
    face_count, vertex_count = face_points.shape
    vertex_edges = _make_incidence(np.arange(len(edges)), edges, (len(edges), vertex_count), 1.0).T.tocsr()
    vertex_faces = _make_incidence(np.arange(face_count), faces, (face_count, vertex_count), 1.0).T.tocsr()
    valence = np.maximum(np.asarray(vertex_edges.sum(1)).ravel(), 1)
    incident_faces = np.maximum(np.asarray(vertex_faces.sum(1)).ravel(), 1)
    border = np.zeros(vertex_count, bool)
    border[edges[~inner].ravel()] = True
    smooth = (
        sparse.diags(1 / incident_faces / valence) @ vertex_faces @ face_points
        + sparse.diags(2 / valence / valence) @ vertex_edges @ midpoints
        + sparse.diags((valence - 3) / valence)
    )
    return sparse.diags((~border).astype(float)) @ smooth + sparse.diags(border.astype(float))


def _make_faces(faces: np.ndarray, edge_vertices: np.ndarray, first_face_vertex: int) -> np.ndarray:
    """(4 F, 4). edge_vertices: (F, 4) the new vertex on the edge that follows each corner."""
    a, b, c, d = faces.T
    ab, bc, cd, da = edge_vertices.T
    centers = np.arange(len(faces)) + first_face_vertex
    quads = ((a, ab, centers, da), (ab, b, bc, centers), (centers, bc, c, cd), (da, centers, cd, d))
    return np.concatenate([np.stack(quad, 1) for quad in quads])
