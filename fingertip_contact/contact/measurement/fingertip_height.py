"""Fingertip heights over the surface: depth along the end of each finger, for all fingers at once.

The camera sees the nail side; the pad that touches is hidden below. The end of the finger is seen well: a scan along
the last segment, from the nail outwards, drops from the finger to the desk. Everything is measured from that end and
not from the landmark, which wanders by several pixels along the finger. Only pixels near the fingertips are read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGER_LANDMARKS, FINGERS, DepthImage, Hand
from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.numerics import stereo_depth_sigma_m

# The scan, in metres on the surface: along the finger from inside the last segment to beyond its end, and across.
SCAN_ALONG_M = np.arange(-0.014, 0.0185, 0.00125)
SCAN_ACROSS_M = np.arange(-0.012, 0.0121, 0.0015)
# Anything lower is desk: three sigma of an averaged row of the scan.
MAX_DESK_HEIGHT_M = 0.004
# Half widths over which rows are averaged, and over which the axis of the finger is traced.
ROW_SIGMA_M = 0.0025
FINGER_SIGMA_M = 0.0045
# The end is averaged over this half width; a row with less coverage is beyond the finger.
END_SIGMA_M = 0.003
MIN_COVERAGE = 0.15
# The trace starts a little inside the landmark; its maximum lateral step per row.
SEARCH_START_M = -0.004
MAX_STEP_M = 0.0025
# A finger descends outwards to the desk: a rise larger than this from row to row is another finger.
MAX_RISE_M = 0.004
# Fraction of the lateral offset by which the trace follows each row.
TRACE_GAIN = 0.6
# The rim: rows at this distance behind the end, averaged over this half width. Farther back the surface rises steeply
# with every bend of the finger; the rim of a touching fingertip has the same height in all postures.
RIM_OFFSET_M = 0.0015
RIM_SIGMA_M = 0.0009
MIN_WEIGHT = 0.5
# Fingertips are wider than this: two ends closer together are one, measured twice.
MIN_TIP_SEPARATION_M = 0.005
# Landmarks beyond this pixel coordinate are treated as missing.
MAX_LANDMARK_PX = 1e5

_TIP_LANDMARKS = [FINGER_LANDMARKS[finger][-1] for finger in FINGERS]
# A finger's direction is taken from its knuckle, the thumb's from its middle joint.
_BASE_LANDMARKS = [2, 5, 9, 13, 17]


@dataclass(frozen=True)
class FingerRims:
    """rim_height_m, sigma_m, axial_height_m, tip_end_px: see FingertipSamples."""

    rim_height_m: np.ndarray
    sigma_m: np.ndarray
    axial_height_m: np.ndarray
    tip_end_px: np.ndarray


def measure_rims(
    depth: DepthImage, camera: Camera, plane: Plane, hands: tuple[Hand, ...], parameters: ContactParameters
) -> FingerRims:
    """The rims of five fingertips of each hand over the plane, as depth shows it."""
    landmarks = np.stack([hand.landmarks_px for hand in hands]).astype(np.float64)
    landmarks[~(np.abs(landmarks) < MAX_LANDMARK_PX)] = np.nan
    tip_px, base_px = (landmarks[:, rows].reshape(-1, 2) for rows in (_TIP_LANDMARKS, _BASE_LANDMARKS))
    # From the knuckle: the last segment alone is often foreshortened, and its landmarks a few pixels off.
    direction = _normalise(tip_px - base_px)
    tip_depth_m = plane.depth_at_m(camera.rays(tip_px))
    pixels_per_m = camera.focal_px / tip_depth_m

    height_m = _scan_rows(depth, camera, plane, tip_px, direction, pixels_per_m)
    across_m, coverage = _trace_axis(height_m)
    rows_m = _weighted_mean(height_m, _gaussian_weight(SCAN_ACROSS_M - across_m[..., None], ROW_SIGMA_M))
    end_m = _find_finger_end(coverage)
    behind_end_m = end_m[:, None] - SCAN_ALONG_M
    rim_weights = np.where(
        rows_m > MAX_DESK_HEIGHT_M / 2, _gaussian_weight(behind_end_m - RIM_OFFSET_M, RIM_SIGMA_M), 0.0
    )
    rim_height_m = (rim_weights * np.nan_to_num(rows_m)).sum(axis=1) / np.maximum(rim_weights.sum(axis=1), 1e-9)
    rim_height_m = np.where(rim_weights.sum(axis=1) > MIN_WEIGHT, rim_height_m, np.nan)

    last = np.clip(np.searchsorted(SCAN_ALONG_M, np.nan_to_num(end_m)) - 1, 0, len(SCAN_ALONG_M) - 1)
    lateral_m = across_m[np.arange(len(last)), last]
    tip_end_px = (
        tip_px + (direction * end_m[:, None] + _perpendicular(direction) * lateral_m[:, None]) * pixels_per_m[:, None]
    )
    is_shared = _find_shared_ends(tip_end_px, tip_px, MIN_TIP_SEPARATION_M * pixels_per_m)
    rim_height_m[is_shared] = np.nan
    tip_end_px[is_shared] = np.nan
    return FingerRims(
        rim_height_m=rim_height_m,
        sigma_m=_estimate_noise_m(camera, plane, tip_end_px, tip_depth_m, parameters),
        axial_height_m=rim_height_m / np.maximum(np.abs(camera.rays(tip_px) @ plane.normal), 1e-6),
        tip_end_px=tip_end_px,
    )


def measure_heights_m(
    depth: DepthImage, camera: Camera, plane: Plane, origin_px: np.ndarray, offsets_px: np.ndarray
) -> np.ndarray:
    """(N, ...) heights over the plane, metres, NaN without depth or outside the image, at whole pixels: offsets_px
    (N or 1, ..., 2) from origin_px (N, 2). Origins that are not finite give NaN."""
    origin_px = np.where(np.abs(origin_px) < MAX_LANDMARK_PX, origin_px, np.nan)
    shape = (len(origin_px),) + (1,) * (offsets_px.ndim - 2)
    pixels = np.nan_to_num(origin_px.reshape(*shape, 2) + offsets_px, nan=-1.0, posinf=-1.0, neginf=-1.0)
    columns, rows = np.moveaxis(pixels.clip(-1, 1e6).astype(np.int64), -1, 0)
    height, width = depth.values.shape
    inside = (columns >= 0) & (rows >= 0) & (columns < width) & (rows < height)
    values = depth.values[np.where(inside, rows, 0), np.where(inside, columns, 0)].astype(np.float64) * depth.unit_m
    values[~inside | ~np.isfinite(values) | (values <= 0)] = np.nan
    # The ray changes by 1 / f per pixel: exact without distortion, and close enough with it this near to the origin.
    slope = (camera.rays(origin_px) @ plane.normal).reshape(shape)
    return values * (slope + offsets_px @ (plane.normal[:2] / (camera.fx, camera.fy))) + plane.offset_m


def _scan_rows(
    depth: DepthImage,
    camera: Camera,
    plane: Plane,
    tip_px: np.ndarray,
    direction: np.ndarray,
    pixels_per_m: np.ndarray,
) -> np.ndarray:
    """Heights over the plane (N, along, across), metres, NaN without depth or outside the image."""
    along = direction[:, None, None, :] * SCAN_ALONG_M[:, None, None]
    across = _perpendicular(direction)[:, None, None, :] * SCAN_ACROSS_M[:, None]
    offsets = np.rint((along + across) * pixels_per_m[:, None, None, None])
    return measure_heights_m(depth, camera, plane, np.rint(tip_px), offsets)


def _trace_axis(height_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The axis (N, along), metres across, and the coverage (N, along), 0..1, of the finger in each scan row.

    height_m: (N, along, across). The landmarks' direction is some degrees off and other fingers are close, so the
    finger is traced row by row from just inside the landmark: to the middle of the pixels that are connected to the
    previous row and not higher. A Gaussian weight excludes adjacent fingers that touch.
    """
    known_m = np.nan_to_num(height_m)
    foreground = np.clip(known_m / MAX_DESK_HEIGHT_M - 0.5, 0.0, 1.0)
    start = int(np.searchsorted(SCAN_ALONG_M, SEARCH_START_M))
    index = np.arange(len(foreground))
    middle = np.zeros(len(foreground))
    across_m = np.zeros(foreground.shape[:2])
    coverage = np.zeros(foreground.shape[:2])
    level_m = np.nan_to_num(
        _weighted_mean(height_m[:, start], _gaussian_weight(SCAN_ACROSS_M, ROW_SIGMA_M)), nan=np.inf
    )
    for row in range(start, len(SCAN_ALONG_M)):
        on_finger = (foreground[:, row] > 0.5) & (known_m[:, row] <= level_m[:, None] + MAX_RISE_M)
        lateral_m = SCAN_ACROSS_M - middle[:, None]
        nearest = np.abs(lateral_m) + np.where(on_finger, 0.0, 1.0)
        centre = nearest.argmin(axis=1)
        near = nearest[index, centre] < MAX_STEP_M
        # Columns with as many breaks to their left as the centre are connected to it.
        break_count = np.cumsum(~on_finger, axis=1)
        connected = on_finger & (break_count == break_count[index, centre][:, None]) & near[:, None]
        weights = connected * _gaussian_weight(lateral_m, FINGER_SIGMA_M)
        total = weights.sum(axis=1)
        middle = middle + TRACE_GAIN * (weights * lateral_m).sum(axis=1) / np.maximum(total, 1.0)
        level_m = np.where(total > 0, (weights * known_m[:, row]).sum(axis=1) / np.maximum(total, 1e-9), level_m)
        across_m[:, row] = middle
        weights_across = _gaussian_weight(SCAN_ACROSS_M - middle[:, None], END_SIGMA_M)
        coverage[:, row] = (weights_across * foreground[:, row] * connected).sum(axis=1) / weights_across.sum(axis=1)
    across_m[:, :start] = across_m[:, start, None]
    return across_m, coverage


def _find_finger_end(coverage: np.ndarray) -> np.ndarray:
    """(N,) position of each finger's end, metres along, from its coverage of each row; NaN where no end is found.

    The mean length of all lines across the middle of the finger, which averages ragged depth edges.
    """
    start = int(np.searchsorted(SCAN_ALONG_M, SEARCH_START_M))
    row_coverage = coverage[:, start:]
    connected = np.cumprod(row_coverage > MIN_COVERAGE, axis=1)
    end_m = SCAN_ALONG_M[start] + ((row_coverage * connected).sum(axis=1) - 0.5) * (SCAN_ALONG_M[1] - SCAN_ALONG_M[0])
    ends = (connected[:, 0] > 0) & (connected[:, -1] == 0)
    return np.where(ends, end_m, np.nan)


def _find_shared_ends(tip_end_px: np.ndarray, tip_px: np.ndarray, same_px: np.ndarray) -> np.ndarray:
    """(N,) whether an end belongs to another finger: it lies within same_px (N,) of that finger's end, whose landmark
    is closer. This happens where one finger hides another.
    """
    distance_px = np.linalg.norm(tip_end_px[:, None] - tip_end_px, axis=-1)
    landmark_offset_px = np.linalg.norm(tip_end_px - tip_px, axis=-1)
    return ((distance_px < same_px[:, None]) & (landmark_offset_px < landmark_offset_px[:, None])).any(axis=1)


def _estimate_noise_m(
    camera: Camera, plane: Plane, tip_end_px: np.ndarray, depth_m: np.ndarray, parameters: ContactParameters
) -> np.ndarray:
    """Standard deviation of the mean height: sigma_z = z^2 s / (f B) of a stereo camera, along the normal."""
    sigma_z = stereo_depth_sigma_m(depth_m, camera.fx, parameters.baseline_m, parameters.depth_noise_px)
    slant = np.abs(camera.rays(np.nan_to_num(tip_end_px)) @ plane.normal)
    # Neighbouring pixels share a matching window: some 25 samples count as 5.
    return sigma_z * slant / np.sqrt(5.0)


def _gaussian_weight(offset_m: np.ndarray, sigma_m: float) -> np.ndarray:
    """Gaussian of an offset, 1 at zero, cut to 0 beyond three sigma."""
    return np.where(np.abs(offset_m) < 3 * sigma_m, np.exp(-0.5 * (offset_m / sigma_m) ** 2), 0.0)


def _perpendicular(direction: np.ndarray) -> np.ndarray:
    """Unit vectors (N, 2) a quarter turn from the directions, towards positive `across`."""
    return np.column_stack([-direction[:, 1], direction[:, 0]])


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean of the finite values along the last axis; NaN if they carry less than a third of the weight."""
    weights = np.broadcast_to(weights, values.shape)
    weight = np.where(np.isfinite(values), weights, 0.0)
    total = weight.sum(axis=-1)
    mean = (weight * np.nan_to_num(values)).sum(axis=-1) / np.maximum(total, 1e-12)
    return np.where(total > weights.sum(axis=-1) / 3, mean, np.nan)


def _normalise(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
