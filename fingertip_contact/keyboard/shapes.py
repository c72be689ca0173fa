"""Outlines of keys: the distance from a point to a key."""

from __future__ import annotations

import numpy as np

from fingertip_contact.protocols import KeyShape
from fingertip_contact.registry import KEY_SHAPES

RECTANGLE = "rectangle"


class Rectangle:
    """A rectangle with edges parallel to the sheet's."""

    def edge_distance_m(self, offsets_m: np.ndarray, size_m: tuple[float, float] | np.ndarray) -> np.ndarray:
        """Points (..., 2) relative to the key's centre -> (...) distance to its edge, metres, 0 on the key.

        size_m: width and height; an array (..., 2) holds one size per key.
        """
        outside_m = np.maximum(np.abs(offsets_m) - np.asarray(size_m) / 2, 0.0)
        return np.hypot(outside_m[..., 0], outside_m[..., 1])


def make_key_shape(name: str) -> KeyShape:
    """A shape by its name in `registry.KEY_SHAPES`. Raises ValueError for an unknown name, or a class without
    `edge_distance_m`."""
    shape: KeyShape = KEY_SHAPES.make(name, required=("edge_distance_m",))
    return shape
