"""Motion blur: what moves while the shutter is open is smeared along its path."""

from __future__ import annotations

import cv2
import numpy as np

_MIN_BLUR_PX = 0.7  # less is lost in the blur of the lens
_MAX_SAMPLES = 9


def blur_motion(image: np.ndarray, flow_px: np.ndarray) -> None:
    """Blurs the linear image (H, W, C) float32 in place.

    flow_px: (H, W, 2) float32, path of what each pixel shows while the image is exposed, columns and rows; the image
    is that of the middle of the exposure.
    """
    length_px = np.hypot(flow_px[..., 0], flow_px[..., 1])
    longest_px = float(length_px.max())
    if longest_px < _MIN_BLUR_PX:
        return
    margin = int(np.ceil(longest_px / 2)) + 1
    region = _find_region(length_px > 0, margin)
    flow_px, length_px = flow_px[region], length_px[region]
    flow_px = _extend(flow_px, length_px > 0, margin)
    rows, columns = np.mgrid[: flow_px.shape[0], : flow_px.shape[1]].astype(np.float32)
    part = image[region]
    total = np.zeros_like(part)
    samples = min(_MAX_SAMPLES, int(np.ceil(longest_px)) + 1)
    for place in np.linspace(-0.5, 0.5, samples, dtype=np.float32):
        total += cv2.remap(
            part, columns + place * flow_px[..., 0], rows + place * flow_px[..., 1], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
    image[region] = total / samples


def _find_region(moving: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The rows and columns around all moving pixels."""
    column, row, width, height = cv2.boundingRect(moving.astype(np.uint8))
    return (
        slice(max(row - margin, 0), row + height + margin),
        slice(max(column - margin, 0), column + width + margin),
    )


def _extend(flow_px: np.ndarray, known: np.ndarray, margin: int) -> np.ndarray:
    """Pixels around a moving body get its motion: it passes over them."""
    side = (2 * margin + 1, 2 * margin + 1)
    weight = cv2.blur(known.astype(np.float32), side)
    spread = cv2.blur(flow_px, side) / np.maximum(weight, 1e-6)[..., None]
    return np.where(known[..., None], flow_px, np.where(weight[..., None] > 1e-6, spread, 0)).astype(np.float32)
