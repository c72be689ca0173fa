"""Appearance of skin: tone, mottling, creases at the joints, nails."""

from __future__ import annotations

import numpy as np

from fingertip_contact.datatypes import FINGERS
from other_generator.hand import FIRST_SEGMENT, HandModel, normalise

_TONES_BGR = np.array([[0.40, 0.50, 0.74], [0.30, 0.41, 0.64], [0.20, 0.29, 0.49], [0.13, 0.19, 0.34]], np.float32)
_TONE_PROBABILITIES = (0.3, 0.35, 0.2, 0.15)
# Period of the random lattices that mottle the skin, in cells.
_CELLS = 32
_COARSE_M, _FINE_M = 0.007, 0.0014
# Label of the thumb in `Body.parts`; the other fingers follow.
THUMB_PART = 3


class Skin:
    """The skin of one person. tone: 0 light to 3 dark."""

    def __init__(self, random: np.random.Generator) -> None:
        self.tone = int(random.choice(len(_TONES_BGR), p=_TONE_PROBABILITIES))
        self._bgr = _TONES_BGR[self.tone] * random.uniform(0.93, 1.07, 3).astype(np.float32)
        self._coarse, self._fine = (random.normal(size=(_CELLS,) * 3).astype(np.float32) for _ in range(2))

    def albedo(self, rest_m: np.ndarray, nail: np.ndarray, crease: np.ndarray) -> np.ndarray:
        """Albedo (N, 3) at points (N, 3) float32 of the hand at rest. nail, crease: (N,) float32, 0 to 1."""
        coarse = _interpolate(self._coarse, rest_m / _COARSE_M)
        fine = _interpolate(self._fine, rest_m / _FINE_M)
        albedo = self._bgr * (1 + 0.045 * coarse + 0.05 * fine)[:, None]
        albedo *= 1 + coarse[:, None] * np.array([-0.018, -0.016, 0.010], np.float32)
        albedo *= 1 - crease[:, None] * np.array([0.30, 0.28, 0.16], np.float32)
        pink = np.array([1.12, 1.10, 1.10], np.float32) * self._bgr + np.array([0.07, 0.05, 0.08], np.float32)
        return albedo * (1 - nail[:, None]) + pink * nail[:, None]


def _interpolate(lattice: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Values (N,) of a periodic lattice at positions (N, 3), in cells."""
    cells = cells % _CELLS
    low = np.floor(cells).astype(np.int32)
    x, y, z = (_smoothstep((cells - low).astype(np.float32))).T
    low, high = low % _CELLS, (low + 1) % _CELLS
    total = 0
    for i, weight_x in ((low[:, 0], 1 - x), (high[:, 0], x)):
        for j, weight_y in ((low[:, 1], 1 - y), (high[:, 1], y)):
            along_z = lattice[i, j, low[:, 2]] * (1 - z) + lattice[i, j, high[:, 2]] * z
            total = total + weight_x * weight_y * along_z
    return total


def _smoothstep(fraction: np.ndarray) -> np.ndarray:
    return fraction * fraction * (3 - 2 * fraction)


def compute_creases(model: HandModel) -> np.ndarray:
    """(V,) 0 to 1: three folds around the second and third joint of each finger."""
    crease = np.zeros(len(model.rest_m))
    for finger in range(len(FINGERS)):
        first = FIRST_SEGMENT + 3 * finger
        on_finger = model.weights[:, first : first + 3].sum(1) > 0.7
        for joint in (1, 2):
            along = normalise(model.tails_m[finger, joint] - model.heads_m[finger, joint])
            distance_m = (model.rest_m - model.heads_m[finger, joint]) @ along
            fold = np.exp(-((distance_m / 0.0022) ** 2))
            fold = fold + 0.6 * np.exp(-(((distance_m - 0.004) / 0.0014) ** 2))
            fold = fold + 0.6 * np.exp(-(((distance_m + 0.004) / 0.0014) ** 2))
            crease += on_finger * fold * 0.8
    return np.clip(crease, 0, 1)


def compute_nails(model: HandModel) -> np.ndarray:
    """(V,) 0 to 1: the far half of each fingertip's back, without its sides."""
    nail = np.zeros(len(model.rest_m))
    for finger in range(len(FINGERS)):
        on_tip = model.weights[:, FIRST_SEGMENT + 3 * finger + 2] > 0.9
        along = normalise(model.tails_m[finger, 2] - model.heads_m[finger, 2])
        back = normalise(np.cross(along, model.flexion_axes[finger, 2]))
        from_joint_m = model.rest_m - model.heads_m[finger, 2]
        distance_m, height_m, across_m = (from_joint_m @ axis for axis in (along, back, np.cross(along, back)))
        middle_m = np.median(across_m[on_tip])
        width_m = np.abs(across_m[on_tip] - middle_m).max()
        far = _sigmoid_step(distance_m - 0.52 * distance_m[on_tip].max(), -0.0006)
        narrow = _sigmoid_step(np.abs(across_m - middle_m) - 0.68 * width_m, 0.0005)
        nail += on_tip * far * narrow * (height_m > np.quantile(height_m[on_tip], 0.62))
    return np.clip(nail, 0, 1)


def _sigmoid_step(distance_m: np.ndarray, softness_m: float) -> np.ndarray:
    """A soft step from 1 below 0 to 0 above 0 if softness_m is positive, from 0 to 1 if it is negative."""
    return 1 / (1 + np.exp(np.clip(distance_m / softness_m, -40, 40)))


def label_parts(model: HandModel) -> np.ndarray:
    """(V,) label of each vertex's part: 1 palm, 2 arm, from THUMB_PART on one per finger."""
    group = model.weights.argmax(1)
    return np.where(group < FIRST_SEGMENT, group + 1, THUMB_PART + (group - FIRST_SEGMENT) // 3)
