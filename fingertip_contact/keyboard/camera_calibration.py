"""Calibrates a camera on the printed sheet: thoroughly from many views, or on the fly from the first ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np

from fingertip_contact.cameras.intrinsics import CameraEstimate, guess_camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet_camera import SheetCamera, estimate_camera
from fingertip_contact.keyboard.sheet_views import MIN_MARKERS, SheetView, SheetViews, can_calibrate

# A sheet seen more frontally leaves the focal length more uncertain than this: a guess is as good.
MAX_GUESS_UNCERTAINTY = 0.15
# On the fly: every fifth image of the first ten seconds, until the sheet has been seen in so many.
IMAGE_STEP = 5
MAX_IMAGES = 60
MAX_SHEET_IMAGES = 12

MIN_VIEWS = 3
MAX_VIEWS = 40
# Between the two directions that differ most; from parallel ones, focal length and distance cannot be told apart.
MIN_TILT_SPREAD_DEG = 15.0
MAX_FOCAL_UNCERTAINTY = 0.02
# Views that fit worse than this, and than others, are blurred, or the sheet was bent.
MAX_VIEW_RMS_PX, MAX_VIEW_RMS_RATIO = 1.0, 2.5
# A sheet that was not printed flat, or a lens that this model does not describe.
MAX_RMS_PX = 2.0
_NO_IMAGE = "there is no image to find the camera from"
_ADVICE = (
    "tilt the sheet or the camera by 20 degrees or more between views, to every side, and hold it still in each; the "
    "whole sheet should fill much of the image"
)


def calibrate_camera(views: Sequence[SheetView], width: int, height: int) -> SheetCamera:
    """The camera from views (3 to about 40) that differ in tilt, in images of this size.

    Views that do not fit the others are left out. Raises ValueError, with advice, if too few are left, they are all
    nearly parallel, or they leave the focal length uncertain.
    """
    selected = _select_spread(views, MAX_VIEWS)
    _require_views(len(selected))
    estimate = _estimate(selected, width, height)
    limit_px = max(MAX_VIEW_RMS_PX, MAX_VIEW_RMS_RATIO * float(np.median(estimate.view_rms_px)))
    good = [view for view, rms_px in zip(selected, estimate.view_rms_px, strict=True) if rms_px <= limit_px]
    if len(good) < len(selected):
        _require_views(len(good))
        estimate = _estimate(good, width, height)
    tilt_spread_deg = compute_tilt_spread_deg(estimate.normals)
    if tilt_spread_deg < MIN_TILT_SPREAD_DEG:
        raise ValueError(
            f"the {estimate.view_count} views of the sheet differ in tilt by {tilt_spread_deg:.0f} degrees at most; "
            f"{MIN_TILT_SPREAD_DEG:g} are needed: {_ADVICE}"
        )
    if estimate.focal_uncertainty > MAX_FOCAL_UNCERTAINTY:
        raise ValueError(
            f"the {estimate.view_count} views leave the focal length uncertain by "
            f"{estimate.focal_uncertainty:.1%}; at most {MAX_FOCAL_UNCERTAINTY:.0%} are useful: {_ADVICE}"
        )
    if estimate.rms_px > MAX_RMS_PX:
        raise ValueError(
            f"the markers are {estimate.rms_px:.1f} px from where any camera would see them (limit {MAX_RMS_PX:g}): is "
            "the sheet flat, printed by this layout, and the lens no fisheye?"
        )
    return estimate


def find_sheet_camera(layout: Layout, images: Iterable[np.ndarray]) -> CameraEstimate:
    """The camera from the first images in which the sheet is seen, without any care of the user; guessed where that is
    not possible. images: (H, W, 3) uint8, at least one, all of one size. Raises ValueError if there is none."""
    if not can_calibrate(layout):
        height, width = _read_first(images).shape[:2]
        return guess_camera(width, height, f"layout {layout.name} has fewer than {MIN_MARKERS} markers")
    views, seen, size = SheetViews(layout), 0, None
    for image in islice(images, 0, MAX_IMAGES * IMAGE_STEP, IMAGE_STEP):
        size = (image.shape[1], image.shape[0])
        seen += views.add(image)
        if seen == MAX_SHEET_IMAGES:
            break
    if size is None:
        raise ValueError(_NO_IMAGE)
    return describe_sheet_camera(estimate_camera(views.make_views(), *size), *size)


def describe_sheet_camera(estimate: SheetCamera | None, width: int, height: int) -> CameraEstimate:
    """An estimate for use: as it is, or a guess where it is missing or too uncertain."""
    if estimate is None:
        return guess_camera(width, height, f"the sheet was not seen with {MIN_MARKERS} of its markers")
    if estimate.focal_uncertainty > MAX_GUESS_UNCERTAINTY:
        reason = f"the sheet is seen too frontally, it gives {estimate.focal_uncertainty:.0%} at best"
        return guess_camera(width, height, reason)
    focal_px = estimate.camera.focal_px
    return CameraEstimate(
        estimate.camera, f"focal length {focal_px:.0f} px from the sheet (+-{estimate.focal_uncertainty:.0%})"
    )


def compute_tilt_spread_deg(normals: np.ndarray) -> float:
    """The largest angle between two of the directions (V, 3), degrees."""
    return float(np.degrees(np.arccos(np.clip(normals @ normals.T, -1.0, 1.0)).max()))


def _read_first(images: Iterable[np.ndarray]) -> np.ndarray:
    image = next(iter(images), None)
    if image is None:
        raise ValueError(_NO_IMAGE)
    return image


def _estimate(views: Sequence[SheetView], width: int, height: int) -> SheetCamera:
    estimate = estimate_camera(views, width, height)
    if estimate is None:
        raise ValueError(f"no camera explains the {len(views)} views of the sheet; is it the sheet of this layout?")
    return estimate


def _require_views(count: int) -> None:
    if count < MIN_VIEWS:
        raise ValueError(
            f"{count} distinct views of the sheet with {MIN_MARKERS} markers or more; {MIN_VIEWS} are needed: {_ADVICE}"
        )


def _select_spread(views: Sequence[SheetView], count: int) -> list[SheetView]:
    """Views evenly spread over the order in which they were seen."""
    if len(views) <= count:
        return list(views)
    return [views[index] for index in np.linspace(0, len(views) - 1, count).round().astype(int)]
