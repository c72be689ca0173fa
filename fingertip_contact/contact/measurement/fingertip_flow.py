"""Fingertip flow: the image displacement of each fingertip since the previous frame, by template registration.

A touching finger stands still to a twentieth of a pixel, while landmarks wander by half a pixel and depth scatters by a
millimetre: flow shows best when a finger stops and that it dwells. Only pixels of the finger count, because skin is
smooth and a printed key beside the fingertip would dominate the registration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.measurement.patches import (
    extract_patches,
    has_margin,
    interpolate_bilinear,
    make_gaussian_weights,
    make_window,
)
from fingertip_contact.datatypes import FINGERS, FINGERTIP_LANDMARKS, Hand

# Half width of the template, that of a fingertip, and its limits in pixels.
HALF_WINDOW_M = 0.0075
HALF_WINDOW_PX = (3, 16)
# Standard deviation of the Gaussian weights, in half widths.
WEIGHT_SIGMA = 0.625
# With less of the finger than this the finger's direction is unknown, and the whole window is used.
MIN_FINGER_RATIO = 0.1
# Standard deviations of grey values (other than by motion) and of landmarks: they weight image against landmark.
GREY_SIGMA, LANDMARK_SIGMA_PX = 6.0, 1.0
# Gauss-Newton: maximum iterations, maximum step, and the step at which it has converged.
MAX_ITERATIONS, MAX_STEP_PX, CONVERGENCE_PX = 8, 2.0, 0.01
_TIP_LANDMARKS = list(FINGERTIP_LANDMARKS)


def make_window_px(pixels_per_m: float) -> np.ndarray:
    """(rows, columns, 2) offsets of a template's pixels from the fingertip's landmark, to the right and down."""
    half_width_px = HALF_WINDOW_M * pixels_per_m
    half = int(np.clip(round(half_width_px), *HALF_WINDOW_PX)) if np.isfinite(half_width_px) else HALF_WINDOW_PX[0]
    return make_window(half)


class FingertipFlow:
    """update() takes every frame, in order, and keeps its templates for the next one."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self._templates: dict[int, _Template] = {}

    def reset(self) -> None:
        """Forget the previous frame."""
        self._templates = {}

    def update(self, grey: np.ndarray, hands: Sequence[Hand], window: np.ndarray, on_finger: np.ndarray) -> np.ndarray:
        """(N, 2) pixels to the right and down, five rows per hand in the order of FINGERS; NaN where unknown.

        grey: (H, W) uint8. window: (S, S, 2), see make_window_px. on_finger: (N, S, S) bool, see find_finger_pixels.
        """
        if self._shape != grey.shape:
            self._shape = grey.shape
            self.reset()
        flow_px = np.full((len(hands) * len(FINGERS), 2), np.nan)
        current = {}
        for index, hand in enumerate(hands):
            hand_rows = slice(index * len(FINGERS), (index + 1) * len(FINGERS))
            tips_px = hand.landmarks_px[_TIP_LANDMARKS].astype(np.float64)
            previous = self._templates.get(hand.track)
            if previous is not None:
                flow_px[hand_rows] = previous.estimate_flow_px(grey, tips_px)
            current[hand.track] = _Template.from_image(grey, tips_px, window, on_finger[hand_rows])
        self._templates = current
        return flow_px


@dataclass(frozen=True)
class _Template:
    """The fingertips (N) of a hand in one frame.

    tips_px: (N, 2) landmarks. origin_px: (N, 2) int, the same in whole pixels. is_valid: (N,) whether the window lies
    inside the image. grey: (N, S, S). gradients: (2, N, S, S) weighted grey gradients to the right and down.
    inverse_normal_matrix: (N, 2, 2) of the Gauss-Newton step.
    """

    tips_px: np.ndarray
    origin_px: np.ndarray
    is_valid: np.ndarray
    grey: np.ndarray
    gradients: np.ndarray
    inverse_normal_matrix: np.ndarray

    @classmethod
    def from_image(cls, image: np.ndarray, tips_px: np.ndarray, window: np.ndarray, on_finger: np.ndarray) -> _Template:
        half = len(window) // 2
        origin_px = np.rint(np.clip(np.nan_to_num(tips_px, nan=-1.0), -1.0, 1e6)).astype(np.int64)
        # One pixel more on each side, for the gradients.
        padded = extract_patches(image, origin_px, half + 1, half + 1)
        grey = padded[:, 1:-1, 1:-1]
        right = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
        down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
        mask = on_finger | (on_finger.mean(axis=(1, 2)) < MIN_FINGER_RATIO)[:, None, None]
        weights = mask * make_gaussian_weights(window, WEIGHT_SIGMA) / np.float32(GREY_SIGMA**2)
        raw_gradients = np.stack([right, down])
        gradients = weights * raw_gradients
        normal_matrix = np.einsum("anij,bnij->nab", gradients, raw_gradients) + np.eye(2) / LANDMARK_SIGMA_PX**2
        is_valid = has_margin(origin_px, image.shape, half + 1)
        return cls(tips_px, origin_px, is_valid, grey, gradients, np.linalg.inv(normal_matrix))

    def estimate_flow_px(self, image: np.ndarray, tips_px: np.ndarray) -> np.ndarray:
        """(N, 2) displacement of each fingertip to the next image; NaN where a landmark lies outside its image.

        Minimises grey differences and the deviation from the landmarks' displacement. A result far from the landmarks
        is another finger's, and the landmarks' displacement is returned instead.
        """
        half = self.grey.shape[1] // 2
        guess_px = np.where(_is_within(tips_px, image.shape)[:, None], tips_px - self.tips_px, np.nan)
        guess_px[~_is_within(self.tips_px, image.shape)] = np.nan
        start_px = np.nan_to_num(guess_px)
        flow_px = start_px
        for _ in range(MAX_ITERATIONS):
            pixel, fraction = np.divmod(self.origin_px + flow_px, 1.0)
            origin_px = np.clip(pixel, -1, 1e6).astype(np.int64)
            grey_error = interpolate_bilinear(extract_patches(image, origin_px, half, half + 1), fraction) - self.grey
            negative_gradient = (
                -np.einsum("anij,nij->na", self.gradients, grey_error) - (flow_px - start_px) / LANDMARK_SIGMA_PX**2
            )
            step_px = np.clip(
                np.einsum("nab,nb->na", self.inverse_normal_matrix, negative_gradient), -MAX_STEP_PX, MAX_STEP_PX
            )
            flow_px = flow_px + step_px
            if np.abs(step_px).max() < CONVERGENCE_PX:
                break
        found = self.is_valid & has_margin(origin_px, image.shape, half + 1) & np.isfinite(guess_px).all(axis=1)
        found &= np.linalg.norm(flow_px - start_px, axis=1) < half
        return np.where(found[:, None], flow_px, guess_px)


def _is_within(points_px: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) whether points (N, 2) lie inside an image (H, W)."""
    return np.all((points_px >= 0) & (points_px <= (shape[1] - 1, shape[0] - 1)), axis=1)
