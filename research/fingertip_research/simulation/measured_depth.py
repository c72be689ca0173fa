"""What a depth sensor gives for one frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class MeasuredDepth:
    """published_mm: (H, W) uint16 on the depth camera's grid, whole millimetres, 0 invalid. aligned_mm: the same on the
    colour camera's grid. infra: the left and the right image from which it was matched, (H, W) uint8; None if it was
    not."""

    published_mm: np.ndarray
    aligned_mm: np.ndarray
    infra: tuple[np.ndarray, np.ndarray] | None = None
