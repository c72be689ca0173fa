"""Both imagers of the stereo camera: linear light to grey images, each with its own errors."""

from __future__ import annotations

import cv2
import numpy as np

from other_generator.view import HEIGHT_PX, WIDTH_PX

_STREAM = 53000
_GREY_WEIGHTS = np.array([0.11, 0.59, 0.30], np.float32)  # of blue, green and red
# Mean grey that the exposure aims at, of 1, and the share of its error that a frame corrects.
_TARGET_GREY, _EXPOSURE_STEP = 0.27, 0.15
# Shot noise: variance per grey level and frame; read noise: SD. Grey levels of 255, before the tone curve.
_SHOT_VARIANCE, _READ_NOISE = 0.012, 0.5
_TONE_EXPONENT = 1 / 1.8
# Rectification leaves the right image turned and scaled by this much, and shifted along the columns.
_TURN_RAD, _SCALE, _SHIFT_PX = 0.0002, 0.0002, 0.05


class Imagers:
    """One pair. Its random stream runs through all frames: equal frames in equal order give equal images."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(_STREAM + seed)
        self._blurs_px = self._random.uniform(0.45, 0.8, 2)
        gain = 1 + self._random.uniform(-0.05, 0.05)
        falloffs = self._random.uniform(0.10, 0.25, 2)
        self._gains = [factor * _make_falloff(falloff) for factor, falloff in zip((1, gain), falloffs, strict=True)]
        self._right_from_true = self._sample_rectification_error()
        self._exposure: float | None = None

    def expose(self, left_bgr: np.ndarray, right_bgr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Linear light (H, W, 3) -> images (H, W) uint8."""
        left, right = left_bgr @ _GREY_WEIGHTS, right_bgr @ _GREY_WEIGHTS
        right = cv2.warpAffine(
            right, self._right_from_true, (WIDTH_PX, HEIGHT_PX), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        wanted = _TARGET_GREY / max(float(left.mean()), 1e-3)
        # The camera has had time to adapt before the first frame.
        exposure = wanted if self._exposure is None else self._exposure
        self._exposure = exposure + _EXPOSURE_STEP * (wanted - exposure)
        return self._expose(0, left, exposure), self._expose(1, right, exposure)

    def _expose(self, number: int, light: np.ndarray, exposure: float) -> np.ndarray:
        light = 255 * exposure * cv2.GaussianBlur(light, (0, 0), self._blurs_px[number]) * self._gains[number]
        deviation = np.sqrt(_SHOT_VARIANCE * np.maximum(light, 0) + _READ_NOISE**2)
        light += deviation * self._random.standard_normal(light.shape, dtype=np.float32)
        return (255 * np.clip(light / 255, 0, 1) ** _TONE_EXPONENT + 0.5).astype(np.uint8)

    def _sample_rectification_error(self) -> np.ndarray:
        """(2, 3) affine map of pixels, about the image's centre."""
        turn_rad, scale = self._random.normal(0, [_TURN_RAD, _SCALE])
        affine = cv2.getRotationMatrix2D((WIDTH_PX / 2, HEIGHT_PX / 2), np.degrees(turn_rad), 1 + scale)
        affine[1, 2] += self._random.normal(0, _SHIFT_PX)
        return affine


def _make_falloff(share: float) -> np.ndarray:
    """(H, W) float32: 1 in the middle, 1 - share in the corners."""
    v, u = np.mgrid[-1 : 1 : HEIGHT_PX * 1j, -1 : 1 : WIDTH_PX * 1j]
    return (1 - share * (u * u + v * v) / 2).astype(np.float32)
