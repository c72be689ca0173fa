"""Small numerical helpers that several rooms share."""

from __future__ import annotations

import math

import numpy as np

# The median absolute deviation of a normal distribution, times this, is its standard deviation.
MAD_TO_SIGMA = 1.4826
# Log-odds beyond this are clipped: exp stays finite, and probabilities strictly between 0 and 1.
MAX_LOG_ODDS = 30.0


def sigmoid(log_odds: float) -> float:
    """The probability of log-odds, 0..1."""
    return 1.0 / (1.0 + math.exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds))))


def stereo_depth_sigma_m(
    depth_m: np.ndarray, focal_px: float, baseline_m: float, disparity_sigma_px: float
) -> np.ndarray:
    """Standard deviation of a stereo camera's depth, metres: z^2 s / (f B), from z = f B / d.

    depth_m: z, any shape. focal_px: f. baseline_m: B. disparity_sigma_px: s, the sub-pixel error of matching.
    """
    return depth_m**2 * disparity_sigma_px / (focal_px * baseline_m)


def stereo_inverse_depth_sigma(focal_px: float, baseline_m: float, disparity_sigma_px: float) -> float:
    """Standard deviation of a stereo camera's inverse depth, 1/metres: s / (f B), the same at any depth."""
    return disparity_sigma_px / (focal_px * baseline_m)
