"""From light to the images that a camera delivers, and to depth from a pair of them."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.geometry import Camera
from fingertip_research.simulation.depth_alignment import DepthAlignment
from fingertip_research.simulation.driver import RAW_DEPTH_UNIT_M, to_published_mm
from third_generator.view import BASELINE_M, View

_STREAM = 6600
# Nothing nearer than some 15 cm is found.
_SEARCH_PX = 48
_BLOCK_PX = 9
_GREY = np.array([0.30, 0.59, 0.11], np.float32)
# Of the gamma that undoes the painter's square root and shows what a camera would.
_TONE_CURVE = (np.arange(256, dtype=np.float32) / 255) ** (2 / 2.2)
_BANK_MARGIN_PX = 97
_NEAREST_M, _FARTHEST_M = 0.07, 2.0


class Sensor:
    """One camera. Its noise depends on the order of the frames."""

    def __init__(self, seed: int, view: View) -> None:
        self._random = np.random.default_rng(_STREAM + seed)
        self._gain = self._random.uniform(0.85, 1.08)
        balance = self._random.uniform(0.94, 1.06, 3).astype(np.float32)
        self._noise = float(self._random.uniform(0.8, 2.6))
        self._blur_px = float(self._random.uniform(0.35, 0.75))
        self._quality = int(self._random.integers(72, 96))
        falloff = _make_falloff(view.color, self._random.uniform(0.05, 0.22))
        self._response = 255 * self._gain * falloff * balance
        # Noise is cut from this at random: drawing it anew would take most of a frame's time.
        shape = (view.color.height + _BANK_MARGIN_PX, view.color.width + _BANK_MARGIN_PX, 3)
        self._bank = self._random.standard_normal(shape, dtype=np.float32)
        self._color = view.color
        self._imager = view.imager
        if view.imager is not None:
            self._alignment = DepthAlignment(view.imager, view.color)
            self._matcher = cv2.StereoSGBM.create(
                0,
                _SEARCH_PX,
                _BLOCK_PX,
                8 * _BLOCK_PX**2,
                32 * _BLOCK_PX**2,
                1,
                31,
                5,
                80,
                2,
                cv2.STEREO_SGBM_MODE_SGBM_3WAY,
            )

    def take_color(self, light: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 RGB square-root light -> (H, W, 3) uint8 BGR, compressed like a webcam's."""
        image = self._response * _TONE_CURVE[cv2.GaussianBlur(light, (0, 0), self._blur_px)]
        image += self._noise * self._cut_noise()
        _, code = cv2.imencode(".jpg", _to_bytes(image)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, self._quality])
        return cv2.imdecode(code, cv2.IMREAD_COLOR)

    def take_pair(self, color_light: np.ndarray, right_light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Images (H, W) uint8 of the imagers. Colour and the left imager look from one place: its light is colour's,
        scaled to its focal length."""
        color, imager = self._color, self._imager
        assert imager is not None
        scale = imager.fx / color.fx
        from_color = np.array([[scale, 0, imager.cx - scale * color.cx], [0, scale, imager.cy - scale * color.cy]])
        left = cv2.warpAffine(
            color_light @ _GREY,
            from_color,
            (imager.width, imager.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return self._take_grey(left), self._take_grey(cv2.GaussianBlur(right_light @ _GREY, (0, 0), 0.45))

    def match(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Depth on colour's pixels, (H, W) uint16, whole millimetres, 0 invalid."""
        imager = self._imager
        assert imager is not None
        # The matcher leaves as many columns at the left empty as it searches.
        padded = [cv2.copyMakeBorder(image, 0, 0, _SEARCH_PX, 0, cv2.BORDER_REPLICATE) for image in (left, right)]
        disparity_px = self._matcher.compute(*padded)[:, _SEARCH_PX:].astype(np.float32) / 16
        disparity_px[disparity_px > np.arange(left.shape[1])] = 0
        depth_m = imager.fx * BASELINE_M / np.maximum(disparity_px, 0.1)
        is_valid = (depth_m > _NEAREST_M) & (depth_m < _FARTHEST_M)
        raw = np.where(is_valid, depth_m / RAW_DEPTH_UNIT_M + 0.5, 0).astype(np.uint16)
        return to_published_mm(self._alignment.apply(raw))

    def _take_grey(self, light: np.ndarray) -> np.ndarray:
        return _to_bytes(light * np.float32(self._gain) + 0.7 * self._noise * self._cut_noise()[..., 0])

    def _cut_noise(self) -> np.ndarray:
        """(H, W, 3) with a deviation of 1."""
        row, column = self._random.integers(0, _BANK_MARGIN_PX, 2)
        cut = self._bank[row:, column:][: self._color.height, : self._color.width]
        return cut if self._random.random() < 0.5 else -cut


def _to_bytes(image: np.ndarray) -> np.ndarray:
    return (np.clip(image, 0, 255) + 0.5).astype(np.uint8)


def _make_falloff(camera: Camera, share: float) -> np.ndarray:
    """(H, W, 1) float32: 1 in the middle, 1 - share in the corners."""
    v, u = np.mgrid[-1 : 1 : camera.height * 1j, -1 : 1 : camera.width * 1j]
    return (1 - share * (u * u + v * v) / 2).astype(np.float32)[..., None]
