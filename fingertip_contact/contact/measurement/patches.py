"""Square windows out of an image, and bilinear sampling between its pixels."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.lib.stride_tricks import as_strided


def extract_patches(image: np.ndarray, origin_px: np.ndarray, before: int, after: int) -> np.ndarray:
    """(N, before + 1 + after, the same) float32 greys around pixels (N, 2), with the border replicated."""
    return extract_strips(image, origin_px - before, before + 1 + after, before + 1 + after)


def extract_strips(image: np.ndarray, corner_px: np.ndarray, height: int, width: int) -> np.ndarray:
    """(N, height, width) float32 greys to the right of and below pixels (N, 2) int, with the border replicated."""
    limits_px = (image.shape[1] - width, image.shape[0] - height)
    outside: np.ndarray = np.any((corner_px < 0) | (corner_px > limits_px), axis=1)
    if outside.all():
        return _extract_at_border(image, corner_px, height, width)
    # A view of every window of the image: the windows themselves are copied line by line.
    windows = as_strided(image, (limits_px[1] + 1, limits_px[0] + 1, height, width), image.strides * 2, writeable=False)
    columns, rows = np.where(outside[:, None], 0, corner_px).T
    strips = windows[rows, columns].astype(np.float32)
    if outside.any():
        strips[outside] = _extract_at_border(image, corner_px[outside], height, width)
    return strips


def _extract_at_border(image: np.ndarray, corner_px: np.ndarray, height: int, width: int) -> np.ndarray:
    columns = np.clip(corner_px[:, :1] + np.arange(width), 0, image.shape[1] - 1)
    rows = np.clip(corner_px[:, 1:] + np.arange(height), 0, image.shape[0] - 1)
    return image[rows[:, :, None], columns[:, None]].astype(np.float32)


@cache
def make_window(half: int) -> np.ndarray:
    """(S, S, 2) offsets of a window's pixels from its middle, to the right and down; S = 2 half + 1. Not to be changed:
    the same array every time."""
    steps = np.arange(-half, half + 1)
    window = np.stack(np.meshgrid(steps, steps), axis=-1)
    window.flags.writeable = False
    return window


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
