"""Both hands and the things on the desk, as the painter draws them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fingertip_contact.datatypes import Handedness
from third_generator.flesh import FOREARM_LENGTH_M, Flesh, skin
from third_generator.scenery import Look
from third_generator.skeleton import BONE_COUNT
from third_generator.solid import Solid

_SKIN, _CLOTH, _THING = 0.0, 1.0, 2.0
_NAIL_TINT, _BLUSH_TINT = np.array([1.18, 1.05, 1.08]), np.array([1.06, 0.84, 0.84])
# Radii for the light that bones take from the sky: of a finger's bones, of the palm and of the arm.
_BONE_RADII_M = np.array([0.012, 0.011, 0.009] + [0.0085, 0.0078, 0.007] * 4 + [0.018, 0.03])
_MIRROR = np.array([-1.0, 1.0, 1.0])


class Body:
    """The hands' skins, coloured; `pose` puts them onto the desk."""

    def __init__(self, fleshes: Mapping[Handedness, Flesh], look: Look) -> None:
        self._fleshes = fleshes
        self._paint = {hand: _paint(flesh, look) for hand, flesh in fleshes.items()}
        self._things = _make_things(look)

    def pose(self, bones: Mapping[Handedness, np.ndarray]) -> Solid:
        """bones: (17, 4, 4) of each hand in view, in the sheet frame; a left hand's are of its mirror image."""
        vertices, triangles, shades = [self._things[0]], [self._things[1]], []
        start = len(self._things[0])
        for hand, placed in bones.items():
            flesh, mirror = self._fleshes[hand], _MIRROR if hand == "left" else np.ones(3)
            vertices_m, normals = skin(flesh, placed)
            vertices.append(np.hstack([vertices_m * mirror, normals * mirror, self._paint[hand]]))
            triangles.append(flesh.triangles + start)
            start += len(vertices_m)
            shades.append(_find_shades(placed, flesh) * [*mirror, 1])
        bones_m = np.concatenate(shades) if shades else np.zeros((0, 2, 4))
        return Solid(
            np.concatenate(vertices).astype(np.float32),
            np.concatenate(triangles).astype(np.int32),
            bones_m.astype(np.float32),
        )


def _paint(flesh: Flesh, look: Look) -> np.ndarray:
    """(V, 9): place at rest, albedo, openness, kind, gloss."""
    nail, blush, sleeve = flesh.nail[:, None], flesh.blush[:, None], flesh.sleeve[:, None]
    strength = 0.9 - 0.08 * look.skin_tone
    albedo = look.skin * (1 + (_BLUSH_TINT - 1) * blush * strength) * (1 + (_NAIL_TINT - 1) * nail)
    albedo = np.where(sleeve, look.cloth, albedo)
    kind = np.where(flesh.sleeve, _CLOTH, _SKIN)
    gloss = np.where(flesh.sleeve, 0.02, 0.16 + 0.5 * flesh.nail)
    return np.column_stack([flesh.vertices_m, albedo, flesh.openness, kind, gloss])


def _find_shades(bones: np.ndarray, flesh: Flesh) -> np.ndarray:
    """(17, 2, 4): the ends and radii of the bones."""
    shades = np.empty((BONE_COUNT + 2, 2, 4))
    shades[:, :, 3] = _BONE_RADII_M[:, None]
    starts_m = bones[:BONE_COUNT, :3, 3]
    shades[:BONE_COUNT, 0, :3] = starts_m
    for finger in range(5):
        last = 3 * finger + 2
        shades[3 * finger : last, 1, :3] = starts_m[3 * finger + 1 : last + 1]
        shades[last, 1, :3] = bones[last, :3, :3] @ (0.85 * flesh.tips_m[finger]) + bones[last, :3, 3]
    palm, arm = bones[BONE_COUNT], bones[BONE_COUNT + 1]
    shades[BONE_COUNT, :, :3] = palm[:3, 3], palm[:3, 3] + 0.075 * palm[:3, 1]
    shades[BONE_COUNT + 1, :, :3] = arm[:3, 3], arm[:3, 3] - FOREARM_LENGTH_M * arm[:3, 1]
    return shades


def _make_things(look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 15) and triangles of the boxes."""
    vertices, triangles = [], []
    for (low, high), color in zip(look.things, look.thing_colors, strict=True):
        for axis in range(3):
            for side in (0, 1):
                start = len(vertices)
                normal = np.eye(3)[axis] * (2 * side - 1)
                for first in (0, 1):
                    for second in (0, 1):
                        corner = np.empty(3)
                        corner[axis] = (low, high)[side][axis]
                        corner[(axis + 1) % 3] = (low, high)[first][(axis + 1) % 3]
                        corner[(axis + 2) % 3] = (low, high)[second][(axis + 2) % 3]
                        vertices.append([*corner, *normal, *corner, *color, 1.0, _THING, 0.1])
                triangles += [[start, start + 1, start + 2], [start + 1, start + 2, start + 3]]
    return np.array(vertices).reshape(-1, 15), np.array(triangles, dtype=np.int32).reshape(-1, 3)
