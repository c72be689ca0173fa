"""How far the picture of each fingertip moved since the frame before: optical flow of what surrounds its landmark.

A finger that touches stands still, to a twentieth of a pixel; a landmark wanders by a quarter of one and more, depth
scatters by a millimetre. So this tells best when a finger stopped, and that it stays.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from fingertip_contact.frames import FINGERS, FINGERTIP_LANDMARKS, Hand

# What is followed is as wide as a fingertip; so many pixels at least, and at most.
WINDOW_M = 0.0135
WINDOW_PX = (7, 31)
# Lucas and Kanade's steps: so many at most, until they are shorter than this.
_ENOUGH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 20, 0.01)
_TIPS = list(FINGERTIP_LANDMARKS)


class TipMotion:
    """update() takes every frame, in their order. Keeps the last picture, in grey, and where its fingertips were."""

    def __init__(self) -> None:
        self._grey: list[np.ndarray] = []
        self.reset()

    def reset(self) -> None:
        """Forget the frame before."""
        self._tips_px: dict[int, np.ndarray] = {}

    def update(self, image_bgr: np.ndarray, hands: Sequence[Hand], pixels_per_m: float) -> np.ndarray:
        """(N, 2) pixels to the right and down, five rows a hand in the order of FINGERS; NaN where it is not known.

        image_bgr: (H, W, 3) uint8. pixels_per_m: at the fingertips, about.
        """
        before, grey = self._pictures(image_bgr)
        last_px = self._tips_px
        self._tips_px = {hand.track: hand.landmarks_px[_TIPS].astype(np.float32) for hand in hands}
        unknown = np.full((len(FINGERS), 2), np.nan, dtype=np.float32)
        from_px = np.concatenate([last_px.get(hand.track, unknown) for hand in hands] or [unknown[:0]])
        to_px = np.concatenate([self._tips_px[hand.track] for hand in hands] or [unknown[:0]])
        moved_px = np.full(from_px.shape, np.nan)
        (inside,) = np.nonzero(_within(from_px, grey.shape) & _within(to_px, grey.shape))
        if len(inside):
            moved_px[inside] = _flow(before, grey, from_px[inside], to_px[inside], _window_px(pixels_per_m))
        return moved_px

    def _pictures(self, image_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The last picture and this one, in grey. The two buffers take turns."""
        if len(self._grey) < 2 or self._grey[0].shape != image_bgr.shape[:2]:
            self._grey = [np.zeros(image_bgr.shape[:2], np.uint8) for _ in range(2)]
            self.reset()
        self._grey.reverse()
        cv2.cvtColor(image_bgr, cv2.COLOR_BGR2GRAY, dst=self._grey[1])
        return self._grey[0], self._grey[1]


def _within(points_px: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """(N,) whether points (N, 2) lie in a picture (H, W)."""
    return np.all((points_px >= 0) & (points_px <= (shape[1] - 1, shape[0] - 1)), axis=1)


def _window_px(pixels_per_m: float) -> int:
    """Odd, as a window has a middle."""
    wide = WINDOW_M * pixels_per_m
    return int(np.clip(round((wide - 1) / 2) * 2 + 1, *WINDOW_PX)) if np.isfinite(wide) else WINDOW_PX[0]


def _flow(before: np.ndarray, now: np.ndarray, from_px: np.ndarray, guess_px: np.ndarray, window_px: int) -> np.ndarray:
    """(N, 2) from where it was to where it is. Landmarks say where to look first, and what to believe where nothing is
    found in the window there."""
    found_px, good, _ = cv2.calcOpticalFlowPyrLK(
        before,
        now,
        from_px[:, None],
        guess_px[:, None].copy(),
        winSize=(window_px, window_px),
        maxLevel=0,
        criteria=_ENOUGH,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    found = (good > 0) & (np.linalg.norm(found_px[:, 0] - guess_px, axis=1, keepdims=True) < window_px)
    return np.where(found, found_px[:, 0], guess_px) - from_px
