"""Stereo matching of the imagers' images.

Semi-global matching (OpenCV's StereoSGBM) finds whole pixels of disparity and what both images have in common. Around
them, a parabola through the sums of absolute differences over a box gives the fraction. Its bias towards whole pixels
leaves ripples, and its box widens edges, as in the depth of real cameras.
"""

from __future__ import annotations

import cv2
import numpy as np

_BLOCK_PX = 5
_SMALL_PENALTY, _LARGE_PENALTY = 10 * _BLOCK_PX**2, 44 * _BLOCK_PX**2
_PREFILTER_CAP = 63
_UNIQUENESS_PERCENT = 3
_LEFT_RIGHT_PX = 1
_SGBM_STEPS = 16  # of a pixel, in which it returns disparities
_SEARCH_STEP_PX = 16  # the number of disparities has to be a multiple of this
_SEARCH_MARGIN_PX = 5
# Nothing farther than 1.7 m is measured. At disparity 0, keys 18 mm apart match their neighbours: that is the baseline.
_MIN_DISPARITY_PX = 4
_SPECKLE_PX, _SPECKLE_RANGE_PX = 60, 2

# Side of the box of the sums, and of the one over which disparity is averaged.
_COST_BOX_PX, _MEAN_BOX_PX = 9, 5
# Differences of brightness that are wider than this are the imagers', not the scene's.
_LOCAL_MEAN_PX = 15
_MAX_DIFFERENCE = 24.0
# Relative rise of the cost one pixel beside its minimum, below which the box holds noise only.
_MIN_COST_RISE = 0.02


def match(left: np.ndarray, right: np.ndarray, max_disparity_px: float) -> np.ndarray:
    """Images (H, W) uint8 -> disparity of the left one in pixels, (H, W) float32, NaN where none is found."""
    whole, is_found = _find_whole(left, right, max_disparity_px)
    left, right = _remove_local_mean(left), _remove_local_mean(right)
    fraction_px, has_texture = _fit_fraction(left, right, whole)
    return _average(whole + fraction_px, is_found & has_texture)


def _find_whole(left: np.ndarray, right: np.ndarray, max_disparity_px: float) -> tuple[np.ndarray, np.ndarray]:
    """The nearest whole disparity, (H, W) float32, and where it was found, (H, W) bool."""
    wanted_px = max_disparity_px + _SEARCH_MARGIN_PX - _MIN_DISPARITY_PX
    search_px = int(np.ceil(wanted_px / _SEARCH_STEP_PX)) * _SEARCH_STEP_PX
    matcher = cv2.StereoSGBM.create(
        minDisparity=_MIN_DISPARITY_PX,
        numDisparities=search_px,
        blockSize=_BLOCK_PX,
        P1=_SMALL_PENALTY,
        P2=_LARGE_PENALTY,
        disp12MaxDiff=_LEFT_RIGHT_PX,
        preFilterCap=_PREFILTER_CAP,
        uniquenessRatio=_UNIQUENESS_PERCENT,
        speckleWindowSize=_SPECKLE_PX,
        speckleRange=_SPECKLE_RANGE_PX,
        mode=cv2.STEREO_SGBM_MODE_HH4,
    )
    # It leaves out the columns that the whole search does not fit into: they are matched against the border.
    border_px = search_px + _MIN_DISPARITY_PX
    padded = [cv2.copyMakeBorder(image, 0, 0, border_px, 0, cv2.BORDER_REPLICATE) for image in (left, right)]
    found = matcher.compute(*padded)[:, border_px:].astype(np.float32) / _SGBM_STEPS
    # What lies left of the right image's border has no partner.
    is_found = (found >= _MIN_DISPARITY_PX) & (np.arange(found.shape[1]) >= found)
    # Its mark for a pixel without disparity is below the search.
    return np.rint(np.maximum(found, _MIN_DISPARITY_PX)), is_found


def _fit_fraction(left: np.ndarray, right: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The minimum of a parabola through the costs of three whole disparities, (H, W) -0.5 to 0.5; and where the costs
    tell it, (H, W) bool."""
    costs = np.zeros((3, *left.shape), np.float32)
    for disparity in range(int(whole.min()) - 1, int(whole.max()) + 2):
        places = [whole == disparity + 1, whole == disparity, whole == disparity - 1]
        if not any(place.any() for place in places):
            continue
        shifted = np.roll(right, disparity, axis=1)
        difference = np.minimum(np.abs(left - shifted), _MAX_DIFFERENCE)
        cost = cv2.blur(difference, (_COST_BOX_PX, _COST_BOX_PX))
        for kept, place in zip(costs, places, strict=True):
            kept[place] = cost[place]
    below, at, above = costs
    curvature = below + above - 2 * at
    fraction_px = np.clip((below - above) / np.maximum(2 * curvature, 1e-3), -0.5, 0.5)
    return fraction_px, curvature > 2 * _MIN_COST_RISE * at


def _average(disparity_px: np.ndarray, is_found: np.ndarray) -> np.ndarray:
    """The mean of the pixels found within a box; NaN where the middle one is not found."""
    box = (_MEAN_BOX_PX, _MEAN_BOX_PX)
    total = cv2.blur(np.where(is_found, disparity_px, 0).astype(np.float32), box)
    weight = cv2.blur(is_found.astype(np.float32), box)
    return np.where(is_found, total / np.maximum(weight, 1e-6), np.nan).astype(np.float32)


def _remove_local_mean(image: np.ndarray) -> np.ndarray:
    image = image.astype(np.float32)
    return image - cv2.blur(image, (_LOCAL_MEAN_PX, _LOCAL_MEAN_PX))
