"""Dense stereo matching of rectified grey images, with the errors of a D405's.

Semi-global matching (Hirschmueller 2008, OpenCV's StereoSGBM) finds the disparity and the holes. It prefers whole
pixels where texture is weak, and its errors correlate over a few pixels only; a real D405's correlate over 8 to 9 px
and follow the texture. So its result is the start of a least-squares refinement (Lucas and Kanade 1981, along the row
only) over a Gaussian window: small things and edges blur into their surroundings as they do in the camera.
"""

from __future__ import annotations

import cv2
import numpy as np

_BLOCK_PX = 7
_STEP_PENALTY, _JUMP_PENALTY = 6 * _BLOCK_PX**2, 32 * _BLOCK_PX**2
_PREFILTER_CAP = 31
_UNIQUENESS_PERCENT = 12
_LEFT_RIGHT_PX = 1
_SGBM_STEPS = 16.0  # its disparities are in sixteenths
_SEARCH_STEP_PX = 16  # it searches multiples of this
_SEARCH_MARGIN_PX = 6.0

# SD of the refinement's window: a finger 12 px wide in the image becomes 15 px wide in depth.
_WINDOW_PX = 4.5
_LOCAL_MEAN_PX = 4.0
_ITERATIONS = 2
# Squared gradient, grey values per pixel, below which the refinement stays where semi-global matching was.
_MIN_GRADIENT = 1.0
_MAX_STEP_PX = 0.7
# Correlation of both images around a pixel below which it gets no depth: plain white paper at 29 cm loses a fifth.
_MIN_CORRELATION = 0.12
_CORRELATION_PX = 11


class StereoMatcher:
    """Matches images (H, W) of one camera."""

    def __init__(self, shape: tuple[int, int], max_disparity_px: float) -> None:
        """max_disparity_px: of the nearest point that the camera can measure."""
        self._max_disparity_px = max_disparity_px
        self._rows, self._columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)

    def match(self, left: np.ndarray, right: np.ndarray, nearest_px: float | None = None) -> np.ndarray:
        """(H, W) uint8 images -> disparity of the left one, (H, W) float32 px, NaN where none is found.

        nearest_px: the largest disparity in the scene, if known: a smaller search finds the same in less time.
        """
        start_px = self._find_start(left, right, min(nearest_px or np.inf, self._max_disparity_px))
        # Outside the right image nothing matches; the search found only repetitions of its border there.
        valid = (start_px > 0) & (self._columns >= start_px)
        left, right = _remove_local_mean(left), _remove_local_mean(right)
        disparity_px = self._refine(left, right, _fill_from_left(start_px, valid))
        valid &= _correlate(left, self._shift(right, disparity_px)) > _MIN_CORRELATION
        return np.where(valid, disparity_px, np.nan).astype(np.float32)

    def _find_start(self, left: np.ndarray, right: np.ndarray, nearest_px: float) -> np.ndarray:
        search_px = int(np.ceil((nearest_px + _SEARCH_MARGIN_PX) / _SEARCH_STEP_PX)) * _SEARCH_STEP_PX
        matcher = cv2.StereoSGBM.create(
            0, search_px, _BLOCK_PX, _STEP_PENALTY, _JUMP_PENALTY, _LEFT_RIGHT_PX, _PREFILTER_CAP, _UNIQUENESS_PERCENT
        )  # fmt: skip
        # OpenCV leaves out the columns that the whole search does not fit into; the camera does not.
        padded = (cv2.copyMakeBorder(image, 0, 0, search_px, 0, cv2.BORDER_REPLICATE) for image in (left, right))
        return matcher.compute(*padded)[:, search_px:].astype(np.float32) / _SGBM_STEPS

    def _refine(self, left: np.ndarray, right: np.ndarray, disparity_px: np.ndarray) -> np.ndarray:
        for _ in range(_ITERATIONS):
            shifted = self._shift(right, disparity_px)
            gradient = cv2.Sobel(left + shifted, cv2.CV_32F, 1, 0, ksize=1, scale=0.25)
            product = cv2.GaussianBlur((shifted - left) * gradient, (0, 0), _WINDOW_PX)
            square = cv2.GaussianBlur(gradient * gradient, (0, 0), _WINDOW_PX)
            disparity_px = disparity_px + np.clip(product / (square + _MIN_GRADIENT), -_MAX_STEP_PX, _MAX_STEP_PX)
        return disparity_px

    def _shift(self, right: np.ndarray, disparity_px: np.ndarray) -> np.ndarray:
        """The right image as the left imager would see it."""
        columns = self._columns - disparity_px
        return cv2.remap(right, columns, self._rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _correlate(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Normalised cross-correlation of the surroundings of each pixel, -1..1. Both without local mean."""
    side = (_CORRELATION_PX, _CORRELATION_PX)
    energy = cv2.blur(left * left, side) * cv2.blur(right * right, side)
    return cv2.blur(left * right, side) / np.sqrt(np.maximum(energy, 1e-6))


def _remove_local_mean(image: np.ndarray) -> np.ndarray:
    """Gain, exposure and vignetting differ between the imagers; what is left after this hardly does."""
    image = image.astype(np.float32)
    return image - cv2.GaussianBlur(image, (0, 0), _LOCAL_MEAN_PX)


def _fill_from_left(values: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Invalid pixels get the value of the next valid one to their left, as far as there is one."""
    source = np.where(valid, np.arange(values.shape[1]), 0)
    return np.take_along_axis(values, np.maximum.accumulate(source, axis=1), axis=1)
