"""Chooses the key of a touch by its distance from each key, corrected by the learnt offset of each finger.

A finger's landmark is off the spot that the typist aims with, by up to half a key and more, and differently for each
finger. The offset is learnt from the touches themselves as a sum of three components, of all fingers, of the hand and
of the finger, each with a Gaussian prior about zero, so that a finger that has not typed yet profits from the others.

A typist whose touches land nearer to the neighbouring key from the start would teach a wrong offset for ever. So
several hypotheses of the common component learn in parallel, and the one that explains the touches best is selected:
under a wrong one touches fall between keys, on keys of other fingers, or beside the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.keyboard.layout import Key, Layout

# Spread of touches about the target after the offset is subtracted. Typists scatter by 2 to 5 mm on flat glass; the
# rest is the tracker's jitter.
TOUCH_SD_M = 0.005
# Prior spread of each component of the offset: the tracker's error is 4 to 6 mm, most of it common to all fingers.
COMMON_SD_M, HAND_SD_M, FINGER_SD_M = 0.004, 0.002, 0.003
# Drift of the offset from touch to touch: hands shift and postures change.
DRIFT_SD_M = 0.0003
# Residuals are limited to this length, so that a touch assigned to a wrong key cannot drag the offset to it.
MAX_RESIDUAL_M = 0.008
MAX_OFFSET_M = 0.012
# Initial hypotheses of the common offset, in steps of this length.
HYPOTHESIS_STEP_M = 0.008
INITIAL_HYPOTHESES = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
# Fraction of its cost that a hypothesis keeps from touch to touch: about the last 30 touches count.
FORGETTING_FACTOR = 0.97
# Maximum cost of one touch to a hypothesis.
MAX_COST_NATS = 6.0
# Another hypothesis is selected only if it is better by this margin: with 3, a few outliers at the start misled the
# selection for typists with small offsets; with 8, typists with large offsets wait too long.
MIN_EVIDENCE_MARGIN_NATS = 7.0
# Cost of a key for a finger that the layout does not assign to it.
WRONG_FINGER_PENALTY_NATS = 3.0
# A touch farther than this from every key's edge is off key.
KEY_MARGIN_M = 0.008
# Trackers lose a finger for its neighbour, or place it a key too far: this part of the touches scatters so much wider.
STRAY_RATIO, STRAY_SD_M = 0.1, 0.012
# A stray touch reaches keys up to this far from their edge: every neighbour of the key that it lands on.
STRAY_MARGIN_M = 0.013

_OFFSET_COMPONENTS = 1 + len(HANDS) + len(HANDS) * len(FINGERS)


class TouchModel:
    """Chooses keys and learns offsets. All positions are x, y in the sheet's frame, metres."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        # Typists aim at any spot along a wide key: a touch is compared with the nearest spot of its core.
        self._half_cores_m = (layout.sizes_m - layout.sizes_m.min(axis=1, keepdims=True)) / 2
        self._wrong_finger_nll = {(hand, f): _wrong_finger_nll(layout, hand, f) for hand in HANDS for f in FINGERS}
        # (hypotheses, components, 2). The covariance of the components does not depend on the hypothesis.
        self._offsets_m = np.zeros((len(INITIAL_HYPOTHESES), _OFFSET_COMPONENTS, 2))
        self._offsets_m[:, 0] = np.array(INITIAL_HYPOTHESES) * HYPOTHESIS_STEP_M
        self._costs = np.sum(np.square(self._offsets_m[:, 0]), axis=1) / (2 * COMMON_SD_M**2)
        self._selected = 0
        spreads = [COMMON_SD_M, *[HAND_SD_M] * len(HANDS), *[FINGER_SD_M] * (len(HANDS) * len(FINGERS))]
        self._covariance = np.diag(np.square(spreads))

    def offset_m(self, hand: Handedness, finger: Finger) -> np.ndarray:
        """(2,) offset of this finger's touches from their targets."""
        return self._clamp_offsets_m(_make_components(hand, finger))[self._selected]

    def choose(
        self, point_m: np.ndarray, hand: Handedness, finger: Finger, prior_nll: Sequence[float] | None = None
    ) -> Key | None:
        """The most probable key of a touch, or None if it is off key.

        prior_nll: (N,) negative log-likelihood of each key before the touch, in the order of the layout's keys.
        """
        nll = self._nll(np.asarray(point_m), hand, finger)[self._selected]
        if not np.isfinite(nll).any():
            return None
        return self._layout.keys[int(np.argmin(nll if prior_nll is None else nll + prior_nll))]

    def compute_nll(self, point_m: np.ndarray, hand: Handedness, finger: Finger) -> np.ndarray:
        """(N,) negative log-likelihood of a touch on each key, nats, 0 in its middle; infinite on keys out of reach.

        Unlike `choose` it allows for stray touches.
        """
        target_m = np.asarray(point_m) - self.offset_m(hand, finger)
        squares_m2 = np.sum(np.square(self._residuals_m(target_m[None])[0]), axis=1)
        exact = (1 - STRAY_RATIO) * np.exp(-squares_m2 / (2 * TOUCH_SD_M**2))
        stray = STRAY_RATIO * (TOUCH_SD_M / STRAY_SD_M) ** 2 * np.exp(-squares_m2 / (2 * STRAY_SD_M**2))
        nll = -np.log(exact + stray) + self._wrong_finger_nll[hand, finger]
        return np.where(self._layout.edge_distances_m(target_m)[0] <= STRAY_MARGIN_M, nll, np.inf)

    def update(
        self,
        point_m: np.ndarray,
        hand: Handedness,
        finger: Finger,
        key: Key,
        prior_nll: Sequence[float] | None = None,
    ) -> None:
        """Learns from a touch that was assigned to a key: a Kalman update of the components of the offset.

        The hypotheses that are not selected learn from the keys that they would have chosen. prior_nll: as `choose` got
        it; a wrong hypothesis also shows in unlikely keys.
        """
        point_m, components = np.asarray(point_m), _make_components(hand, finger)
        nll = self._nll(point_m, hand, finger)
        if prior_nll is not None:
            nll = nll + np.asarray(prior_nll)
        chosen = np.argmin(nll, axis=1)
        chosen[self._selected] = self._layout.keys.index(key)
        hypotheses = np.arange(len(INITIAL_HYPOTHESES))
        on_key = np.isfinite(nll[hypotheses, chosen])
        residuals = self._residuals_m(point_m - components @ self._offsets_m)[hypotheses, chosen] * on_key[:, None]
        lengths = np.hypot(residuals[:, 0], residuals[:, 1])
        residuals *= (MAX_RESIDUAL_M / np.maximum(lengths, MAX_RESIDUAL_M))[:, None]
        covariance = self._covariance + DRIFT_SD_M**2 * np.diag(components)
        gain = covariance @ components / (components @ covariance @ components + TOUCH_SD_M**2)
        self._offsets_m = self._offsets_m + gain[None, :, None] * residuals[:, None, :]
        self._covariance = covariance - np.outer(gain, components @ covariance)
        self._costs = FORGETTING_FACTOR * self._costs + np.minimum(nll.min(axis=1), MAX_COST_NATS)
        best = int(np.argmin(self._costs))
        if self._costs[best] < self._costs[self._selected] - MIN_EVIDENCE_MARGIN_NATS:
            self._selected = best

    def _clamp_offsets_m(self, components: np.ndarray) -> np.ndarray:
        """(hypotheses, 2) the offset of a finger, clamped to the maximum length."""
        offsets = components @ self._offsets_m
        lengths = np.hypot(offsets[:, 0], offsets[:, 1])
        return offsets * (MAX_OFFSET_M / np.maximum(lengths, MAX_OFFSET_M))[:, None]

    def _nll(self, point_m: np.ndarray, hand: Handedness, finger: Finger) -> np.ndarray:
        """(hypotheses, N) negative log-likelihood of a touch on each key; infinite on keys out of reach."""
        target_m = point_m - self._clamp_offsets_m(_make_components(hand, finger))
        nll = np.sum(np.square(self._residuals_m(target_m)), axis=2) / (2 * TOUCH_SD_M**2)
        nll += self._wrong_finger_nll[hand, finger]
        return np.where(self._layout.edge_distances_m(target_m) <= KEY_MARGIN_M, nll, np.inf)

    def _residuals_m(self, target_m: np.ndarray) -> np.ndarray:
        """(hypotheses, N, 2) from the nearest spot of each key's core to each point (hypotheses, 2)."""
        from_center = target_m[:, None, :] - self._layout.centers_m
        return from_center - np.clip(from_center, -self._half_cores_m, self._half_cores_m)


def _wrong_finger_nll(layout: Layout, hand: Handedness, finger: Finger) -> np.ndarray:
    """(N,) negative log-likelihood of each key for a finger before the touch."""
    is_other = [layout.fingers.get(key.name, (hand, finger)) != (hand, finger) for key in layout.keys]
    return WRONG_FINGER_PENALTY_NATS * np.array(is_other, dtype=np.float64)


def _make_components(hand: Handedness, finger: Finger) -> np.ndarray:
    """(13,) the components that make up a finger's offset: 1 for the common one, its hand's and its own."""
    components = np.zeros(_OFFSET_COMPONENTS)
    hand_index = HANDS.index(hand)
    components[[0, 1 + hand_index, 1 + len(HANDS) + hand_index * len(FINGERS) + FINGERS.index(finger)]] = 1.0
    return components
