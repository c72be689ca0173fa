"""Chooses among the planes in view the one that is typed on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingertip_contact.datatypes import DepthImage, Hand, PlacedSheet
from fingertip_contact.geometry import Camera
from fingertip_contact.surface.desk_depth import HAND_MARGIN_PX, STRIDE, draw_hull
from fingertip_contact.surface.plane_search import PlaneRegion

# White paper leaves holes in depth: the desk around the sheet counts too, to this many times the sheet's size.
SHEET_MARGIN_RATIO = 1.5
MIN_SHEET_PIXELS = 30
# The desk around a hand: this many hand sizes beyond the margin in which depth is not used.
HAND_REACH_RATIO = 0.5
MIN_HAND_SHARE = 0.15
# A hand lies on a plane or above it: the back of a hand is higher than its landmarks' depth noise.
MAX_PENETRATION_M = 0.01


def choose_plane(
    regions: Sequence[PlaneRegion],
    camera: Camera,
    sheet: PlacedSheet | None,
    hands: tuple[Hand, ...],
    depth: DepthImage,
) -> PlaneRegion:
    """The plane under the sheet; else the nearest one beneath the hands; else the largest in the image.

    regions: at least one, the largest first. hands, depth: of one frame. Raises ValueError where markers show the sheet
    and no plane is there; a sheet whose pose is less certain may have been moved, and then does not decide.
    """
    if sheet is not None:
        region = _find_under_sheet(regions, camera, sheet)
        if region is not None:
            return region
        if sheet.seen_ns is not None:
            raise ValueError("depth shows no plane at the sheet: uncover it, or give the desk texture and light")
    return _find_under_hands(regions, camera, hands, depth) or regions[0]


def _find_under_sheet(regions: Sequence[PlaneRegion], camera: Camera, sheet: PlacedSheet) -> PlaneRegion | None:
    half_m = SHEET_MARGIN_RATIO * np.array([*sheet.size_m, 0.0]) / 2
    signs = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]])
    corners_m = sheet.camera_from_sheet.apply(signs * half_m)
    if not np.all(corners_m[:, 2] > 0):
        return None
    outline = draw_hull(camera.project(corners_m), regions[0].mask.shape)
    best = max(regions, key=lambda region: np.count_nonzero(region.mask & outline))
    return best if np.count_nonzero(best.mask & outline) >= MIN_SHEET_PIXELS else None


def _find_under_hands(
    regions: Sequence[PlaneRegion], camera: Camera, hands: tuple[Hand, ...], depth: DepthImage
) -> PlaneRegion | None:
    """The nearest of the planes that are seen around a hand and are not above it."""
    found = []
    for hand in hands:
        pixels = hand.landmarks_px[np.isfinite(hand.landmarks_px).all(axis=1)]
        if not len(pixels):
            continue
        reach_px = HAND_MARGIN_PX + HAND_REACH_RATIO * np.ptp(pixels, axis=0).max()
        around = draw_hull(pixels, regions[0].mask.shape, round(reach_px / STRIDE))
        seen = np.array([np.count_nonzero(region.mask & around) for region in regions])
        rays = camera.rays(pixels)
        hand_m = _read_depth_m(depth, pixels)
        for region, share in zip(regions, seen / max(1, seen.sum()), strict=True):
            plane_m = region.plane.depth_at_m(rays)
            gap_m = (plane_m - hand_m)[np.isfinite(plane_m - hand_m)]
            if share >= MIN_HAND_SHARE and len(gap_m) and np.median(gap_m) >= -MAX_PENETRATION_M:
                found.append((float(np.nanmedian(plane_m)), region))
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _read_depth_m(depth: DepthImage, pixels: np.ndarray) -> np.ndarray:
    """(N,) depth at the pixels (N, 2) nearest in the image, metres, NaN where invalid."""
    height, width = depth.values.shape
    columns, rows = np.clip(np.rint(pixels), 0, (width - 1, height - 1)).astype(np.int64).T
    return depth.to_metres((rows, columns))
