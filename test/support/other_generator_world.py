"""Stand-ins for the other generator, whose hands need the package anny: a bar like a finger, and a hand of rods."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse

from fingertip_contact.datatypes import FINGERS, Handedness
from other_generator.body import Body, PosedBody
from other_generator.hand import FIRST_SEGMENT, GROUP_COUNT, HandModel, normalise
from other_generator.view import View

_SIDES = 24
_BAR_RINGS_M = np.linspace(-0.05, 0.05, 41)

# A right hand: knuckles from the thumb to the little finger, across and along the hand, and the fingers' segments.
_KNUCKLES_M = np.array([[-0.030, 0.040], [-0.024, 0.092], [-0.002, 0.096], [0.018, 0.090], [0.036, 0.080]])
_SEGMENTS_M = np.array([[34, 28, 24], [40, 24, 20], [44, 27, 21], [41, 25, 20], [32, 19, 18]]) / 1000
_DIRECTIONS = np.array([[-0.35, 1], [-0.08, 1], [0, 1], [0.06, 1], [0.14, 1]])
_RADIUS_M = 0.007


def make_view_from_above(position_m: np.ndarray) -> View:
    """A camera that looks straight down; image up is away from the typist."""
    rotation = np.diag([1.0, -1.0, -1.0])
    return View(rotation, -rotation @ position_m, 392.0, 319.5, 239.5)


def make_bar(center_m: np.ndarray, radius_m: float) -> PosedBody:
    """A bar of skin along y around center_m, 10 cm long."""
    angles = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    around = np.column_stack([np.sin(angles), np.zeros(_SIDES), np.cos(angles)])
    vertices_m = np.concatenate([center_m + radius_m * around + [0, y_m, 0] for y_m in _BAR_RINGS_M])
    ring, side = np.mgrid[: len(_BAR_RINGS_M) - 1, :_SIDES]
    a, b = (ring * _SIDES + side).ravel(), (ring * _SIDES + (side + 1) % _SIDES).ravel()
    triangles = np.concatenate([np.stack([a, b, b + _SIDES], 1), np.stack([a, b + _SIDES, a + _SIDES], 1)])
    count = len(vertices_m)
    nothing = np.zeros(count, np.float32)
    body = Body(
        triangles.astype(np.int32), vertices_m.astype(np.float32), nothing, nothing, np.full(count, 4, np.uint8)
    )
    return PosedBody(body, vertices_m, np.tile(around, (len(_BAR_RINGS_M), 1)))


def make_rod_hand(hand: Handedness) -> HandModel:
    """A hand whose fingers are rods: joints and pads of usual sizes, six vertices a finger."""
    mirror = np.array([1 if hand == "right" else -1, 1, 1])
    heads_m, tails_m = np.zeros((2, 5, 3, 3))
    axes = np.zeros((5, 3, 3))
    points_m, weights = [], []
    for finger in range(len(FINGERS)):
        along = normalise(np.array([*_DIRECTIONS[finger], 0.0])) * mirror
        start_m = np.array([*_KNUCKLES_M[finger], 0.0]) * mirror
        for segment, length_m in enumerate(_SEGMENTS_M[finger]):
            heads_m[finger, segment], tails_m[finger, segment] = start_m, start_m + length_m * along
            # Turning about it moves the rod's end towards the palm.
            axes[finger, segment] = np.cross(along, [0, 0, -1.0])
            start_m = tails_m[finger, segment]
        offsets_m = [
            [0, 0, -_RADIUS_M],
            [0.002, 0, -0.0068],
            [-0.002, 0, -0.0068],
            [0, 0, 0],
            [0.002, 0, 0],
            [0, 0, 0.005],
        ]
        points_m += [start_m - 0.006 * along + offset_m for offset_m in offsets_m]
        weights += [np.eye(GROUP_COUNT)[FIRST_SEGMENT + 3 * finger + 2]] * len(offsets_m)
    rest_m = np.array(points_m)
    vertices = [np.arange(6 * finger, 6 * finger + 6) for finger in range(len(FINGERS))]
    triangles = np.array([[own[0], own[1], own[2]] for own in vertices], np.int32)
    return HandModel(
        hand=hand,
        length_m=0.184,
        rest_m=rest_m,
        triangles=triangles,
        weights=np.array(weights),
        heads_m=heads_m,
        tails_m=tails_m,
        flexion_axes=axes,
        abduction_axes=np.tile([0.0, 0.0, 1.0], (5, 1)),
        arm_axis=np.array([0.0, -1.0, 0.0]),
        pads=[own[:3] for own in vertices],
        pad_centers_m=[rest_m[own[:3]].mean(0) for own in vertices],
        ends=[own[3:] for own in vertices],
        vertex_triangles=sparse.csr_matrix((len(rest_m), len(triangles))),
    )
