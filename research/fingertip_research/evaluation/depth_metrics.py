"""Depth metrics: errors of predicted metres.

Formulas, over the valid pixels, with p predicted and t true (Eigen et al., NeurIPS 2014; the same as in Depth
Anything V2's metric evaluation):

    mae      mean |p - t|                    rmse_log  sqrt(mean (ln p - ln t)^2)
    rmse     sqrt(mean (p - t)^2)            log10     mean |log10 p - log10 t|
    abs_rel  mean |p - t| / t                silog     sqrt(mean e^2 - 0.5 (mean e)^2), e = ln p - ln t
    sq_rel   mean (p - t)^2 / t              delta_k   fraction of max(p / t, t / p) < 1.25^k

All are functions of sums over pixels, so that pixels of many images can be pooled without keeping them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

DELTA_THRESHOLD = 1.25
SILOG_LAMBDA = 0.5
METRICS = (
    *("mae_mm", "rmse_mm", "abs_rel", "sq_rel", "rmse_log", "log10", "silog"),
    *("delta1", "delta2", "delta3"),
)


@dataclass(frozen=True)
class DepthSums:
    """Sums over the valid pixels. pixels: number with a true depth; predicted_pixels: number of those with a
    prediction."""

    pixels: int
    predicted_pixels: int
    absolute_m: float
    square_m2: float
    relative: float
    square_relative_m: float
    log: float
    log_absolute: float
    log_square: float
    delta1_count: int
    delta2_count: int
    delta3_count: int

    def __add__(self, other: DepthSums) -> DepthSums:
        return DepthSums(*(getattr(self, entry.name) + getattr(other, entry.name) for entry in fields(self)))

    @property
    def coverage(self) -> float:
        """Ratio of the pixels with a true depth that have a prediction; NaN without a true depth."""
        return self.predicted_pixels / self.pixels if self.pixels else math.nan

    def metrics(self) -> dict[str, float]:
        """METRICS over the predicted pixels; all NaN without any."""
        if not self.predicted_pixels:
            return dict.fromkeys(METRICS, math.nan)
        n = self.predicted_pixels
        log_mean = self.log / n
        return {
            "mae_mm": 1000 * self.absolute_m / n,
            "rmse_mm": 1000 * math.sqrt(self.square_m2 / n),
            "abs_rel": self.relative / n,
            "sq_rel": self.square_relative_m / n,
            "rmse_log": math.sqrt(self.log_square / n),
            "log10": self.log_absolute / n / math.log(10),
            "silog": math.sqrt(max(0.0, self.log_square / n - SILOG_LAMBDA * log_mean**2)),
            "delta1": self.delta1_count / n,
            "delta2": self.delta2_count / n,
            "delta3": self.delta3_count / n,
        }


ZERO_SUMS = DepthSums(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0)


def compute_depth_sums(predicted_m: np.ndarray, true_m: np.ndarray, mask: np.ndarray | None = None) -> DepthSums:
    """The sums of one image, or of a part of it.

    predicted_m, true_m: of the same shape, metres, NaN where unknown. mask: bool, the pixels to compare; None: all.
    Pixels without a true depth are ignored. Raises ValueError where shapes differ or a depth is not positive.
    """
    if predicted_m.shape != true_m.shape:
        raise ValueError(f"predicted depth is {predicted_m.shape}, true depth {true_m.shape}; they have to agree")
    is_valid = np.isfinite(true_m) if mask is None else np.isfinite(true_m) & mask
    true = true_m[is_valid].astype(np.float64)
    predicted = predicted_m[is_valid].astype(np.float64)
    is_predicted = np.isfinite(predicted)
    predicted, true = predicted[is_predicted], true[is_predicted]
    if len(true) and min(true.min(), predicted.min()) <= 0:
        raise ValueError("depth has to be above 0 m; write NaN where it is unknown")
    error = predicted - true
    log = np.log(predicted) - np.log(true)
    ratio = np.exp(np.abs(log))
    return DepthSums(
        pixels=len(is_predicted),
        predicted_pixels=len(true),
        absolute_m=float(np.abs(error).sum()),
        square_m2=float((error**2).sum()),
        relative=float((np.abs(error) / true).sum()),
        square_relative_m=float((error**2 / true).sum()),
        log=float(log.sum()),
        log_absolute=float(np.abs(log).sum()),
        log_square=float((log**2).sum()),
        delta1_count=int((ratio < DELTA_THRESHOLD).sum()),
        delta2_count=int((ratio < DELTA_THRESHOLD**2).sum()),
        delta3_count=int((ratio < DELTA_THRESHOLD**3).sum()),
    )


def pool_sums(sums: Iterable[DepthSums]) -> DepthSums:
    """The sums over all pixels of all images."""
    return sum(sums, ZERO_SUMS)


def average_over_images(sums: Iterable[DepthSums]) -> dict[str, float]:
    """METRICS averaged over images with equal weight. Images without a predicted pixel are left out."""
    rows = [image.metrics() for image in sums if image.predicted_pixels]
    return {name: float(np.mean([row[name] for row in rows])) if rows else math.nan for name in METRICS}
