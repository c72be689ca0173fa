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
ALONG_M = np.arange(-0.014, 0.0185, 0.00125)
ACROSS_M = np.arange(-0.012, 0.0121, 0.0015)
# Lower than this over the surface is desk: three sigma of an averaged row of the scan.
DESK_M = 0.004
# Rows are averaged over this half width; the middle of the finger is sought and followed with the wider one.
ROW_SIGMA_M = 0.0025
FINGER_SIGMA_M = 0.0045
# The end is the mean over this half width; a row covered less than this share is no longer the finger.
END_SIGMA_M = 0.003
GAP_SHARE = 0.15
# Where the finger is met first, a little inside its landmark, and how far its next row may lie off the last one.
START_M = -0.004
NEXT_M = 0.0025
# Outwards a finger goes down to the desk: what stands this much higher than the row before is another finger.
RISE_M = 0.004
# How much of the way to the middle of a row the follower goes.
FOLLOW = 0.6
# "The visible height" is that of the rim: the rows so far behind the end, over this half width. Farther back the
# surface rises steeply with every bend of the finger; the rim of a touching fingertip stands equally high in all poses.
BEHIND_END_M = 0.0015
BEHIND_SIGMA_M = 0.0009
MINIMUM_WEIGHT = 0.5
# Fingertips are wider than that: two ends so close are one, measured twice.
SAME_END_M = 0.005
PAD_SHARE = 0.5
# A landmark farther out than this is no landmark.
FARTHEST_PX = 1e5

_TIP = [FINGER_LANDMARKS[finger][-1] for finger in FINGERS]
# From where a finger's direction is taken: the knuckle, and the thumb's.
_ROOT = [2, 5, 9, 13, 17]


@dataclass(frozen=True)
class FingertipSamples:
    """One row a finger, five rows a hand in the order of the hands and of FINGERS; NaN where not measured.

    visible_m: (N,) height of the visible surface just behind the finger's end over the surface, metres.
    sigma_m: (N,) its standard deviation by the depth noise model, metres.
    along_axis_m: (N,) the same distance to the surface along the optical axis, metres. tip_px: (N, 2) the landmark.
    end_px: (N, 2) pixel where the finger ends. pad_m: (N, 3) where the pad would touch the surface, optical frame.
    moved_m: (N, 2) how far the tip's picture went since the frame before, metres at its distance: across the way in
    which it is seen to come down to the surface, and along it; see towards_surface.
    """

    visible_m: np.ndarray
    sigma_m: np.ndarray
    along_axis_m: np.ndarray
    tip_px: np.ndarray
    end_px: np.ndarray
    pad_m: np.ndarray
    moved_m: np.ndarray


def measure_fingertips(
    depth: DepthImage,
    camera: Camera,
    plane: Plane,
    hands: tuple[Hand, ...],
    parameters: ContactParameters,
    moved_px: np.ndarray | None = None,
) -> FingertipSamples:
    """Measure five fingertips of each hand over the plane. moved_px: (N, 2), see TipMotion; None where not known."""
    landmarks = np.stack([hand.landmarks_px for hand in hands]).astype(np.float64)
    landmarks[~(np.abs(landmarks) < FARTHEST_PX)] = np.nan
    tip_px, root_px = (landmarks[:, rows].reshape(-1, 2) for rows in (_TIP, _ROOT))
    # From the knuckle: the last segment alone is often foreshortened, and its landmarks a few pixels off.
    direction = _unit(tip_px - root_px)
    tip_depth_m = plane.depth_at_m(camera.rays(tip_px))
    pixels_per_m = camera.focal_px / tip_depth_m

    height_m = _scan(depth, camera, plane, tip_px, direction, pixels_per_m)
    across_m, covered = _follow(height_m)
    rows_m = _weighted_mean(height_m, _bell(ACROSS_M - across_m[..., None], ROW_SIGMA_M))
    end_m = _end_of_finger(covered)
    behind_m = end_m[:, None] - ALONG_M
    near_end = np.where(rows_m > DESK_M / 2, _bell(behind_m - BEHIND_END_M, BEHIND_SIGMA_M), 0.0)
    visible_m = (near_end * np.nan_to_num(rows_m)).sum(axis=1) / np.maximum(near_end.sum(axis=1), 1e-9)
    visible_m = np.where(near_end.sum(axis=1) > MINIMUM_WEIGHT, visible_m, np.nan)

    last = np.clip(np.searchsorted(ALONG_M, np.nan_to_num(end_m)) - 1, 0, len(ALONG_M) - 1)
    beside_m = across_m[np.arange(len(last)), last]
    end_px = tip_px + (direction * end_m[:, None] + _left_of(direction) * beside_m[:, None]) * pixels_per_m[:, None]
    taken = _taken(end_px, tip_px, SAME_END_M * pixels_per_m)
    visible_m[taken] = np.nan
    end_px[taken] = np.nan
    return FingertipSamples(
        visible_m=visible_m,
        sigma_m=_noise_m(camera, plane, end_px, tip_depth_m, parameters),
        along_axis_m=visible_m / np.maximum(np.abs(camera.rays(tip_px) @ plane.normal), 1e-6),
        tip_px=tip_px,
        end_px=end_px,
        pad_m=_pad(camera, plane, end_px, parameters.finger_radius_m),
        moved_m=_moved_m(camera, plane, tip_px, pixels_per_m, moved_px),
    )


def _moved_m(
    camera: Camera, plane: Plane, tip_px: np.ndarray, pixels_per_m: np.ndarray, moved_px: np.ndarray | None
) -> np.ndarray:
    if moved_px is None:
        return np.full(tip_px.shape, np.nan)
    return seen_along(towards_surface(camera, plane.normal, tip_px), moved_px) / pixels_per_m[:, None]


def heights_m(
    depth: DepthImage, camera: Camera, plane: Plane, corner_px: np.ndarray, offsets_px: np.ndarray
) -> np.ndarray:
    """Heights over the plane (N, ...), metres, NaN where there is no depth or no picture, at whole pixels: offsets_px
    (N or 1, ..., 2) from the corners (N, 2). Corners that are no place in any picture have no heights."""
    corner_px = np.where(np.abs(corner_px) < FARTHEST_PX, corner_px, np.nan)
    shape = (len(corner_px),) + (1,) * (offsets_px.ndim - 2)
    pixels = np.nan_to_num(corner_px.reshape(*shape, 2) + offsets_px, nan=-1.0, posinf=-1.0, neginf=-1.0)
    columns, rows = np.moveaxis(np.clip(pixels, -1, 1e6).astype(np.int64), -1, 0)
    high, wide = depth.values.shape
    inside = (columns >= 0) & (rows >= 0) & (columns < wide) & (rows < high)
    values = depth.values[np.where(inside, rows, 0), np.where(inside, columns, 0)].astype(np.float64) * depth.unit_m
    values[~inside | ~np.isfinite(values) | (values <= 0)] = np.nan
    # The slope of the ray changes by 1 / f a pixel: exact without distortion, and so near the tip in effect with it.
    slope = (camera.rays(corner_px) @ plane.normal).reshape(shape)
    return values * (slope + offsets_px @ (plane.normal[:2] / (camera.fx, camera.fy))) + plane.offset_m


def towards_surface(camera: Camera, normal: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(N, 2) unit vectors in the picture: where points seen at pixels (N, 2) go as they come down to a surface.

    A point moved by -normal: the derivative of its projection. From straight above there is no such way, and what
    comes of it is any direction.
    """
    rays = camera.rays(pixels)
    return _unit((rays[:, :2] * normal[2] - normal[:2]) * (camera.fx, camera.fy))


def seen_along(direction: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Ways in the picture (..., 2), to the right and down, as ways across directions (..., 2) and along them."""
    across = moved[..., 0] * direction[..., 1] - moved[..., 1] * direction[..., 0]
    return np.stack([across, (moved * direction).sum(axis=-1)], axis=-1)


def _scan(
    depth: DepthImage,
    camera: Camera,
    plane: Plane,
    tip_px: np.ndarray,
    direction: np.ndarray,
    pixels_per_m: np.ndarray,
) -> np.ndarray:
    """Heights over the plane (N, along, across), metres, NaN where there is no depth or no picture."""
    along = direction[:, None, None, :] * ALONG_M[:, None, None]
    across = _left_of(direction)[:, None, None, :] * ACROSS_M[:, None]
    offsets = np.rint((along + across) * pixels_per_m[:, None, None, None])
    return heights_m(depth, camera, plane, np.rint(tip_px), offsets)


def _follow(height_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle (N, along), metres across, and the width share covered (N, along) of the finger in each scan row.

    height_m: (N, along, across). The landmarks' direction is some degrees off and neighbours are close, so from just
    inside the landmark the finger is followed row by row: to the middle of what hangs together with the row before and
    does not stand higher, a bell keeping out neighbours that touch.
    """
    known_m = np.nan_to_num(height_m)
    standing = np.clip(known_m / DESK_M - 0.5, 0.0, 1.0)
    start = int(np.searchsorted(ALONG_M, START_M))
    index = np.arange(len(standing))
    middle = np.zeros(len(standing))
    across_m = np.zeros(standing.shape[:2])
    covered = np.zeros(standing.shape[:2])
    level_m = np.nan_to_num(_weighted_mean(height_m[:, start], _bell(ACROSS_M, ROW_SIGMA_M)), nan=np.inf)
    for row in range(start, len(ALONG_M)):
        on_finger = (standing[:, row] > 0.5) & (known_m[:, row] <= level_m[:, None] + RISE_M)
        beside_m = ACROSS_M - middle[:, None]
        nearest = np.abs(beside_m) + np.where(on_finger, 0.0, 1.0)
        centre = nearest.argmin(axis=1)
        near = nearest[index, centre] < NEXT_M
        # Columns with as many gaps to their left as the centre has are joined to it.
        gaps = np.cumsum(~on_finger, axis=1)
        joined = on_finger & (gaps == gaps[index, centre][:, None]) & near[:, None]
        weights = joined * _bell(beside_m, FINGER_SIGMA_M)
        total = weights.sum(axis=1)
        middle = middle + FOLLOW * (weights * beside_m).sum(axis=1) / np.maximum(total, 1.0)
        level_m = np.where(total > 0, (weights * known_m[:, row]).sum(axis=1) / np.maximum(total, 1e-9), level_m)
        across_m[:, row] = middle
        bell = _bell(ACROSS_M - middle[:, None], END_SIGMA_M)
        covered[:, row] = (bell * standing[:, row] * joined).sum(axis=1) / bell.sum(axis=1)
    across_m[:, :start] = across_m[:, start, None]
    return across_m, covered


def _end_of_finger(covered: np.ndarray) -> np.ndarray:
    """Where each finger ends (N,), metres along, given the share of each row that it covers; NaN where it does not.

    The mean over the middle of the finger of how far each line goes on: one ragged depth edge says little.
    """
    start = int(np.searchsorted(ALONG_M, START_M))
    share = covered[:, start:]
    joined = np.cumprod(share > GAP_SHARE, axis=1)
    end_m = ALONG_M[start] + ((share * joined).sum(axis=1) - 0.5) * (ALONG_M[1] - ALONG_M[0])
    ends = (joined[:, 0] > 0) & (joined[:, -1] == 0)
    return np.where(ends, end_m, np.nan)


def _taken(end_px: np.ndarray, tip_px: np.ndarray, same_px: np.ndarray) -> np.ndarray:
    """Whose end (N,) is another finger's: the same within same_px (N,), and that one's landmark is closer to it.

    It happens where a finger hides another.
    """
    apart_px = np.linalg.norm(end_px[:, None] - end_px, axis=-1)
    off_px = np.linalg.norm(end_px - tip_px, axis=-1)
    return ((apart_px < same_px[:, None]) & (off_px < off_px[:, None])).any(axis=1)


def _pad(camera: Camera, plane: Plane, end_px: np.ndarray, radius_m: float) -> np.ndarray:
    """Where a round fingertip on the surface touches it, if it ends at end_px: (N, 3), optical frame, metres.

    A ball of this radius on the plane has its outline, seen at elevation A, at height r (1 - cos A), and its centre
    r sin A farther from the camera along the plane. A fingertip is blunter: its pad lies PAD_SHARE of that back
    (rendered hands, 45 to 75 degrees: 3.3 mm less than a ball's).
    """
    rays = camera.rays(np.nan_to_num(end_px))
    directions = _unit(rays)
    sine = np.abs(directions @ plane.normal)
    cosine = np.sqrt(np.maximum(0.0, 1.0 - sine**2))
    lifted_m = radius_m * (1.0 - cosine)
    depth_m = (lifted_m - plane.offset_m) / (rays @ plane.normal)
    away = _unit(directions - (directions @ plane.normal)[:, None] * plane.normal)
    pad = rays * depth_m[:, None] - lifted_m[:, None] * plane.normal + away * (PAD_SHARE * radius_m * sine)[:, None]
    return np.where(np.isfinite(end_px).all(axis=1)[:, None] & (depth_m > 0)[:, None], pad, np.nan)


def _noise_m(
    camera: Camera, plane: Plane, end_px: np.ndarray, depth_m: np.ndarray, parameters: ContactParameters
) -> np.ndarray:
    """Standard deviation of the mean height: sigma_z = z^2 s / (f B) of a stereo camera, along the normal."""
    sigma_z = depth_m**2 * parameters.depth_noise_px / (camera.fx * parameters.baseline_m)
    slant = np.abs(camera.rays(np.nan_to_num(end_px)) @ plane.normal)
    # Neighbouring pixels share their matching window: some 25 samples count as 5.
    return sigma_z * slant / np.sqrt(5.0)


def _bell(offset_m: np.ndarray, sigma_m: float) -> np.ndarray:
    """Weight of an offset: one in the middle, nothing beyond three sigma."""
    return np.where(np.abs(offset_m) < 3 * sigma_m, np.exp(-0.5 * (offset_m / sigma_m) ** 2), 0.0)


def _left_of(direction: np.ndarray) -> np.ndarray:
    """Unit vectors (N, 2) a quarter turn from the directions, towards positive `across`."""
    return np.column_stack([-direction[:, 1], direction[:, 0]])


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean over the last axis of the finite values, weights broadcast to them; NaN under a third of the weight."""
    weights = np.broadcast_to(weights, values.shape)
    weight = np.where(np.isfinite(values), weights, 0.0)
    total = weight.sum(axis=-1)
    mean = (weight * np.nan_to_num(values)).sum(axis=-1) / np.maximum(total, 1e-12)
    return np.where(total > weights.sum(axis=-1) / 3, mean, np.nan)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
