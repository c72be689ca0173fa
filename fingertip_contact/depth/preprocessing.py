"""Camera image to network input, and network output to the camera's size, in buffers that are allocated once."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

# ImageNet's mean and standard deviation of RGB in 0..1, with which DINOv2 was trained.
MEAN_RGB = (0.485, 0.456, 0.406)
STD_RGB = (0.229, 0.224, 0.225)


class Preprocessor:
    """Resizes a BGR image of any size to the network's, bicubic as in training, and normalises it.

    The aspect ratio is not kept, as in training. Resizing happens in floating point, as in the reference: bytes would
    clip the overshoot of bicubic interpolation at edges, and are not faster.
    """

    def __init__(self, height: int, width: int) -> None:
        self._resized = np.empty((height, width, 3), np.float32)
        self._batch = np.empty((1, 3, height, width), np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the output without the batch: (3, height, width)."""
        return self._batch.shape[1:]

    def __call__(self, image_bgr: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (1, 3, height, width) float32, RGB. The result is overwritten by the next call.

        Raises ValueError if the image is not (H, W, 3) uint8.
        """
        if image_bgr.dtype != np.uint8 or image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or 0 in image_bgr.shape:
            raise ValueError(f"the image is {image_bgr.dtype} {image_bgr.shape}; it has to be uint8 (H, W, 3), BGR")
        height, width = self._resized.shape[:2]
        size = (width, height)
        cv2.resize(image_bgr.astype(np.float32), size, dst=self._resized, interpolation=cv2.INTER_CUBIC)
        for channel, (mean, std) in enumerate(zip(MEAN_RGB, STD_RGB, strict=True)):
            plane = self._batch[0, channel]
            np.multiply(self._resized[:, :, 2 - channel], np.float32(1 / (255 * std)), out=plane)
            plane -= np.float32(mean / std)
        return self._batch


def resize_to(depth: np.ndarray, height: int, width: int) -> np.ndarray:
    """(h, w) float32 -> (height, width) float32: bilinear, corners aligned, as in the reference.

    OpenCV's resize aligns pixel edges instead, which would shift depth by up to half a network pixel. Two products with
    banded matrices are exact, and fast at these sizes.
    """
    rows, columns = depth.shape
    return make_bilinear_matrix(rows, height) @ depth @ make_bilinear_matrix(columns, width).T


@lru_cache(maxsize=16)
def make_bilinear_matrix(source: int, target: int) -> np.ndarray:
    """(target, source) float32: the weights of `source` samples in `target` samples that span the same interval."""
    positions = np.linspace(0, source - 1, target)
    distance = np.abs(positions[:, None] - np.arange(source))
    return np.maximum(0, 1 - distance).astype(np.float32)
