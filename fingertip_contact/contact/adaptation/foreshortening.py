"""How much of each finger's way down to the surface its picture shows, learnt while typing goes on.

Fingers swing forward as they rise, each hand in its way, and a camera that faces the typist then sees a tap as a
shorter way than one of a finger that goes straight down: as none at all, perhaps. What a way in the picture is worth as
evidence depends on that.
"""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.measurement.history import FINGER_COUNT
from fingertip_contact.datatypes import FINGERS, HANDS

# What is shown of a metre down before anything is learnt: straight down, seen from 60 degrees.
PRIOR_RATIO = 0.5
# What that guess counts for a hand, and the hand for a finger: as much as two taps from this high, metres.
PRIOR_WEIGHT_M2 = 2 * 0.010**2
# How much of what was learnt of a finger is left when it has learnt from one more stop.
FORGETTING_FACTOR = 0.95


class ForeshorteningEstimator:
    """Sums over the stops of each finger: of squared drops, and of drops by ways along the picture."""

    def __init__(self) -> None:
        self._squares_m2 = np.zeros(FINGER_COUNT)
        self._products_m2 = np.zeros(FINGER_COUNT)

    def update(self, column: int, descent_m: float, flow_along_m: float, tap_probability: float) -> None:
        """A stop teaches. descent_m: from how far up it came; flow_along_m: how far its picture went, see
        FingertipSamples; tap_probability: how likely it was a tap, 0..1."""
        self._squares_m2[column] = FORGETTING_FACTOR * self._squares_m2[column] + tap_probability * descent_m**2
        self._products_m2[column] = (
            FORGETTING_FACTOR * self._products_m2[column] + tap_probability * descent_m * flow_along_m
        )

    def estimate_ratios(self) -> np.ndarray:
        """(FINGER_COUNT,) metres along the picture for each metre down: a finger's own as far as it is known, else its
        hand's."""
        hands_m2 = (sums.reshape(len(HANDS), len(FINGERS)) for sums in (self._squares_m2, self._products_m2))
        squares_m2, products_m2 = (hand_m2.sum(axis=1) for hand_m2 in hands_m2)
        hands = (products_m2 + PRIOR_RATIO * PRIOR_WEIGHT_M2) / (squares_m2 + PRIOR_WEIGHT_M2)
        expected = np.repeat(hands, len(FINGERS))
        return (self._products_m2 + expected * PRIOR_WEIGHT_M2) / (self._squares_m2 + PRIOR_WEIGHT_M2)
