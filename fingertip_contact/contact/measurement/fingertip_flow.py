"""How far the picture of each fingertip moved since the frame before: what belongs to the finger is found again.

A finger that touches stands still, to a twentieth of a pixel; a landmark wanders by half of one, depth
scatters by a millimetre. So this tells best when a finger stopped, and that it stays. Only pixels that stand over the
surface count: skin is smooth, and a printed key beside the fingertip would hold the picture where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.datatypes import FINGERS, FINGERTIP_LANDMARKS, Hand

# Half of what is followed, as wide as a fingertip; so many pixels at least, and at most.
HALF_WINDOW_M = 0.0075
HALF_WINDOW_PX = (3, 16)
# The middle of the window counts most: standard deviation of the weights, in halves of the window.
WEIGHT_SIGMA = 0.625
# Where less of the window stands over the surface, its depth is not there: all of it is followed.
MIN_FOREGROUND_RATIO = 0.1
# What makes a pixel's grey differ but motion, and how far a landmark is off: they weigh picture against landmark.
GREY_SIGMA, LANDMARK_SIGMA_PX = 6.0, 1.0
# Gauss-Newton steps: so many at most, none longer, until they are shorter than enough, pixels.
MAX_ITERATIONS, MAX_STEP_PX, CONVERGENCE_PX = 8, 2.0, 0.01
_TIP_LANDMARKS = list(FINGERTIP_LANDMARKS)


def make_window_px(pixels_per_m: float) -> np.ndarray:
    """The pixels that are looked at round a fingertip: (rows, columns, 2) to the right and down of its landmark."""
    half_width_px = HALF_WINDOW_M * pixels_per_m
    half = int(np.clip(round(half_width_px), *HALF_WINDOW_PX)) if np.isfinite(half_width_px) else HALF_WINDOW_PX[0]
    steps = np.arange(-half, half + 1)
    return np.stack(np.meshgrid(steps, steps), axis=-1)


class FingertipFlow:
    """update() takes every frame, in their order. Keeps what the fingertips of the last frame looked like."""

    def __init__(self) -> None:
        self._grey = np.zeros((0, 0), np.uint8)
        self._templates: dict[int, _Template] = {}

    def reset(self) -> None:
        """Forget the frame before."""
        self._templates = {}

    def update(
        self, image_bgr: np.ndarray, hands: Sequence[Hand], window: np.ndarray, foreground: np.ndarray
    ) -> np.ndarray:
        """(N, 2) pixels to the right and down, five rows a hand in the order of FINGERS; NaN where it is not known.

        image_bgr: (H, W, 3) uint8. window: (S, S, 2), see make_window_px. foreground: (N, S, S) bool, which of its
        pixels stand over the surface round each fingertip.
        """
        if self._grey.shape != image_bgr.shape[:2]:
            self._grey = np.zeros(image_bgr.shape[:2], np.uint8)
            self.reset()
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY, dst=self._grey)
        flow_px = np.full((len(hands) * len(FINGERS), 2), np.nan)
        current = {}
        for index, hand in enumerate(hands):
            hand_rows = slice(index * len(FINGERS), (index + 1) * len(FINGERS))
            tips_px = hand.landmarks_px[_TIP_LANDMARKS].astype(np.float64)
            previous = self._templates.get(hand.track)
            if previous is not None:
                flow_px[hand_rows] = previous.estimate_flow_px(grey, tips_px)
            current[hand.track] = _Template.from_image(grey, tips_px, window, foreground[hand_rows])
        self._templates = current
        return flow_px


@dataclass(frozen=True)
class _Template:
    """What the fingertips (N) of a hand looked like in one frame.

    tips_px: (N, 2) landmarks. origin_px: (N, 2) int, the same as pixels. is_valid: (N,) whether the window lies in the
    picture. grey: (N, S, S). gradients: (2, N, S, S) of the grey to the right and down, weighted.
    inverse_normal_matrix: (N, 2, 2), pixels of a step for what the gradients ask for.
    """

    tips_px: np.ndarray
    origin_px: np.ndarray
    is_valid: np.ndarray
    grey: np.ndarray
    gradients: np.ndarray
    inverse_normal_matrix: np.ndarray

    @classmethod
    def from_image(
        cls, image: np.ndarray, tips_px: np.ndarray, window: np.ndarray, foreground: np.ndarray
    ) -> _Template:
        half = len(window) // 2
        origin_px = np.rint(np.clip(np.nan_to_num(tips_px, nan=-1.0), -1.0, 1e6)).astype(np.int64)
        # A pixel more on each side, for gradients.
        padded = _extract_patches(image, origin_px, half + 1, half + 1)
        grey = padded[:, 1:-1, 1:-1]
        right = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2
        down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2
        mask = foreground | (foreground.mean(axis=(1, 2)) < MIN_FOREGROUND_RATIO)[:, None, None]
        window_weights = np.exp(-0.5 * (window**2).sum(axis=-1) / (WEIGHT_SIGMA * half) ** 2).astype(np.float32)
        weights = mask * window_weights / np.float32(GREY_SIGMA**2)
        raw_gradients = np.stack([right, down])
        gradients = weights * raw_gradients
        normal_matrix = np.einsum("anij,bnij->nab", gradients, raw_gradients) + np.eye(2) / LANDMARK_SIGMA_PX**2
        is_valid = _has_margin(origin_px, image.shape, half + 1)
        return cls(tips_px, origin_px, is_valid, grey, gradients, np.linalg.inv(normal_matrix))

    def estimate_flow_px(self, image: np.ndarray, tips_px: np.ndarray) -> np.ndarray:
        """(N, 2) how far each went in the next picture; NaN where either landmark lies beside its picture.

        What fits both best: the greys, and the ways of the landmarks. Where the greys lead far away from those, another
        finger was found there: the landmarks are believed.
        """
        half = self.grey.shape[1] // 2
        guess_px = np.where(_is_within(tips_px, image.shape)[:, None], tips_px - self.tips_px, np.nan)
        guess_px[~_is_within(self.tips_px, image.shape)] = np.nan
        start_px = np.nan_to_num(guess_px)
        flow_px = start_px
        for _ in range(MAX_ITERATIONS):
            pixel, fraction = np.divmod(self.origin_px + flow_px, 1.0)
            origin_px = np.clip(pixel, -1, 1e6).astype(np.int64)
            grey_error = _interpolate_bilinear(_extract_patches(image, origin_px, half, half + 1), fraction) - self.grey
            negative_gradient = (
                -np.einsum("anij,nij->na", self.gradients, grey_error) - (flow_px - start_px) / LANDMARK_SIGMA_PX**2
            )
            step_px = np.clip(
                np.einsum("nab,nb->na", self.inverse_normal_matrix, negative_gradient), -MAX_STEP_PX, MAX_STEP_PX
            )
            flow_px = flow_px + step_px
            if np.abs(step_px).max() < CONVERGENCE_PX:
                break
        found = self.is_valid & _has_margin(origin_px, image.shape, half + 1) & np.isfinite(guess_px).all(axis=1)
        found &= np.linalg.norm(flow_px - start_px, axis=1) < half
        return np.where(found[:, None], flow_px, guess_px)


def _is_within(points_px: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) whether points (N, 2) lie in a picture (H, W)."""
    return np.all((points_px >= 0) & (points_px <= (shape[1] - 1, shape[0] - 1)), axis=1)


def _has_margin(origin_px: np.ndarray, shape: tuple[int, ...], margin_px: int) -> np.ndarray:
    """(N,) whether a picture (H, W) goes on by so many pixels on all sides of each point (N, 2)."""
    return np.all((origin_px >= margin_px) & (origin_px < np.array(shape[1::-1]) - margin_px), axis=1)


def _extract_patches(image: np.ndarray, origin_px: np.ndarray, before: int, after: int) -> np.ndarray:
    """(N, before + 1 + after, the same) float32 greys round pixels (N, 2); those at the border stand for what lies
    beyond."""
    margin_px = np.arange(-before, after + 1)
    columns = np.clip(origin_px[:, :1] + margin_px, 0, image.shape[1] - 1)
    rows = np.clip(origin_px[:, 1:] + margin_px, 0, image.shape[0] - 1)
    return image[rows[:, :, None], columns[:, None]].astype(np.float32)


def _interpolate_bilinear(patches: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Blocks (N, S + 1, S + 1) moved by shares (N, 2) of a pixel to the right and down, linearly: (N, S, S)."""
    right, down = fraction.astype(np.float32)[:, :, None, None].transpose(1, 0, 2, 3)
    rows = patches[:, :-1] + down * (patches[:, 1:] - patches[:, :-1])
    return rows[:, :, :-1] + right * (rows[:, :, 1:] - rows[:, :, :-1])
