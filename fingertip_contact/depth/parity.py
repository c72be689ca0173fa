"""The self-test of a runtime: for a stored image it has to reproduce torch's stored depth.

Some runtimes silently changed the metric scale. Such a runtime is rejected when it is loaded.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np

# The permitted mean deviation, as a fraction of the maximum depth: 0.005, 1, 1 and 10 mm for the D405's half metre.
# In single precision runtimes agree to 1e-6; the other precisions round, and the resulting deviation is reported.
TOLERANCES = {"fp32": 1e-5, "bf16": 2e-3, "fp16": 2e-3, "int8": 2e-2}


def make_reference_image(height: int, width: int) -> np.ndarray:
    """(height, width, 3) uint8, BGR: a desk in perspective with two schematic hands, the same on every machine."""
    rows, columns = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    shade = 90 + 90 * rows + 20 * np.sin(40 * columns * (0.5 + rows)) * np.sin(25 * rows)
    image = (shade[:, :, None] * (0.75, 0.9, 1.0)).astype(np.uint8)
    for side in (0.3, 0.7):
        for finger in range(5):
            tip = (round((side + 0.05 * (finger - 2)) * width), round((0.6 - 0.02 * abs(finger - 2)) * height))
            wrist = (round(side * width), 0)
            cv2.line(image, wrist, tip, (120 + 8 * finger, 150 + 8 * finger, 200), max(width // 40, 1))
    return image


def write(path: Path, image_bgr: np.ndarray, depth_m: np.ndarray) -> None:
    """Stores an image, (H, W, 3) uint8 of any size, with torch's depth, float32 metres at the network's size."""
    np.savez_compressed(path, picture_bgr=image_bgr, depth_m=depth_m)


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """The image and the depth. Raises ValueError if the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return stored["picture_bgr"], stored["depth_m"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"the stored depth {path} cannot be read ({error}); delete its folder") from error


def mean_deviation_m(depth_m: np.ndarray, expected_m: np.ndarray) -> float:
    """Mean absolute difference in metres; NaN if either contains NaN. Raises ValueError if the shapes differ."""
    if depth_m.shape != expected_m.shape:
        raise ValueError(f"the runtime outputs depth of {depth_m.shape}, expected {expected_m.shape}")
    return float(np.mean(np.abs(depth_m.astype(np.float64) - expected_m)))


def is_within_tolerance(deviation_m: float, precision: str, max_depth_m: float) -> bool:
    """Whether a runtime of that precision may be used; False for NaN."""
    return deviation_m <= TOLERANCES[precision] * max_depth_m
