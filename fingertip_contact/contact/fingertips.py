"""Where the fingertips are over the surface: depth along the end of each finger, for all fingers at once.

The camera sees the nail side, the pad that touches is hidden below. What it does see well is where the finger ends: a
scan along the last segment, from the nail outwards, drops from the finger to the desk. Everything is measured from
that end and not from the landmark, which wanders by several pixels along the finger. No full image is touched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.frames import FINGER_LANDMARKS, FINGERS, DepthImage, Hand
from fingertip_contact.geometry import Camera, Plane

# The scan, in metres on the surface: along the finger from inside the last segment to beyond its end, and across.
ALONG_M = np.arange(-0.014, 0.0195, 0.001)
ACROSS_M = np.arange(-0.0105, 0.0106, 0.0015)
# A finger's ridge is this wide, and lies within this distance (one sigma) of the landmarks' line.
RIDGE_HALF_M = 0.0025
RIDGE_SIGMA_M = 0.003
RIDGE_SHARE = 0.5
OFF_LINE_M = 0.0008
ROUND_END_M = 0.003
ACROSS_MAX_M = 0.008
RIDGE_ALONG_M = (-0.012, -0.002)
# Lower than this over the surface is desk: three sigma of an averaged row of the scan.
DESK_M = 0.004
# The rows whose mean is "the visible height": behind the rounded, mixed pixels of the end.
BEHIND_END_M = (0.0015, 0.0065)
MINIMUM_ROWS = 3

_TIP, _DIP, _PIP = ([FINGER_LANDMARKS[finger][-back] for finger in FINGERS] for back in (1, 2, 3))


@dataclass(frozen=True)
class FingertipSamples:
    """One row a finger, five rows a hand in the order of the hands and of FINGERS; NaN where not measured.

    visible_m: (N,) height of the visible surface just behind the finger's end over the surface, metres.
    sigma_m: (N,) its standard deviation by the depth noise model, metres.
    end_px: (N, 2) pixel where the finger ends. pad_m: (N, 3) where the pad would touch the surface, optical frame.
    guess_m: (N,) what visible_m would be in contact if the fingertip were a ball of `finger_radius_m`.
    slope: (N,) rise of the visible surface along the last segment, metres a metre, positive where the tip is lowest.
    """

    visible_m: np.ndarray
    sigma_m: np.ndarray
    end_px: np.ndarray
    pad_m: np.ndarray
    guess_m: np.ndarray
    slope: np.ndarray


def measure_fingertips(
    depth: DepthImage, camera: Camera, plane: Plane, hands: tuple[Hand, ...], parameters: ContactParameters
) -> FingertipSamples:
    """Measure five fingertips of each hand over the plane."""
    landmarks = np.stack([hand.landmarks_px for hand in hands]).astype(np.float64)
    tip_px, dip_px, pip_px = (landmarks[:, rows].reshape(-1, 2) for rows in (_TIP, _DIP, _PIP))
    # A foreshortened last segment says little about its direction: the middle one steadies it.
    direction = _unit((tip_px - dip_px) + 0.5 * (tip_px - pip_px))
    tip_depth_m = plane.depth_at_m(camera.rays(tip_px))
    pixels_per_m = np.sqrt(camera.fx * camera.fy) / tip_depth_m

    height_m = _scan(depth, camera, plane, tip_px, direction, pixels_per_m)
    across_m = _ridge(height_m)
    weights = np.exp(-0.5 * ((ACROSS_M - across_m[:, None]) / RIDGE_HALF_M) ** 2)
    rows_m = _weighted_mean(height_m, np.where(weights > 0.1, weights, 0.0)[:, None, :])
    end_m = _end_of_finger(rows_m)
    behind_m = end_m[:, None] - ALONG_M
    on_finger = (behind_m > BEHIND_END_M[0]) & (behind_m < BEHIND_END_M[1]) & (rows_m > DESK_M / 2)
    rows = np.where(on_finger, rows_m, np.nan)
    visible_m = np.where(on_finger.sum(axis=1) >= MINIMUM_ROWS, _mean(rows, axis=1), np.nan)

    sideways = np.column_stack([-direction[:, 1], direction[:, 0]])
    end_px = tip_px + (direction * end_m[:, None] + sideways * across_m[:, None]) * pixels_per_m[:, None]
    return FingertipSamples(
        visible_m=visible_m,
        sigma_m=_noise_m(camera, plane, end_px, tip_depth_m, parameters),
        end_px=end_px,
        pad_m=_pad(camera, plane, end_px, parameters.finger_radius_m),
        guess_m=_guess_m(camera, plane, tip_px, parameters.finger_radius_m),
        slope=_slope(behind_m, rows_m),
    )


def _scan(
    depth: DepthImage,
    camera: Camera,
    plane: Plane,
    tip_px: np.ndarray,
    direction: np.ndarray,
    pixels_per_m: np.ndarray,
) -> np.ndarray:
    """Heights over the plane (N, along, across), metres, NaN where there is no depth or no picture."""
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    step = pixels_per_m[:, None, None, None]
    offsets = direction[:, None, None, :] * ALONG_M[:, None, None] + normal[:, None, None, :] * ACROSS_M[:, None]
    where = np.nan_to_num(tip_px[:, None, None, :] + offsets * step, nan=-1.0, posinf=-1.0, neginf=-1.0)
    pixels = np.rint(np.clip(where, -1, 1e6)).astype(np.int64)
    columns, rows = pixels[..., 0], pixels[..., 1]
    high, wide = depth.values.shape
    inside = (columns >= 0) & (rows >= 0) & (columns < wide) & (rows < high)
    values = depth.values[np.where(inside, rows, 0), np.where(inside, columns, 0)].astype(np.float64) * depth.unit_m
    values[~inside | ~np.isfinite(values) | (values <= 0)] = np.nan
    points = camera.deproject(pixels.reshape(-1, 2), values.reshape(-1))
    return plane.height_m(points).reshape(values.shape)


def _ridge(height_m: np.ndarray) -> np.ndarray:
    """How far across each finger's middle lies from the landmarks' line (N,), metres.

    The middle stands highest and reaches farthest: both the ridge and the round end of the finger say where it is.
    """
    inside = slice(*np.searchsorted(ALONG_M, RIDGE_ALONG_M))
    ridge_m = np.nan_to_num(_mean(height_m[:, inside], axis=1))
    reach_m = _reach(height_m)
    window = np.exp(-0.5 * ((ACROSS_M[:, None] - ACROSS_M) / RIDGE_HALF_M) ** 2)
    score = (RIDGE_SHARE * ridge_m + reach_m) @ (window / window.sum(axis=0))
    score -= OFF_LINE_M * (ACROSS_M / RIDGE_SIGMA_M) ** 2
    score[:, np.abs(ACROSS_M) > ACROSS_MAX_M] = -np.inf
    top = score.argmax(axis=1)
    index = np.arange(len(score))
    left, middle, right = (score[index, np.clip(top + side, 0, len(ACROSS_M) - 1)] for side in (-1, 0, 1))
    bend = left - 2 * middle + right
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(np.isfinite(bend) & (bend < 0), 0.5 * (left - right) / bend, 0.0)
    return ACROSS_M[top] + np.clip(shift, -0.5, 0.5) * (ACROSS_M[1] - ACROSS_M[0])


def _reach(height_m: np.ndarray) -> np.ndarray:
    """How far along each line of the scan the finger goes on (N, across), metres."""
    start = int(np.searchsorted(ALONG_M, RIDGE_ALONG_M[1]))
    on_finger = ~(height_m[:, start:] <= DESK_M)
    reach_m = np.cumprod(on_finger, axis=1).sum(axis=1) * (ALONG_M[1] - ALONG_M[0])
    # A neighbour may reach much farther; the middle of a round end is ahead of its flanks by a few millimetres only.
    on_line = np.median(reach_m[:, np.abs(ACROSS_M) < RIDGE_HALF_M], axis=1)
    return np.minimum(reach_m, on_line[:, None] + ROUND_END_M)


def _end_of_finger(rows_m: np.ndarray) -> np.ndarray:
    """Where each scan (N, along) leaves the finger for the desk, metres along; NaN where it does not."""
    desk = ~(rows_m > DESK_M)
    left = ~desk[:, :-2] & desk[:, 1:-1] & desk[:, 2:]
    found = left.any(axis=1)
    last = np.where(found, left.argmax(axis=1), 0)
    index = np.arange(len(rows_m))
    before, after = rows_m[index, last], rows_m[index, last + 1]
    share = np.clip((before - DESK_M) / np.maximum(before - np.nan_to_num(after), 1e-6), 0.0, 1.0)
    return np.where(found, ALONG_M[last] + share * (ALONG_M[1] - ALONG_M[0]), np.nan)


def _slope(behind_m: np.ndarray, rows_m: np.ndarray) -> np.ndarray:
    """Least-squares rise of the rows (N, along) from 2 to 12 mm behind the end."""
    use = (behind_m > 0.002) & (behind_m < 0.012) & np.isfinite(rows_m)
    count = np.maximum(use.sum(axis=1), 1)
    x = np.where(use, behind_m, 0.0)
    y = np.where(use, rows_m, 0.0)
    dx = np.where(use, x - (x.sum(axis=1) / count)[:, None], 0.0)
    spread = (dx**2).sum(axis=1)
    slope = (dx * y).sum(axis=1) / np.maximum(spread, 1e-12)
    return np.where(use.sum(axis=1) >= MINIMUM_ROWS, slope, np.nan)


def _pad(camera: Camera, plane: Plane, end_px: np.ndarray, radius_m: float) -> np.ndarray:
    """Where a round fingertip on the surface touches it, if it ends at end_px: (N, 3), optical frame, metres.

    A ball of this radius on the plane has its outline, seen at elevation A, at height r (1 - cos A), and its centre
    r sin A farther from the camera along the plane.
    """
    rays = camera.rays(np.nan_to_num(end_px))
    directions = _unit(rays)
    sine = np.abs(directions @ plane.normal)
    cosine = np.sqrt(np.maximum(0.0, 1.0 - sine**2))
    lifted_m = radius_m * (1.0 - cosine)
    depth_m = (lifted_m - plane.offset_m) / (rays @ plane.normal)
    away = _unit(directions - (directions @ plane.normal)[:, None] * plane.normal)
    pad = rays * depth_m[:, None] - lifted_m[:, None] * plane.normal + away * (radius_m * sine)[:, None]
    return np.where(np.isfinite(end_px).all(axis=1)[:, None] & (depth_m > 0)[:, None], pad, np.nan)


def _guess_m(camera: Camera, plane: Plane, tip_px: np.ndarray, radius_m: float) -> np.ndarray:
    """Contact height (N,) of a ball: seen at elevation A, the point s behind its outline in the picture lies
    r (1 - cos(A + acos(1 - s / r))) over the surface."""
    sine = np.abs(_unit(camera.rays(tip_px)) @ plane.normal)
    behind_m = min(sum(BEHIND_END_M) / 2, radius_m)
    angle = np.arcsin(np.minimum(sine, 1.0)) + np.arccos(1.0 - behind_m / radius_m)
    return radius_m * (1.0 - np.cos(np.minimum(angle, np.pi)))


def _noise_m(
    camera: Camera, plane: Plane, end_px: np.ndarray, depth_m: np.ndarray, parameters: ContactParameters
) -> np.ndarray:
    """Standard deviation of the mean height: sigma_z = z^2 s / (f B) of a stereo camera, along the normal."""
    sigma_z = depth_m**2 * parameters.depth_noise_px / (camera.fx * parameters.baseline_m)
    slant = np.abs(camera.rays(np.nan_to_num(end_px)) @ plane.normal)
    # Neighbouring pixels share their matching window: some 25 samples count as 5.
    return sigma_z * slant / np.sqrt(5.0)


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the finite values, weights broadcast to them; NaN under a third of the weight."""
    weight = np.where(np.isfinite(values), weights, 0.0)
    total = weight.sum(axis=-1)
    mean = (weight * np.nan_to_num(values)).sum(axis=-1) / np.maximum(total, 1e-12)
    return np.where(total > weights.sum(axis=-1) / 3, mean, np.nan)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean of the finite values along an axis; NaN where there are none."""
    finite = np.isfinite(values)
    count = finite.sum(axis=axis)
    total = np.where(finite, values, 0.0).sum(axis=axis)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
