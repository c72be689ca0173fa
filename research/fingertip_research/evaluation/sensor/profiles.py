"""Profiles across fingers: how wide, how high and how steep depth shows them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_research.evaluation.sensor.metrics import compute_mean

# Of a profile, the outer part on each side that shows the surface beside the finger.
_SURROUNDINGS = 0.2
_CORE_PX = 1.0  # half width of the part of a finger that gives its colour


@dataclass(frozen=True)
class Strip:
    """A part of an image across a finger, and straight along it. centre_px: (column, row) on the finger's axis.
    along: (2,) unit vector of the finger's direction. length_px: along the finger. reach_px: to each side of it."""

    centre_px: tuple[float, float]
    along: tuple[float, float]
    length_px: float
    reach_px: float

    @property
    def offsets_px(self) -> np.ndarray:
        """Distances from the axis of the samples of a profile: (N,), one pixel apart."""
        reach = round(self.reach_px)
        return np.arange(-reach, reach + 1, dtype=np.float64)


@dataclass(frozen=True)
class FingerProfile:
    """width_px: at half height. peak_m: height over the surface beside the finger. rise_px: from 10 to 90 % of the
    peak, mean of both edges. NaN where an edge is not in the profile."""

    width_px: float
    peak_m: float
    rise_px: float


def sample_strip(image: np.ndarray, strip: Strip) -> np.ndarray:
    """The nearest pixels of a strip: (H, W, ...) -> (L, N, ...), L along the finger, N across; NaN outside."""
    along = np.array(strip.along)
    across = np.array([-along[1], along[0]])
    steps = np.arange(-strip.length_px / 2, strip.length_px / 2 + 0.5)
    offsets = strip.offsets_px
    points = np.array(strip.centre_px) + steps[:, None, None] * along + offsets[None, :, None] * across
    columns, rows = np.rint(points).astype(int).transpose(2, 0, 1)
    inside = (columns >= 0) & (rows >= 0) & (columns < image.shape[1]) & (rows < image.shape[0])
    samples = image[np.clip(rows, 0, image.shape[0] - 1), np.clip(columns, 0, image.shape[1] - 1)].astype(np.float64)
    samples[~inside] = np.nan
    return samples


def compute_height_profile(stack_m: np.ndarray, strip: Strip) -> np.ndarray:
    """Height over the surface beside a finger, averaged along it and over the frames: (N,) metres.

    The surface is a line through the medians of both outer parts. Holes of the mean are filled between neighbours.
    Raises ValueError where one of the sides has no depth.
    """
    strips = np.concatenate([sample_strip(frame_m, strip) for frame_m in stack_m])
    depth_m = compute_mean(strips)
    offsets = strip.offsets_px
    side = max(2, round(_SURROUNDINGS * len(offsets)))
    known = np.isfinite(depth_m)
    if not (known[:side].any() and known[-side:].any()):
        raise ValueError("the surface beside the finger has no depth")
    depth_m = np.interp(offsets, offsets[known], depth_m[known])
    ends = [np.median(offsets[:side]), np.median(offsets[-side:])]
    surface_m = np.interp(offsets, ends, [np.median(depth_m[:side]), np.median(depth_m[-side:])])
    return surface_m - depth_m


def measure_profile(heights_m: np.ndarray) -> FingerProfile:
    """The finger in a profile of heights (N,), one pixel apart: its highest point, and the edges beside it."""
    top = int(np.argmax(heights_m))
    peak_m = float(heights_m[top])
    sides = heights_m[top::-1] / peak_m, heights_m[top:] / peak_m
    halves = [_find_crossing(side, 0.5) for side in sides]
    rises = [_find_crossing(side, 0.1) - _find_crossing(side, 0.9) for side in sides]
    return FingerProfile(width_px=float(sum(halves)), peak_m=peak_m, rise_px=float(np.mean(rises)))


def measure_color_width_px(color_bgr: np.ndarray, strip: Strip) -> float:
    """Width of a finger in a colour image, between the places half as far from its colour as its surroundings'.

    NaN where it does not stand out on both sides.
    """
    colors = np.nanmean(sample_strip(cv2.GaussianBlur(color_bgr, (3, 3), 0), strip), axis=0)
    offsets = strip.offsets_px
    core = np.abs(offsets) <= _CORE_PX
    finger = np.median(colors[core], axis=0)
    side = max(2, round(_SURROUNDINGS * len(offsets)))
    middle = len(offsets) // 2
    width_px = 0.0
    for half in (colors[middle::-1], colors[middle:]):
        surroundings = np.median(half[-side:], axis=0)
        contrast = finger - surroundings
        likeness = (half - surroundings) @ contrast / max(float(contrast @ contrast), 1e-9)
        width_px += _find_crossing(likeness, 0.5)
    return width_px


def compute_valley(heights_m: np.ndarray, first: int, second: int) -> float:
    """How deep depth falls between two fingers on the places `first` < `second` of a profile (N,).

    Relative to the lower of the two: 0 where they have melted into one, 1 where the surface between them is seen.
    """
    middle = (first + second) // 2
    reach = (second - first) // 2
    left = heights_m[max(first - reach, 0) : middle + 1]
    right = heights_m[middle : second + reach + 1]
    lower_m = min(float(left.max()), float(right.max()))
    between = heights_m[first : second + 1]
    return float(np.clip(1 - between.min() / lower_m, 0.0, 1.0)) if lower_m > 0 else float("nan")


def _find_crossing(values: np.ndarray, level: float) -> float:
    """The place at which values that begin above a level first fall below it, interpolated; NaN where they do not."""
    below = np.flatnonzero(values < level)
    if not len(below) or below[0] == 0:
        return float("nan")
    last = int(below[0])
    return float(last - 1 + (values[last - 1] - level) / (values[last - 1] - values[last]))
