"""How low each finger's measured heights were lately: where the surface is for a finger that is seen in its own way."""

from __future__ import annotations

import numpy as np

# A percentile of this many heights, taken at this interval: four seconds. Taps are a few percent of the time.
INTERVAL_S, MEMORY, PERCENTILE = 0.1, 40, 8.0
# Before this many are known there is no floor.
MIN_HEIGHTS = 4


class HeightFloor:
    """update() takes heights (..., fingers); `floor` has the same shape. A stamp that runs backwards, as where a
    recording begins anew, is the next one."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        # The last heights, in any order; NaN comes last in what is sorted.
        self._heights = np.full((MEMORY, *shape), np.nan)
        self._count = 0
        self._last_ns: int | None = None
        self.floor = np.full(shape, np.nan)

    def update(self, stamp_ns: int, heights: np.ndarray) -> None:
        """heights: in any unit, NaN where not measured."""
        if self._last_ns is not None and 0 <= stamp_ns - self._last_ns < INTERVAL_S * 1e9 * 0.9:
            return
        self._last_ns = stamp_ns
        self._heights[self._count % MEMORY] = heights
        self._count += 1
        ordered = np.sort(self._heights, axis=0)
        count = np.isfinite(ordered).sum(axis=0)
        index = np.floor(PERCENTILE / 100 * np.maximum(count - 1, 0)).astype(int)
        lowest = np.take_along_axis(ordered, index[None], axis=0)[0]
        self.floor = np.where(count >= MIN_HEIGHTS, lowest, np.nan)
