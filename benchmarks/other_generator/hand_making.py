"""Makes a hand model from a hand that was cut out of a body: frame, length, finer mesh, pads."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from fingertip_contact.datatypes import FINGERS, Handedness
from other_generator.hand import ARM, FIRST_SEGMENT, GROUP_COUNT, PALM, HandModel, normalise
from other_generator.person import BONES, HandCut
from other_generator.subdivision import subdivide

# The forearm is stretched beyond this distance from the wrist, so that the cut at the elbow is outside the image.
_UNSTRETCHED_ARM_M = 0.10
_ARM_STRETCH = 0.9
_FINGER_BONES = np.array([[BONES.index(f"finger{n}-{joint}") for joint in (1, 2, 3)] for n in range(1, 6)])
_WRIST, _ELBOW = BONES.index("wrist"), BONES.index("lowerarm01")


def make_hand(cut: HandCut, hand: Handedness, length_m: float) -> HandModel:
    """The hand, scaled so that it is length_m long from the wrist to the tip of the stretched middle finger."""
    turn = _compute_hand_frame(cut, hand)
    wrist_m, knuckle, last = cut.heads_m[_WRIST], _FINGER_BONES[2, 0], _FINGER_BONES[2, 2]
    palm_m = np.linalg.norm(cut.heads_m[knuckle] - wrist_m)
    scale = length_m / (palm_m + np.linalg.norm(cut.tails_m[last] - cut.heads_m[knuckle]))
    rest_m, heads_m, tails_m = (
        (points_m - wrist_m) @ turn.T * scale for points_m in (cut.vertices_m, cut.heads_m, cut.tails_m)
    )
    matrix, quads = subdivide(cut.faces, len(cut.vertices_m))
    rest_m = matrix @ rest_m
    arm_axis = normalise(heads_m[_ELBOW] - heads_m[_WRIST])
    rest_m = rest_m + np.maximum(rest_m @ arm_axis - _UNSTRETCHED_ARM_M, 0)[:, None] * _ARM_STRETCH * arm_axis
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]).astype(np.int32)
    weights = (matrix @ cut.weights) @ _make_group_matrix()
    weights /= weights.sum(1, keepdims=True)
    heads_m, tails_m = heads_m[_FINGER_BONES], tails_m[_FINGER_BONES]
    flexion_axes = np.array([[turn @ cut.axes[bone][:, 0] for bone in bones] for bones in _FINGER_BONES])
    fingertips = [
        _find_fingertip(
            rest_m, weights[:, FIRST_SEGMENT + 3 * finger + 2], heads_m[finger, 2], tails_m[finger, 2], axes[2]
        )
        for finger, axes in enumerate(flexion_axes)
    ]
    pads, pad_centers_m, ends = map(list, zip(*fingertips, strict=True))
    return HandModel(
        hand=hand,
        length_m=length_m,
        rest_m=rest_m,
        triangles=triangles,
        weights=weights,
        heads_m=heads_m,
        tails_m=tails_m,
        flexion_axes=flexion_axes,
        abduction_axes=np.array([turn @ cut.axes[bones[0]][:, 2] for bones in _FINGER_BONES]),
        arm_axis=arm_axis,
        pads=pads,
        pad_centers_m=pad_centers_m,
        ends=ends,
        vertex_triangles=_make_vertex_triangles(triangles, len(rest_m)),
    )


def _compute_hand_frame(cut: HandCut, hand: Handedness) -> np.ndarray:
    """(3, 3) body frame to hand frame: y from the wrist to the middle knuckle, x to the right across the knuckles."""
    index, middle, little = (cut.heads_m[_FINGER_BONES[finger, 0]] for finger in (1, 2, 4))
    y = normalise(middle - cut.heads_m[_WRIST])
    x = little - index if hand == "right" else -(little - index)
    x = normalise(x - x @ y * y)
    return np.stack([x, y, np.cross(x, y)])


def _make_group_matrix() -> np.ndarray:
    """(B, GROUP_COUNT) 1 where a bone moves with a group, else 0."""
    groups = np.zeros((len(BONES), GROUP_COUNT))
    for index, bone in enumerate(BONES):
        groups[index, ARM if bone.startswith("lowerarm") else PALM] = not bone.startswith("finger")
    for finger in range(len(FINGERS)):
        for joint in range(3):
            groups[_FINGER_BONES[finger, joint], FIRST_SEGMENT + 3 * finger + joint] = 1
    return groups


def _find_fingertip(
    rest_m: np.ndarray, weights: np.ndarray, head_m: np.ndarray, tail_m: np.ndarray, flexion_axis: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertex numbers of the pad, its middle (3,) on the palm's side, vertex numbers of the end.

    weights: (V,) skinning weight of the last segment.
    """
    own_vertices = np.flatnonzero(weights > 0.97)
    along = normalise(tail_m - head_m)
    distance_m = (rest_m[own_vertices] - head_m) @ along
    pad = own_vertices[distance_m > distance_m.max() - 0.55 * distance_m.max()]
    # Flexion rotates `along` towards the palm.
    palmwards_m = (rest_m[pad] - head_m) @ np.cross(flexion_axis, along)
    center_m = rest_m[pad[palmwards_m > np.quantile(palmwards_m, 0.6)]].mean(0)
    return pad, center_m, own_vertices[np.argsort(distance_m)[-6:]]


def _make_vertex_triangles(triangles: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """(V, T) 1 where a triangle has the vertex as a corner."""
    numbers = np.repeat(np.arange(len(triangles)), 3)
    return sparse.csr_matrix((np.ones(triangles.size), (triangles.ravel(), numbers)), (vertex_count, len(triangles)))
