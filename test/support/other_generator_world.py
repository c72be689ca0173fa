"""A scene for the other generator without hands: a finger-sized bar over a desk, seen from straight above."""

from __future__ import annotations

import numpy as np

from other_generator.body import Body, PosedBody
from other_generator.scenery import Scenery
from other_generator.view import View

_SIDES = 24
_RINGS_M = np.linspace(-0.05, 0.05, 41)


def make_view_from_above(distance_m: float, focal_px: float = 392.0) -> View:
    """From the typist's own side: image up is away from the typist."""
    rotation = np.diag([1.0, -1.0, -1.0])
    return View(rotation, np.array([0.0, 0.0, distance_m]), focal_px, 319.5, 239.5)


def make_scenery(view: View, surface: object, lighting: object, skin: object) -> Scenery:
    return Scenery(view, lighting, surface, skin)


def make_bar(radius_m: float, top_m: float) -> PosedBody:
    """A bar of skin along y. top_m: its height over the desk."""
    angles = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    around = np.column_stack([np.sin(angles), np.zeros(_SIDES), np.cos(angles)])
    vertices_m = np.concatenate([radius_m * around + [0, y_m, top_m - radius_m] for y_m in _RINGS_M])
    ring, side = np.mgrid[: len(_RINGS_M) - 1, :_SIDES]
    a, b = (ring * _SIDES + side).ravel(), (ring * _SIDES + (side + 1) % _SIDES).ravel()
    triangles = np.concatenate([np.stack([a, b, b + _SIDES], 1), np.stack([a, b + _SIDES, a + _SIDES], 1)])
    count = len(vertices_m)
    body = Body(
        triangles=triangles.astype(np.int32),
        rest_m=vertices_m.astype(np.float32),
        nail=np.zeros(count, np.float32),
        crease=np.zeros(count, np.float32),
        parts=np.full(count, 4, np.uint8),
    )
    return PosedBody(body, vertices_m, np.tile(around, (len(_RINGS_M), 1)))
