"""Both hands as one mesh with the vertex attributes for the renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from other_generator.hand import HandModel
from other_generator.skin import THUMB_PART, compute_creases, compute_nails, label_parts

# The labels of the right hand's parts are higher by this.
_HAND_LABEL_OFFSET = 20
# Offset between the hands in the skin's noise, so that their skins differ.
_SKIN_SEPARATION_M = 0.5


@dataclass(frozen=True)
class Body:
    """triangles: (T, 3) int32. rest_m: (V, 3) float32, positions in the skin's noise. nail, crease: (V,) float32, 0..1.

    parts: (V,) uint8, label of the vertex's part (`make_part_label`), never 0.
    """

    triangles: np.ndarray
    rest_m: np.ndarray
    nail: np.ndarray
    crease: np.ndarray
    parts: np.ndarray


@dataclass(frozen=True)
class PosedBody:
    """The body at a time. vertices_m, normals: (V, 3) in the sheet frame."""

    body: Body
    vertices_m: np.ndarray
    normals: np.ndarray


def make_body(models: Mapping[Handedness, HandModel]) -> Body:
    """Combines the hands; vertices of the left hand come first."""
    hands = [models[hand] for hand in HANDS]
    starts = (0, len(hands[0].rest_m))
    triangles = [model.triangles + start for model, start in zip(hands, starts, strict=True)]
    rest_m = [model.rest_m + np.array([0, 0, number * _SKIN_SEPARATION_M]) for number, model in enumerate(hands)]
    labels = [label_parts(model) + _HAND_LABEL_OFFSET * number for number, model in enumerate(hands)]
    return Body(
        triangles=np.concatenate(triangles).astype(np.int32),
        rest_m=np.concatenate(rest_m).astype(np.float32),
        nail=np.concatenate([compute_nails(model) for model in hands]).astype(np.float32),
        crease=np.concatenate([compute_creases(model) for model in hands]).astype(np.float32),
        parts=np.concatenate(labels).astype(np.uint8),
    )


def make_part_label(hand: Handedness, finger: int) -> int:
    """The label of a finger in `Body.parts`."""
    return THUMB_PART + finger + _HAND_LABEL_OFFSET * HANDS.index(hand)
