"""From a camera frame to a training sample: crop, mirror, resize, jitter colours, normalise, in this order.

Valid pixels are determined before resizing, and depth and weights are never interpolated: interpolated depth between a
finger and the desk behind it would be wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.depth.preprocessing import MEAN_RGB, STD_RGB
from fingertip_research.training.configuration import TrainingConfiguration

# Rec. 601 luma.
GREY_WEIGHTS_BGR = np.array([0.114, 0.587, 0.299], dtype=np.float32)


@dataclass(frozen=True)
class Augmentation:
    """The random choices for one frame. window: rows and columns of the crop. scale: its size as a fraction of the
    image's. color_factors: of brightness, contrast and saturation."""

    window: tuple[slice, slice]
    scale: float
    flipped: bool
    color_factors: tuple[float, float, float]


def sample_augmentation(
    rng: np.random.Generator, configuration: TrainingConfiguration, height: int, width: int
) -> Augmentation:
    """Draws the augmentation of an image of the given size."""
    # Everything is always drawn, so that one option does not change the random values of another.
    is_cropped, flipped, is_jittered = rng.random(3) < (
        configuration.crop_probability,
        configuration.flip_probability,
        configuration.jitter_probability,
    )
    sampled_scale = rng.uniform(configuration.crop_scale_min, 1.0)
    position = rng.random(2)
    color_factors = rng.uniform(1 - configuration.jitter, 1 + configuration.jitter, 3)
    scale = float(sampled_scale) if is_cropped else 1.0
    rows, columns = round(scale * height), round(scale * width)
    top, left = (
        int(fraction * (size - cropped + 1))
        for fraction, size, cropped in zip(position, (height, width), (rows, columns), strict=True)
    )
    return Augmentation(
        window=(slice(top, top + rows), slice(left, left + columns)),
        scale=scale,
        flipped=bool(flipped),
        color_factors=(color_factors[0], color_factors[1], color_factors[2]) if is_jittered else (1.0, 1.0, 1.0),
    )


def make_identity_augmentation(height: int, width: int) -> Augmentation:
    """The whole image, unchanged."""
    return Augmentation((slice(0, height), slice(0, width)), 1.0, False, (1.0, 1.0, 1.0))


def augment(
    color_bgr: np.ndarray, maps: np.ndarray, augmentation: Augmentation, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Image and maps of the same pixels -> the augmented ones at the network's input size.

    color_bgr: (H, W, 3) uint8. maps: (H, W, N) float32, depth and weights. size: (height, width). Returns
    (3, height, width) float32, RGB, normalised, and (N, height, width) float32.
    """
    color, maps = color_bgr[augmentation.window], maps[augmentation.window]
    if augmentation.flipped:
        color, maps = color[:, ::-1], maps[:, ::-1]
    target = size[::-1]
    color = cv2.resize(np.ascontiguousarray(color), target, interpolation=cv2.INTER_CUBIC)
    color = jitter_color(color.astype(np.float32) / 255, augmentation.color_factors)
    maps = cv2.resize(np.ascontiguousarray(maps), target, interpolation=cv2.INTER_NEAREST)
    normalised = (color[..., ::-1] - np.array(MEAN_RGB, np.float32)) / np.array(STD_RGB, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1)), np.ascontiguousarray(maps.transpose(2, 0, 1))


def jitter_color(color: np.ndarray, color_factors: tuple[float, float, float]) -> np.ndarray:
    """Brightness, contrast about the image's mean grey, and saturation by factors: (H, W, 3) BGR, 0..1."""
    if color_factors == (1.0, 1.0, 1.0):
        return color
    brightness, contrast, saturation = np.array(color_factors, dtype=np.float32)
    color = np.clip(color * brightness, 0, 1)
    mean = (color @ GREY_WEIGHTS_BGR).mean()
    color = np.clip(mean + contrast * (color - mean), 0, 1)
    grey = (color @ GREY_WEIGHTS_BGR)[..., None]
    return np.clip(grey + saturation * (color - grey), 0, 1)
