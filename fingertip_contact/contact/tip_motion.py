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

from fingertip_contact.frames import FINGERS, FINGERTIP_LANDMARKS, Hand

# Half of what is followed, as wide as a fingertip; so many pixels at least, and at most.
HALF_WINDOW_M = 0.0075
HALF_WINDOW_PX = (3, 16)
# The middle of the window counts most: standard deviation of the weights, in halves of the window.
MIDDLE = 0.625
# Where less of the window stands over the surface, its depth is not there: all of it is followed.
STANDING_SHARE = 0.1
# What makes a pixel's grey differ but motion, and how far a landmark is off: they weigh picture against landmark.
GREY_SIGMA, LANDMARK_SIGMA_PX = 6.0, 1.0
# Gauss-Newton steps: so many at most, none longer, until they are shorter than enough, pixels.
STEPS, LONGEST_PX, ENOUGH_PX = 8, 2.0, 0.01
_TIPS = list(FINGERTIP_LANDMARKS)


def window_px(pixels_per_m: float) -> np.ndarray:
    """The pixels that are looked at round a fingertip: (rows, columns, 2) to the right and down of its landmark."""
    wide = HALF_WINDOW_M * pixels_per_m
    half = int(np.clip(round(wide), *HALF_WINDOW_PX)) if np.isfinite(wide) else HALF_WINDOW_PX[0]
    steps = np.arange(-half, half + 1)
    return np.stack(np.meshgrid(steps, steps), axis=-1)


class TipMotion:
    """update() takes every frame, in their order. Keeps what the fingertips of the last frame looked like."""

    def __init__(self) -> None:
        self._grey = np.zeros((0, 0), np.uint8)
        self._looks: dict[int, _Looks] = {}

    def reset(self) -> None:
        """Forget the frame before."""
        self._looks = {}

    def update(
        self, image_bgr: np.ndarray, hands: Sequence[Hand], window: np.ndarray, standing: np.ndarray
    ) -> np.ndarray:
        """(N, 2) pixels to the right and down, five rows a hand in the order of FINGERS; NaN where it is not known.

        image_bgr: (H, W, 3) uint8. window: (S, S, 2), see window_px. standing: (N, S, S) bool, which of its pixels
        stand over the surface round each fingertip.
        """
        if self._grey.shape != image_bgr.shape[:2]:
            self._grey = np.zeros(image_bgr.shape[:2], np.uint8)
            self.reset()
        grey = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY, dst=self._grey)
        moved_px = np.full((len(hands) * len(FINGERS), 2), np.nan)
        now = {}
        for number, hand in enumerate(hands):
            own = slice(number * len(FINGERS), (number + 1) * len(FINGERS))
            tips_px = hand.landmarks_px[_TIPS].astype(np.float64)
            before = self._looks.get(hand.track)
            if before is not None:
                moved_px[own] = before.moved_px(grey, tips_px)
            now[hand.track] = _Looks.of(grey, tips_px, window, standing[own])
        self._looks = now
        return moved_px


@dataclass(frozen=True)
class _Looks:
    """What the fingertips (N) of a hand looked like in one frame.

    tips_px: (N, 2) landmarks. corner_px: (N, 2) int, the same as pixels. there: (N,) whether the window lies in the
    picture. grey: (N, S, S). slopes: (2, N, S, S) of the grey to the right and down, weighted. gain: (N, 2, 2), pixels
    of a step for what the slopes ask for.
    """

    tips_px: np.ndarray
    corner_px: np.ndarray
    there: np.ndarray
    grey: np.ndarray
    slopes: np.ndarray
    gain: np.ndarray

    @classmethod
    def of(cls, picture: np.ndarray, tips_px: np.ndarray, window: np.ndarray, standing: np.ndarray) -> _Looks:
        half = len(window) // 2
        corner_px = np.rint(np.clip(np.nan_to_num(tips_px, nan=-1.0), -1.0, 1e6)).astype(np.int64)
        # A pixel more on each side, for slopes.
        ringed = _blocks(picture, corner_px, half + 1, half + 1)
        grey = ringed[:, 1:-1, 1:-1]
        right = (ringed[:, 1:-1, 2:] - ringed[:, 1:-1, :-2]) / 2
        down = (ringed[:, 2:, 1:-1] - ringed[:, :-2, 1:-1]) / 2
        seen = standing | (standing.mean(axis=(1, 2)) < STANDING_SHARE)[:, None, None]
        middle = np.exp(-0.5 * (window**2).sum(axis=-1) / (MIDDLE * half) ** 2).astype(np.float32)
        weights = seen * middle / np.float32(GREY_SIGMA**2)
        plain = np.stack([right, down])
        slopes = weights * plain
        information = np.einsum("anij,bnij->nab", slopes, plain) + np.eye(2) / LANDMARK_SIGMA_PX**2
        there = _inside(corner_px, picture.shape, half + 1)
        return cls(tips_px, corner_px, there, grey, slopes, np.linalg.inv(information))

    def moved_px(self, picture: np.ndarray, tips_px: np.ndarray) -> np.ndarray:
        """(N, 2) how far each went in the next picture; NaN where either landmark lies beside its picture.

        What fits both best: the greys, and the ways of the landmarks. Where the greys lead far away from those, another
        finger was found there: the landmarks are believed.
        """
        half = self.grey.shape[1] // 2
        guess_px = np.where(_within(tips_px, picture.shape)[:, None], tips_px - self.tips_px, np.nan)
        guess_px[~_within(self.tips_px, picture.shape)] = np.nan
        start_px = np.nan_to_num(guess_px)
        moved_px = start_px
        for _ in range(STEPS):
            pixel, share = np.divmod(self.corner_px + moved_px, 1.0)
            corner_px = np.clip(pixel, -1, 1e6).astype(np.int64)
            off = _between(_blocks(picture, corner_px, half, half + 1), share) - self.grey
            asked = -np.einsum("anij,nij->na", self.slopes, off) - (moved_px - start_px) / LANDMARK_SIGMA_PX**2
            step_px = np.clip(np.einsum("nab,nb->na", self.gain, asked), -LONGEST_PX, LONGEST_PX)
            moved_px = moved_px + step_px
            if np.abs(step_px).max() < ENOUGH_PX:
                break
        found = self.there & _inside(corner_px, picture.shape, half + 1) & np.isfinite(guess_px).all(axis=1)
        found &= np.linalg.norm(moved_px - start_px, axis=1) < half
        return np.where(found[:, None], moved_px, guess_px)


def _within(points_px: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) whether points (N, 2) lie in a picture (H, W)."""
    return np.all((points_px >= 0) & (points_px <= (shape[1] - 1, shape[0] - 1)), axis=1)


def _inside(corner_px: np.ndarray, shape: tuple[int, ...], reach: int) -> np.ndarray:
    """(N,) whether a picture (H, W) goes on by so many pixels on all sides of each point (N, 2)."""
    return np.all((corner_px >= reach) & (corner_px < np.array(shape[1::-1]) - reach), axis=1)


def _blocks(picture: np.ndarray, corner_px: np.ndarray, before: int, after: int) -> np.ndarray:
    """(N, before + 1 + after, the same) float32 greys round pixels (N, 2); those at the border stand for what lies
    beyond."""
    reach = np.arange(-before, after + 1)
    columns = np.clip(corner_px[:, :1] + reach, 0, picture.shape[1] - 1)
    rows = np.clip(corner_px[:, 1:] + reach, 0, picture.shape[0] - 1)
    return picture[rows[:, :, None], columns[:, None]].astype(np.float32)


def _between(blocks: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Blocks (N, S + 1, S + 1) moved by shares (N, 2) of a pixel to the right and down, linearly: (N, S, S)."""
    right, down = share.astype(np.float32)[:, :, None, None].transpose(1, 0, 2, 3)
    rows = blocks[:, :-1] + down * (blocks[:, 1:] - blocks[:, :-1])
    return rows[:, :, :-1] + right * (rows[:, :, 1:] - rows[:, :, :-1])
