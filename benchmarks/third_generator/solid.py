"""What stands on the desk, as the painter draws it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Solid:
    """What stands on the desk at a time. vertices: (V, 15) float32, position, normal, place at rest, albedo and
    openness, kind and gloss (`shaders.FRAGMENT`). triangles: (F, 3) int32. bones: (B, 2, 4) float32, the ends and the
    radius of what hides the sky; metres, sheet frame."""

    vertices: np.ndarray
    triangles: np.ndarray
    bones: np.ndarray
