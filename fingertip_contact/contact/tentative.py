"""Taps that were not sure enough for a press: what text decoding may still make something of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.datatypes import FINGERS, HANDS, TapCandidate

# Below this confidence nothing is offered. A candidate is told once its confidence falls, and this long after a press
# none is: the same touch would be told twice.
MIN_CONFIDENCE = 0.05
PRESS_SHADOW_S = 0.12


@dataclass
class _Peak:
    contact_ns: int
    point_m: np.ndarray
    confidence: float


class TentativeTaps:
    """update() takes every decision of every finger, in order of time."""

    def __init__(self) -> None:
        self._peaks: list[_Peak | None] = [None] * FINGER_COUNT
        self._shadow_until_ns = [-(1 << 62)] * FINGER_COUNT

    def update(
        self,
        column: int,
        row_ns: int,
        stamp_ns: int,
        decision: ContactDecision,
        find_point_m: Callable[[], np.ndarray],
        *,
        is_pressed: bool,
    ) -> TapCandidate | None:
        """The candidate whose peak has passed. row_ns: the instant decided about, at stamp_ns. find_point_m: gives
        the place of the touch, where it is needed. is_pressed: whether the finger has an open press."""
        if is_pressed or decision.is_contact:
            self._shadow_until_ns[column] = row_ns + round(PRESS_SHADOW_S * 1e9)
            self._peaks[column] = None
            return None
        peak = self._peaks[column]
        if row_ns >= self._shadow_until_ns[column] and decision.confidence > max(
            MIN_CONFIDENCE, peak.confidence if peak else 0.0
        ):
            self._peaks[column] = _Peak(decision.touch_down_ns, find_point_m(), decision.confidence)
            return None
        if peak is None:
            return None
        self._peaks[column] = None
        self._shadow_until_ns[column] = peak.contact_ns + round(PRESS_SHADOW_S * 1e9)
        hand, finger = HANDS[column // len(FINGERS)], FINGERS[column % len(FINGERS)]
        return TapCandidate(stamp_ns, min(peak.contact_ns, stamp_ns), hand, finger, peak.point_m, peak.confidence)
