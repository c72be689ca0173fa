"""Which key a touch means: how far it lies from each key, given where this person's fingers tend to land.

A finger's landmark sits off the spot that its owner aims with, by up to half a key, and differently for each finger.
The offset is learnt from the touches themselves as a sum of three parts, of all fingers, of the hand and of the
finger, each with a Gaussian prior about zero, so that a finger that has not typed yet profits from the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingertip_contact.frames import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.keyboard.layout import Key, Layout

# Spread of touches about the aimed spot, once the offset is taken off. Typists scatter by 2 to 5 mm on flat glass;
# the rest is the tracker's jitter.
TOUCH_SD_M = 0.005
# Prior spread of each part of the offset: the tracker's error is 4 to 6 mm, most of it common to all fingers.
COMMON_SD_M, HAND_SD_M, FINGER_SD_M = 0.004, 0.002, 0.003
# The offset wanders by that much from touch to touch: hands shift and postures change.
DRIFT_SD_M = 0.0003
# A residual counts as at most that much, so that a touch given to a wrong key cannot drag the offset to it.
LARGEST_RESIDUAL_M = 0.008
LARGEST_OFFSET_M = 0.008
# How much less likely, in nats, a key is for a finger that the layout does not expect there.
OTHER_FINGER_NATS = 3.0
# A touch farther than that from every key's edge is on no key.
MARGIN_M = 0.008

_PARTS = 1 + len(HANDS) + len(HANDS) * len(FINGERS)


class TouchModel:
    """Chooses keys and learns offsets. All positions are x, y in the sheet's frame, metres."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        # Wide keys are aimed at anywhere along their length: a touch is compared with the nearest spot of the core.
        self._half_cores_m = (layout.sizes_m - layout.sizes_m.min(axis=1, keepdims=True)) / 2
        self._offsets_m = np.zeros((_PARTS, 2))
        spreads = [COMMON_SD_M, *[HAND_SD_M] * len(HANDS), *[FINGER_SD_M] * (len(HANDS) * len(FINGERS))]
        self._covariance = np.diag(np.square(spreads))

    def offset_m(self, hand: Handedness, finger: Finger) -> np.ndarray:
        """(2,) where touches of this finger land, relative to the spot that it aims at."""
        offset = _parts(hand, finger) @ self._offsets_m
        length = float(np.hypot(*offset))
        return offset if length <= LARGEST_OFFSET_M else offset * (LARGEST_OFFSET_M / length)

    def choose(
        self, point_m: np.ndarray, hand: Handedness, finger: Finger, prior_nats: Sequence[float] | None = None
    ) -> Key | None:
        """The key that a touch means, or None where it is on none.

        prior_nats: (N,) how unlikely each key is before the touch, in the order of the layout's keys.
        """
        aimed_m = np.asarray(point_m) - self.offset_m(hand, finger)
        near = self._layout.edge_distances_m(aimed_m)[0] <= MARGIN_M
        if not near.any():
            return None
        nats = np.sum(np.square(self._residuals_m(aimed_m)), axis=1) / (2 * TOUCH_SD_M**2)
        nats += OTHER_FINGER_NATS * np.array([not self._expected(key, hand, finger) for key in self._layout.keys])
        if prior_nats is not None:
            nats += prior_nats
        return self._layout.keys[int(np.argmin(np.where(near, nats, np.inf)))]

    def learn(self, point_m: np.ndarray, hand: Handedness, finger: Finger, key: Key) -> None:
        """Takes a touch that was given to a key into account: a Kalman update of the parts of the offset."""
        index = self._layout.keys.index(key)
        parts = _parts(hand, finger)
        residual = self._residuals_m(np.asarray(point_m) - parts @ self._offsets_m)[index]
        length = float(np.hypot(*residual))
        if length > LARGEST_RESIDUAL_M:
            residual = residual * (LARGEST_RESIDUAL_M / length)
        covariance = self._covariance + DRIFT_SD_M**2 * np.diag(parts)
        gain = covariance @ parts / (parts @ covariance @ parts + TOUCH_SD_M**2)
        self._offsets_m = self._offsets_m + np.outer(gain, residual)
        self._covariance = covariance - np.outer(gain, parts @ covariance)

    def _residuals_m(self, aimed_m: np.ndarray) -> np.ndarray:
        """(N, 2) from the nearest spot of each key's core to a point."""
        from_center = aimed_m - self._layout.centers_m
        return from_center - np.clip(from_center, -self._half_cores_m, self._half_cores_m)

    def _expected(self, key: Key, hand: Handedness, finger: Finger) -> bool:
        return self._layout.fingers.get(key.name, (hand, finger)) == (hand, finger)


def _parts(hand: Handedness, finger: Finger) -> np.ndarray:
    """(13,) which parts make a finger's offset: 1 for the common one, its hand's and its own."""
    parts = np.zeros(_PARTS)
    number = HANDS.index(hand)
    parts[[0, 1 + number, 1 + len(HANDS) + number * len(FINGERS) + FINGERS.index(finger)]] = 1.0
    return parts
