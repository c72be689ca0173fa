"""The metrics of depth: how far predicted metres are from true ones.

Formulas, over the pixels that count, with p predicted and t true (Eigen et al., NeurIPS 2014; the same as in Depth
Anything V2's metric evaluation):

    mae      mean |p - t|                    rmse_log  sqrt(mean (ln p - ln t)^2)
    rmse     sqrt(mean (p - t)^2)            log10     mean |log10 p - log10 t|
    abs_rel  mean |p - t| / t                silog     sqrt(mean e^2 - 0.5 (mean e)^2), e = ln p - ln t
    sq_rel   mean (p - t)^2 / t              delta_k   share of max(p / t, t / p) < 1.25^k

All follow from sums over pixels, so that pixels of many pictures can be pooled without keeping them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

THRESHOLD = 1.25
SILOG_SHARE = 0.5
METRICS = (
    *("mae_mm", "rmse_mm", "abs_rel", "sq_rel", "rmse_log", "log10", "silog"),
    *("delta1", "delta2", "delta3"),
)


@dataclass(frozen=True)
class DepthSums:
    """Sums over the pixels that count. pixels: how many have a true depth; known: of those, how many a prediction."""

    pixels: int
    known: int
    absolute_m: float
    square_m2: float
    relative: float
    square_relative_m: float
    log: float
    log_absolute: float
    log_square: float
    within1: int
    within2: int
    within3: int

    def __add__(self, other: DepthSums) -> DepthSums:
        return DepthSums(*(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)))

    @property
    def coverage(self) -> float:
        """Share of the pixels with a true depth that the prediction says anything about; NaN of nothing."""
        return self.known / self.pixels if self.pixels else math.nan

    def metrics(self) -> dict[str, float]:
        """METRICS over the known pixels; each NaN where there is none."""
        if not self.known:
            return dict.fromkeys(METRICS, math.nan)
        n = self.known
        log_mean = self.log / n
        return {
            "mae_mm": 1000 * self.absolute_m / n,
            "rmse_mm": 1000 * math.sqrt(self.square_m2 / n),
            "abs_rel": self.relative / n,
            "sq_rel": self.square_relative_m / n,
            "rmse_log": math.sqrt(self.log_square / n),
            "log10": self.log_absolute / n / math.log(10),
            "silog": math.sqrt(max(0.0, self.log_square / n - SILOG_SHARE * log_mean**2)),
            "delta1": self.within1 / n,
            "delta2": self.within2 / n,
            "delta3": self.within3 / n,
        }


NOTHING = DepthSums(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0)


def depth_sums(predicted_m: np.ndarray, true_m: np.ndarray, counts: np.ndarray | None = None) -> DepthSums:
    """The sums of one picture, or of a part of it.

    predicted_m, true_m: any one shape, metres, NaN where unknown. counts: bool, the pixels to look at; None: all. Of
    those, the ones with a true depth are compared. Raises ValueError where shapes differ or a depth is not positive.
    """
    if predicted_m.shape != true_m.shape:
        raise ValueError(f"predicted depth is {predicted_m.shape}, true depth {true_m.shape}; they have to agree")
    compared = np.isfinite(true_m) if counts is None else np.isfinite(true_m) & counts
    true = true_m[compared].astype(np.float64)
    predicted = predicted_m[compared].astype(np.float64)
    known = np.isfinite(predicted)
    predicted, true = predicted[known], true[known]
    if len(true) and min(true.min(), predicted.min()) <= 0:
        raise ValueError("depth has to be above 0 m; write NaN where there is none")
    error = predicted - true
    log = np.log(predicted) - np.log(true)
    ratio = np.exp(np.abs(log))
    return DepthSums(
        pixels=len(known),
        known=len(true),
        absolute_m=float(np.abs(error).sum()),
        square_m2=float((error**2).sum()),
        relative=float((np.abs(error) / true).sum()),
        square_relative_m=float((error**2 / true).sum()),
        log=float(log.sum()),
        log_absolute=float(np.abs(log).sum()),
        log_square=float((log**2).sum()),
        within1=int((ratio < THRESHOLD).sum()),
        within2=int((ratio < THRESHOLD**2).sum()),
        within3=int((ratio < THRESHOLD**3).sum()),
    )


def pooled(sums: Iterable[DepthSums]) -> DepthSums:
    """All pixels of all pictures as those of one."""
    return sum(sums, NOTHING)


def mean_of_images(sums: Iterable[DepthSums]) -> dict[str, float]:
    """METRICS of each picture, averaged: every picture weighs the same. Pictures without a known pixel are left out."""
    rows = [image.metrics() for image in sums if image.known]
    return {name: float(np.mean([row[name] for row in rows])) if rows else math.nan for name in METRICS}
