"""Per-finger foreshortening: the ratio of image displacement to descent, estimated online.

Fingers swing forward as they rise, differently in each hand, so a camera that faces the typist sees a shorter
displacement than that of a vertical descent, down to none. The value of flow as evidence depends on this ratio.
"""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.datatypes import FINGERS, HANDS

# Image displacement per metre of descent before any observation: a vertical descent seen from 60 degrees.
PRIOR_RATIO = 0.5
# Weight of the prior for a hand, and of the hand for a finger: that of two taps from a height of 10 mm, m^2.
PRIOR_WEIGHT_M2 = 2 * 0.010**2
# Weight that earlier observations of a finger keep at each new one.
FORGETTING_FACTOR = 0.95


class ForeshorteningEstimator:
    """Recursive least squares per finger: sums of squared descents, and of descents times displacements."""

    def __init__(self) -> None:
        self._squares_m2 = np.zeros(FINGER_COUNT)
        self._products_m2 = np.zeros(FINGER_COUNT)

    def update(self, column: int, descent_m: float, flow_along_m: float, tap_probability: float) -> None:
        """Add a descent. flow_along_m: its image displacement along the approach direction, see FingertipSamples.
        tap_probability: its weight, 0..1."""
        self._squares_m2[column] = FORGETTING_FACTOR * self._squares_m2[column] + tap_probability * descent_m**2
        self._products_m2[column] = (
            FORGETTING_FACTOR * self._products_m2[column] + tap_probability * descent_m * flow_along_m
        )

    def estimate_ratios(self) -> np.ndarray:
        """(FINGER_COUNT,) image displacement per metre of descent: a finger's own as far as it was observed, else
        its hand's."""
        hands_m2 = (sums.reshape(len(HANDS), len(FINGERS)) for sums in (self._squares_m2, self._products_m2))
        squares_m2, products_m2 = (hand_m2.sum(axis=1) for hand_m2 in hands_m2)
        hands = (products_m2 + PRIOR_RATIO * PRIOR_WEIGHT_M2) / (squares_m2 + PRIOR_WEIGHT_M2)
        expected = np.repeat(hands, len(FINGERS))
        return (self._products_m2 + expected * PRIOR_WEIGHT_M2) / (self._squares_m2 + PRIOR_WEIGHT_M2)
