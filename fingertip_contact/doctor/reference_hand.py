"""A drawn hand, and the landmarks that the network found in it where the package was measured.

The figures were read from hand_landmark_full of mediapipe 0.10.21 with OpenVINO 2026.4, on an AMD EPYC:
`python -m fingertip_contact.doctor.reference_hand` prints those of this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from fingertip_contact import weights
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS
from fingertip_contact.hands.landmark_model import INPUT_SIZE, LandmarkModel
from fingertip_contact.hands.roi import Roi

# Thumb to little finger, pixels of the drawing.
REFERENCE_TIPS_PX = {
    "f32": ((24.92, 116.68), (82.10, 39.65), (111.65, 27.62), (135.97, 41.02), (166.89, 64.28)),
    "int8": ((24.99, 116.29), (81.86, 39.35), (112.01, 28.06), (136.85, 41.96), (167.14, 65.50)),
}
# In half precision landmarks move by up to a pixel (hands/network.py); processors differ by a hundredth. What lies
# between two of 256 levels may go either way.
MAX_DEVIATION_PX = {"f32": 0.1, "int8": 0.4}

# Base and tip of each finger, the palm, and their radii, pixels; colours are BGR.
_FINGERS = (
    ((70, 165), (28, 120)),
    ((88, 120), (80, 45)),
    ((110, 115), (110, 30)),
    ((132, 120), (138, 42)),
    ((150, 132), (166, 68)),
)
_PALM, _PALM_CENTER = ((112, 215), (112, 150)), (112, 170)
_PALM_RADIUS_PX, _FINGER_RADIUS_PX, _BONE_RADIUS_PX = 45, 14, 20
_DESK, _SKIN, _LIGHT = (150, 140, 135), (95, 125, 185), 40
_EDGE_SHARPNESS = 8


def draw_hand() -> np.ndarray:
    """(224, 224, 3) uint8 BGR: the back of a hand, the same to the byte on each machine."""
    inside = _draw_capsule(*_PALM, _PALM_RADIUS_PX)
    for base, tip in _FINGERS:
        inside = np.maximum(inside, _draw_capsule(base, tip, _FINGER_RADIUS_PX))
        inside = np.maximum(inside, _draw_capsule(_PALM_CENTER, base, _BONE_RADIUS_PX))
    opacity = np.clip(inside * _EDGE_SHARPNESS, 0, 1)[..., None]
    skin = np.array(_SKIN) + _LIGHT * np.sqrt(inside)[..., None]
    return (np.array(_DESK) * (1 - opacity) + skin * opacity + 0.5).astype(np.uint8)


@dataclass(frozen=True)
class Parity:
    """deviation_px: how far the fingertips are from the reference at most. run: runs the network once more."""

    precision: str
    deviation_px: float
    run: Callable[[], object]

    @property
    def is_well(self) -> bool:
        return self.deviation_px <= MAX_DEVIATION_PX[self.precision]


def measure_parity() -> Parity:
    """Of the precision that this processor is given.

    Raises ValueError or OSError where the weights are missing, damaged, or no network.
    """
    precision, tips_px, run = _run_network()
    return Parity(precision, float(np.abs(tips_px - REFERENCE_TIPS_PX[precision]).max()), run)


def _run_network() -> tuple[str, np.ndarray, Callable[[], object]]:
    model = LandmarkModel(weights.get_verified_path("hand_landmark_full"), requests=1, mirrored=False)
    run = partial(model.run, draw_hand(), [Roi(INPUT_SIZE / 2, INPUT_SIZE / 2, INPUT_SIZE, 0.0)])
    return model.precision, run()[0].points_px[list(FINGERTIP_LANDMARKS)], run


def _draw_capsule(start: tuple[int, int], end: tuple[int, int], radius_px: float) -> np.ndarray:
    """(224, 224) 1 on the line from start to end, falling to 0 at the radius."""
    y, x = np.mgrid[:INPUT_SIZE, :INPUT_SIZE].astype(np.float64)
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    ratio = ((x - start[0]) * along_x + (y - start[1]) * along_y) / (along_x**2 + along_y**2)
    ratio = np.clip(ratio, 0, 1)
    distance = np.hypot(x - start[0] - ratio * along_x, y - start[1] - ratio * along_y)
    return np.clip(1 - distance / radius_px, 0, 1)


if __name__ == "__main__":
    precision, tips_px, _ = _run_network()
    print(precision, [[round(float(value), 2) for value in tip] for tip in tips_px])
