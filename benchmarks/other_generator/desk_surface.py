"""The desk's surface: wooden or speckled, with the printed sheet on it."""

from __future__ import annotations

import cv2
import numpy as np

from other_generator.sheet import PIXELS_PER_MM, Sheet, render_sheet

# Side of the desk's texture: one texel per millimetre.
_TEXELS = 1500
_WOODS_BGR = ((0.16, 0.28, 0.44), (0.10, 0.17, 0.27), (0.30, 0.42, 0.55))
_PLASTICS_BGR = ((0.42, 0.44, 0.45), (0.20, 0.20, 0.21), (0.25, 0.33, 0.30))
# Radius of the grains of paper.
_GRAIN_M, _GRAIN_STREAM = 0.0004, 880
_PAPER_BGR = 0.86, np.array([0.97, 0.99, 1.0], np.float32)


class DeskSurface:
    """Colours of the plane z = 0. paper_grain: SD of the paper's brightness relative to its mean."""

    def __init__(self, sheet: Sheet, paper_grain: float, random: np.random.Generator) -> None:
        self._sheet = sheet
        self._desk_texture = _make_wood(random) if random.random() < 0.5 else _make_speckled(random)
        self._sheet_texture = render_sheet(sheet)
        if paper_grain > 0:
            self._sheet_texture *= 1 + paper_grain * _make_grain(self._sheet_texture.shape)

    def sample_albedo(self, points_m: np.ndarray) -> np.ndarray:
        """Albedo (N, 3) float32 at points (N, 3) in the plane."""
        x_m, y_m = points_m[:, 0].astype(np.float32), points_m[:, 1].astype(np.float32)
        center = _TEXELS / 2
        albedo = _sample_texture(self._desk_texture, x_m * 1000 + center, center - y_m * 1000, cv2.BORDER_REFLECT)
        width, height = self._sheet.size_mm
        column, row = (x_m * 1000 + width / 2) * PIXELS_PER_MM - 0.5, (height / 2 - y_m * 1000) * PIXELS_PER_MM - 0.5
        paper = _sample_texture(self._sheet_texture, column, row, cv2.BORDER_REPLICATE)
        on_sheet = (np.abs(x_m) < width / 2000) & (np.abs(y_m) < height / 2000)
        brightness, tint_bgr = _PAPER_BGR
        albedo[on_sheet] = (paper[on_sheet] * brightness) * tint_bgr
        return albedo


def _sample_texture(texture: np.ndarray, columns: np.ndarray, rows: np.ndarray, border: int) -> np.ndarray:
    """(N, channels) of a texture (H, W) or (H, W, channels), interpolated."""
    # OpenCV limits the height of maps: the points are arranged in a rectangle and padded to full rows.
    shape, padding = (-1, 256), (0, -len(columns) % 256)
    maps = (np.pad(places, padding).reshape(shape) for places in (columns, rows))
    values = cv2.remap(texture, *maps, cv2.INTER_LINEAR, borderMode=border)
    return values.reshape(-1, 1 if texture.ndim == 2 else texture.shape[2])[: len(columns)]


def _make_grain(shape: tuple[int, ...]) -> np.ndarray:
    """(H, W) float32 noise with a standard deviation of 1, at the sheet's resolution: all sheets are of one paper."""
    white = np.random.default_rng(_GRAIN_STREAM).standard_normal(shape, dtype=np.float32)
    grain = cv2.GaussianBlur(white, (0, 0), _GRAIN_M * 1000 * PIXELS_PER_MM)
    return grain / grain.std()


def _make_wood(random: np.random.Generator) -> np.ndarray:
    """(_TEXELS, _TEXELS, 3) float32 albedo."""
    size = (_TEXELS, _TEXELS)
    grain = cv2.resize(_sample_value_noise(random, (_TEXELS, _TEXELS // 10), 5), size, interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(_sample_value_noise(random, (_TEXELS, _TEXELS // 12), 2), size, interpolation=cv2.INTER_CUBIC)
    rings = np.sin(grain * 2.2 + np.arange(_TEXELS)[:, None] / 14)
    base = np.array(_WOODS_BGR)[random.integers(3)]
    return _apply_texture(base, 1 + 0.13 * rings + 0.07 * fine + 0.03 * random.normal(size=size))


def _make_speckled(random: np.random.Generator) -> np.ndarray:
    """(_TEXELS, _TEXELS, 3) float32 albedo."""
    size = (_TEXELS, _TEXELS)
    base = np.array(_PLASTICS_BGR)[random.integers(3)]
    speckles = cv2.GaussianBlur(random.normal(size=size).astype(np.float32), (0, 0), 0.9)
    speckles /= speckles.std()
    clouds = 0.05 * _sample_value_noise(random, size, 6)
    return _apply_texture(base, 1 + clouds + 0.28 * (speckles > 1.5) - 0.30 * (speckles < -1.5))


def _apply_texture(base_bgr: np.ndarray, factor: np.ndarray) -> np.ndarray:
    return np.clip(base_bgr * np.clip(factor, 0.3, 1.8)[:, :, None], 0.01, 0.95).astype(np.float32)


def _sample_value_noise(random: np.random.Generator, shape: tuple[int, int], octaves: int) -> np.ndarray:
    """Value noise of several octaves: (H, W) float32 with a standard deviation of 1."""
    total, amplitude = np.zeros(shape, np.float32), 1.0
    for octave in range(octaves):
        cells = [max(2, int(np.ceil(side))) for side in np.array(shape) / 2 ** (octaves - octave)]
        coarse = random.normal(size=cells).astype(np.float32)
        total += amplitude * cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
        amplitude *= 0.55
    return total / total.std()
