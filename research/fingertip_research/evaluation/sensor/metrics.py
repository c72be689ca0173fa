"""How far still depth strays from a plane: figures of a stack of frames of one unmoving scene.

A stack is (T, H, W) float, metres along the optical axis, NaN where invalid. All figures of noise are free of the bias
of a short stack: a stack of 3 frames gives on average what one of 24 gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_research.simulation.camera_rays import pixel_grid

# Of the neighbours in a list of values, those whose spacing is below this multiple of the smallest one are one step
# apart; the others have unused values between them.
_MAX_STEP_RATIO = 1.5
MIN_VALUES = 8
# A depth that is farther from the plane than this part of it is a wrong match, not noise: it is counted, but kept out
# of fit and RMS. Noise of 0.16 px of disparity is a hundredth of the depth at 50 cm.
GROSS_ERROR_RATIO = 0.15
_FIT_PASSES = 4
MIN_PIXELS = 50


@dataclass(frozen=True)
class NoiseFigures:
    """Depth about a plane. distance_m: mean depth of the plane where depth is valid. rms_m: of single frames about the
    plane. temporal_m: SD over the frames, RMS over the pixels; NaN for a single frame. fixed_m: what is left of rms_m,
    the same in all frames. rms_per_m: RMS of the residual over the squared depth, per metre: `a` in RMS = a z^2.
    fill: share of the pixels that are valid, 0..1. gross_share: share of the valid ones that are wrong matches, which
    count in no other figure but fill."""

    distance_m: float
    rms_m: float
    temporal_m: float
    fixed_m: float
    rms_per_m: float
    fill: float
    gross_share: float

    @property
    def temporal_share(self) -> float:
        """temporal_m / rms_m; NaN for a single frame."""
        return self.temporal_m / self.rms_m if self.rms_m > 0 else float("nan")


def to_metres(raw: np.ndarray, unit_m: float) -> np.ndarray:
    """Raw depth of any shape, 0 invalid -> float32 metres, NaN where invalid."""
    return np.where(raw > 0, raw * np.float32(unit_m), np.nan).astype(np.float32)


def fit_plane_depth(stack_m: np.ndarray, camera: Camera, mask: np.ndarray | None = None) -> np.ndarray:
    """The depth of the plane that fits the mean of the frames best, in inverse depth: (H, W) float64, metres.

    mask: (H, W) bool, the pixels to fit; None: all. Inverse depth is linear in the ray of a pixel on a plane, and a
    stereo camera's noise is even in it. Wrong matches are left out, once the fit of the others shows them. Raises
    ValueError where fewer than MIN_PIXELS pixels are valid.
    """
    shape = stack_m.shape[1:]
    rays = camera.rays(pixel_grid(camera))
    plane_m = np.full(shape, _compute_median(stack_m, mask))
    for _ in range(_FIT_PASSES):
        mean_m = compute_mean(remove_gross_errors(stack_m, plane_m))
        fitted = np.isfinite(mean_m) if mask is None else np.isfinite(mean_m) & mask
        if fitted.sum() < MIN_PIXELS:
            raise ValueError(f"{int(fitted.sum())} pixels of the plane have depth, {MIN_PIXELS} are needed")
        coefficients, *_ = np.linalg.lstsq(rays[fitted.ravel()], 1 / mean_m[fitted], rcond=None)
        inverse = (rays @ coefficients).reshape(shape)
        plane_m = np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1), np.nan)
    return plane_m


def measure_noise(stack_m: np.ndarray, plane_m: np.ndarray, mask: np.ndarray | None = None) -> NoiseFigures:
    """The noise of a stack about the depth of its plane, (H, W) metres. mask: (H, W) bool, the pixels that count.

    Raises ValueError where fewer than MIN_PIXELS pixels are valid.
    """
    counted = np.isfinite(plane_m) if mask is None else np.isfinite(plane_m) & mask
    all_depth_m = stack_m[:, counted].astype(np.float64)
    depth_m = remove_gross_errors(all_depth_m, plane_m[counted])
    valid = np.isfinite(depth_m)
    if valid.any(axis=0).sum() < MIN_PIXELS:
        raise ValueError(f"{int(valid.any(axis=0).sum())} pixels of the plane have depth, {MIN_PIXELS} are needed")
    plane = np.broadcast_to(plane_m[counted], depth_m.shape)
    residual_m = (depth_m - plane)[valid]
    rms_m = _rms(residual_m)
    temporal_m = _compute_temporal_sd(depth_m)
    fill = float(np.isfinite(all_depth_m).mean())
    return NoiseFigures(
        distance_m=float(plane[valid].mean()),
        rms_m=rms_m,
        temporal_m=temporal_m,
        fixed_m=float(np.sqrt(max(rms_m**2 - temporal_m**2, 0.0))) if np.isfinite(temporal_m) else float("nan"),
        rms_per_m=_rms(residual_m / plane[valid] ** 2),
        fill=fill,
        gross_share=1 - float(valid.mean()) / fill,
    )


def remove_gross_errors(stack_m: np.ndarray, plane_m: np.ndarray) -> np.ndarray:
    """The stack with NaN for depths that are farther from the plane than GROSS_ERROR_RATIO of it."""
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(stack_m - plane_m) <= GROSS_ERROR_RATIO * plane_m, stack_m, np.nan)


def compute_bias_m(stack_m: np.ndarray, exact_m: np.ndarray, mask: np.ndarray | None = None) -> float:
    """Mean of measured less exact depth (H, W), metres, without wrong matches: negative where it measures too near."""
    error_m = remove_gross_errors(stack_m, exact_m) - exact_m
    return float(np.nanmean(error_m if mask is None else error_m[:, mask]))


def compute_share_within(
    stack_m: np.ndarray, plane_m: np.ndarray, tolerance_m: float | np.ndarray, mask: np.ndarray | None = None
) -> float:
    """Share of the valid pixels within tolerance_m of the plane's depth (H, W); a number, or one a pixel (H, W)."""
    distance_m = np.abs(stack_m - plane_m)
    counted = np.isfinite(distance_m) if mask is None else np.isfinite(distance_m) & mask
    return float((distance_m <= tolerance_m)[counted].mean()) if counted.any() else float("nan")


def find_step_px(raw: np.ndarray, unit_m: float, focal_baseline: float) -> float | None:
    """The smallest step between neighbouring values of raw depth, in pixels of disparity.

    raw: any shape, integers of unit_m, 0 invalid. focal_baseline: f B, px m. None where it cannot be told: fewer than
    MIN_VALUES values, or steps as small as the unit of all values, which may hide smaller ones.
    """
    values = np.unique(raw[raw > 0]).astype(np.int64)
    if len(values) < MIN_VALUES:
        return None
    # Whole millimetres stay whole millimetres when they are written as tenths.
    coarse_unit = int(np.gcd.reduce(values))
    spacing_px = -np.diff(focal_baseline / (values * unit_m))
    single = spacing_px <= _MAX_STEP_RATIO * spacing_px.min()
    if np.median(np.diff(values)[single]) <= coarse_unit:
        return None
    return float(np.median(spacing_px[single]))


def compute_mean(stack_m: np.ndarray) -> np.ndarray:
    """The mean of each pixel over the frames in which it is valid: (H, W), NaN where it never is."""
    valid = np.isfinite(stack_m)
    count = valid.sum(axis=0)
    total = np.where(valid, stack_m, 0).sum(axis=0, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _compute_median(stack_m: np.ndarray, mask: np.ndarray | None) -> float:
    """Of all valid depth; NaN without any."""
    depth_m = stack_m if mask is None else stack_m[:, mask]
    depth_m = depth_m[np.isfinite(depth_m)]
    return float(np.median(depth_m)) if len(depth_m) else float("nan")


def _compute_temporal_sd(depth_m: np.ndarray) -> float:
    """RMS over pixels of the SD over frames, (T, N): each pixel weighs as often as it is valid. NaN for one frame."""
    count = np.isfinite(depth_m).sum(axis=0)
    repeated = count > 1
    if not repeated.any():
        return float("nan")
    squares = np.nansum((depth_m - compute_mean(depth_m)) ** 2, axis=0)[repeated]
    variance = squares / (count[repeated] - 1)
    return float(np.sqrt(np.average(variance, weights=count[repeated])))


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
