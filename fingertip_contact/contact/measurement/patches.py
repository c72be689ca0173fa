"""Square windows out of an image, and bilinear sampling between its pixels."""

from __future__ import annotations

import numpy as np


def extract_patches(image: np.ndarray, origin_px: np.ndarray, before: int, after: int) -> np.ndarray:
    """(N, before + 1 + after, the same) float32 greys around pixels (N, 2), with the border replicated."""
    margin_px = np.arange(-before, after + 1)
    columns = np.clip(origin_px[:, :1] + margin_px, 0, image.shape[1] - 1)
    rows = np.clip(origin_px[:, 1:] + margin_px, 0, image.shape[0] - 1)
    return image[rows[:, :, None], columns[:, None]].astype(np.float32)


def interpolate_bilinear(patches: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """(N, S, S) patches (N, S + 1, S + 1) sampled bilinearly at a fraction (N, 2) of a pixel to the right and down."""
    right, down = fraction.astype(np.float32)[:, :, None, None].transpose(1, 0, 2, 3)
    rows = patches[:, :-1] + down * (patches[:, 1:] - patches[:, :-1])
    return rows[:, :, :-1] + right * (rows[:, :, 1:] - rows[:, :, :-1])


def has_margin(origin_px: np.ndarray, shape: tuple[int, ...], margin_px: int) -> np.ndarray:
    """(N,) whether points (N, 2) are at least margin_px from every border of an image (H, W)."""
    return np.all((origin_px >= margin_px) & (origin_px < np.array(shape[1::-1]) - margin_px), axis=1)


def make_gaussian_weights(window: np.ndarray, sigma_half_widths: float) -> np.ndarray:
    """(S, S) float32 Gaussian weights of a window (S, S, 2). sigma: in half widths of the window."""
    half = len(window) // 2
    return np.exp(-0.5 * (window**2).sum(axis=-1) / (sigma_half_widths * half) ** 2).astype(np.float32)
