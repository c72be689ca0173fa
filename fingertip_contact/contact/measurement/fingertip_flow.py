"""Fingertip flow: the image displacement of each fingertip since the previous frame, by template registration.

A touching finger stands still to a twentieth of a pixel, while landmarks wander by half a pixel and depth scatters by a
millimetre: flow shows best when a finger stops and that it dwells. Only pixels of the finger count, because skin is
smooth and a printed key beside the fingertip would dominate the registration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from fingertip_contact.contact.measurement.finger_region import stack_tips_px
from fingertip_contact.contact.measurement.patches import (
    extract_patches,
    has_margin,
    interpolate_bilinear,
    make_gaussian_weights,
    make_window,
)
from fingertip_contact.datatypes import FINGERS, Hand

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


def make_window_px(pixels_per_m: float) -> np.ndarray:
    """(rows, columns, 2) offsets of a template's pixels from the fingertip's landmark, to the right and down."""
    half_width_px = HALF_WINDOW_M * pixels_per_m
    half = int(np.clip(round(half_width_px), *HALF_WINDOW_PX)) if np.isfinite(half_width_px) else HALF_WINDOW_PX[0]
    return make_window(half)


class FingertipFlow:
    """update() takes every frame, in order, and keeps its templates for the next one."""

    def __init__(self) -> None:
        self._shape: tuple[int, ...] = ()
        self._template: _Template | None = None
        self._tracks: list[int] = []

    def reset(self) -> None:
        """Forget the previous frame."""
        self._template = None

    def update(self, grey: np.ndarray, hands: Sequence[Hand], window: np.ndarray, on_finger: np.ndarray) -> np.ndarray:
        """(N, 2) pixels to the right and down, five rows per hand in the order of FINGERS; NaN where unknown.

        grey: (H, W) uint8. window: (S, S, 2), see make_window_px. on_finger: (N, S, S) bool, see find_finger_pixels.
        """
        if self._shape != grey.shape:
            self._shape = grey.shape
            self.reset()
        flow_px = np.full((len(hands) * len(FINGERS), 2), np.nan)
        if not hands:
            self.reset()
            return flow_px
        tips_px = stack_tips_px(hands)
        tracks = [hand.track for hand in hands]
        if self._template is not None:
            followed = [index for index, track in enumerate(tracks) if track in self._tracks]
            before, now = (
                _find_rows([seen.index(tracks[index]) for index in followed]) for seen in (self._tracks, tracks)
            )
            if followed:
                flow_px[now] = self._template.select(before).estimate_flow_px(grey, tips_px[now])
        self._template, self._tracks = _Template.from_image(grey, tips_px, window, on_finger), tracks
        return flow_px


def _find_rows(hands: list[int]) -> np.ndarray:
    """The rows of the fingers of hands, given by their index."""
    return (len(FINGERS) * np.array(hands, dtype=np.int64)[:, None] + np.arange(len(FINGERS))).ravel()


@dataclass(frozen=True)
class _Template:
    """The fingertips (N) of some hands in one frame.

    tips_px: (N, 2) landmarks. origin_px: (N, 2) int, the same in whole pixels. is_valid: (N,) whether the window lies
    inside the image. grey: (N, S, S). gradients: (N, 2, S, S) weighted grey gradients to the right and down.
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
        raw_gradients = np.empty((len(tips_px), 2, *window.shape[:2]), np.float32)
        np.subtract(padded[:, 1:-1, 2:], padded[:, 1:-1, :-2], out=raw_gradients[:, 0])
        np.subtract(padded[:, 2:, 1:-1], padded[:, :-2, 1:-1], out=raw_gradients[:, 1])
        raw_gradients *= np.float32(0.5)
        mask = on_finger | (on_finger.mean(axis=(1, 2)) < MIN_FINGER_RATIO)[:, None, None]
        weights = mask * (make_gaussian_weights(window, WEIGHT_SIGMA) / np.float32(GREY_SIGMA**2))
        gradients = weights[:, None] * raw_gradients
        flat, raw_flat = (values.reshape(len(tips_px), 2, -1) for values in (gradients, raw_gradients))
        normal_matrix = flat @ raw_flat.transpose(0, 2, 1) + np.eye(2) / LANDMARK_SIGMA_PX**2
        is_valid = has_margin(origin_px, image.shape, half + 1)
        return cls(tips_px, origin_px, is_valid, padded[:, 1:-1, 1:-1], gradients, np.linalg.inv(normal_matrix))

    def select(self, rows: np.ndarray) -> _Template:
        """Those of some fingertips."""
        if np.array_equal(rows, np.arange(len(self.tips_px))):
            return self
        return _Template(*(getattr(self, entry.name)[rows] for entry in fields(self)))

    def estimate_flow_px(self, image: np.ndarray, tips_px: np.ndarray) -> np.ndarray:
        """(N, 2) displacement of each fingertip to the next image; NaN where a landmark lies outside its image.

        Minimises grey differences and the deviation from the landmarks' displacement. A result far from the landmarks
        is another finger's, and the landmarks' displacement is returned instead.
        """
        half = self.grey.shape[1] // 2
        guess_px = np.where(_is_within(tips_px, image.shape)[:, None], tips_px - self.tips_px, np.nan)
        guess_px[~_is_within(self.tips_px, image.shape)] = np.nan
        start_px = np.nan_to_num(guess_px)
        flow_px, place_px = start_px.copy(), np.empty_like(self.origin_px)
        rows, moving = np.arange(len(tips_px)), self
        for _ in range(MAX_ITERATIONS):
            step_px, place_px[rows] = moving.find_step(image, flow_px[rows], start_px[rows])
            flow_px[rows] += step_px
            # A hand is followed until all of its fingertips stand.
            is_moving = (np.abs(step_px).reshape(-1, 2 * len(FINGERS)).max(axis=1) >= CONVERGENCE_PX).repeat(
                len(FINGERS)
            )
            if not is_moving.any():
                break
            if not is_moving.all():
                rows, moving = rows[is_moving], moving.select(np.flatnonzero(is_moving))
        found = self.is_valid & has_margin(place_px, image.shape, half + 1) & np.isfinite(guess_px).all(axis=1)
        found &= np.linalg.norm(flow_px - start_px, axis=1) < half
        return np.where(found[:, None], flow_px, guess_px)

    def find_step(self, image: np.ndarray, flow_px: np.ndarray, start_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The Gauss-Newton step (N, 2) from displacements (N, 2), pixels, and the whole pixels (N, 2) read for it."""
        half = self.grey.shape[1] // 2
        pixel, fraction = np.divmod(self.origin_px + flow_px, 1.0)
        place_px = pixel.clip(-1, 1e6).astype(np.int64)
        grey_error = interpolate_bilinear(extract_patches(image, place_px, half, half + 1), fraction) - self.grey
        count = len(grey_error)
        by_gradient = self.gradients.reshape(count, 2, -1) @ grey_error.reshape(count, -1, 1)
        negative_gradient = -by_gradient - ((flow_px - start_px) / LANDMARK_SIGMA_PX**2)[..., None]
        step_px = (self.inverse_normal_matrix @ negative_gradient)[..., 0]
        return step_px.clip(-MAX_STEP_PX, MAX_STEP_PX), place_px


def _is_within(points_px: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) whether points (N, 2) lie inside an image (H, W)."""
    return np.all((points_px >= 0) & (points_px <= (shape[1] - 1, shape[0] - 1)), axis=1)
