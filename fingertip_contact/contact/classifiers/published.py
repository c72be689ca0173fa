"""The published classifier, for comparison: image-row velocity, distance along the optical axis, no finger thickness.

Thresholds and state machine follow the authors' public code; see the profile `paper`. Its known faults are kept on
purpose: it ignores the finger's thickness, cannot see presses under an overhead camera, and its cooldown merges taps.
Not implemented: the bonus for a change of the fingertip's brightness, and dropping a press near another finger's.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from fingertip_contact.contact.decision import ContactDecision
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERS, Finger

ENTRY_M, EXIT_M = 0.0045, 0.006
COOLDOWN_S = 0.45
TRIGGER_SCORE = 0.40
# One-Euro filter on distance.
MIN_CUTOFF_HZ, BETA, DERIVATIVE_CUTOFF_HZ = 1.0, 0.5, 1.0
# Velocities in pixels per second, positive down the image.
MAX_SPEED_PX_S, APPROACH_SPEED_PX_S, HALT_SPEED_PX_S, RETRACT_SPEED_PX_S = 300.0, 8.0, 6.0, -8.0
MIN_PEAK_SPEED_PX_S, STILL_SPEED_PX_S, LEAVE_SPEED_PX_S = 15.0, 15.0, -5.0
PEAK_SPEED_FACTOR: dict[Finger, float] = {"thumb": 0.90, "index": 1.0, "middle": 1.53, "ring": 1.70, "little": 1.34}


class OneEuroFilter:
    """The One-Euro filter of Casiez et al. 2012 on a scalar."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._speed = 0.0

    def update(self, value: float, dt: float) -> float:
        """Filter the next value, dt seconds after the last one."""
        if self._value is None:
            self._value = value
            return value
        self._speed += _compute_alpha(DERIVATIVE_CUTOFF_HZ, dt) * ((value - self._value) / dt - self._speed)
        self._value += _compute_alpha(MIN_CUTOFF_HZ + BETA * abs(self._speed), dt) * (value - self._value)
        return self._value


def _compute_alpha(cutoff_hz: float, dt: float) -> float:
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff_hz * dt))


class PublishedFinger:
    """The published classifier of one finger: velocity states and depth hysteresis."""

    def __init__(self, finger: Finger) -> None:
        self._min_peak_speed = MIN_PEAK_SPEED_PX_S * PEAK_SPEED_FACTOR[finger]
        self._state: Literal["idle", "approaching", "contact", "retracting"] = "idle"
        self._filter = OneEuroFilter()
        self._is_inside = False
        self._last: tuple[int, float] | None = None
        self._velocity = 0.0
        self._peak = 0.0
        self._last_trigger_ns: int | None = None

    def update(self, stamp_ns: int, row_px: float, distance_m: float) -> bool:
        """Add the tip's image row and its distance to the surface. Returns whether a contact is triggered."""
        last, self._last = self._last, (stamp_ns, row_px)
        if last is None or stamp_ns <= last[0]:
            return False
        dt = (stamp_ns - last[0]) / 1e9
        velocity = max(-MAX_SPEED_PX_S, min(MAX_SPEED_PX_S, (row_px - last[1]) / dt))
        is_halt = self._advance_state(velocity)
        self._velocity = velocity
        distance_m = self._filter.update(distance_m, dt)
        if distance_m > 0:
            self._is_inside = distance_m < ENTRY_M or (self._is_inside and distance_m <= EXIT_M)
        in_cooldown = self._last_trigger_ns is not None and stamp_ns - self._last_trigger_ns < COOLDOWN_S * 1e9
        if in_cooldown or self._compute_score(is_halt, distance_m) < TRIGGER_SCORE:
            return False
        self._last_trigger_ns = stamp_ns
        return True

    def _advance_state(self, velocity: float) -> bool:
        """Advance the velocity states. Returns whether an approach ended."""
        approaching = velocity > APPROACH_SPEED_PX_S and velocity >= 0.85 * self._velocity
        halting = (
            self._velocity > APPROACH_SPEED_PX_S and velocity < HALT_SPEED_PX_S and velocity < 0.5 * self._velocity
        )
        retracting = velocity < RETRACT_SPEED_PX_S
        if self._state == "idle" and approaching:
            self._state, self._peak = "approaching", velocity
        elif self._state == "approaching":
            self._peak = max(self._peak, velocity)
            if halting and self._peak >= self._min_peak_speed:
                self._state = "contact"
                return True
            if retracting:
                self._state = "idle"
        elif self._state == "contact" and velocity < LEAVE_SPEED_PX_S:
            self._state = "retracting"
        elif self._state == "retracting" and abs(velocity) < STILL_SPEED_PX_S and not approaching and not retracting:
            self._state = "idle"
        return False

    def _compute_score(self, is_halt: bool, distance_m: float) -> float:
        if is_halt:
            return 0.6 if -0.005 < distance_m < 0.008 else (0.3 if self._is_inside else 0.0)
        if not self._is_inside:
            return 0.0
        return 0.2 + (0.15 if abs(self._velocity) < HALT_SPEED_PX_S else 0.0)


class PublishedBaseline:
    """The published classifier for every finger; finger thickness is not subtracted."""

    needs_rims, needs_appearance = True, False

    def __init__(self, parameters: ContactParameters) -> None:
        self._fingers = [PublishedFinger(FINGERS[column % len(FINGERS)]) for column in range(FINGER_COUNT)]

    def estimate_contact_heights_m(self) -> np.ndarray:
        """See protocols.ContactClassifier."""
        return np.zeros(FINGER_COUNT)

    def classify(self, history: FingertipHistory, row: int) -> list[ContactDecision | None]:
        """See protocols.ContactClassifier."""
        return [self._classify_finger(history, row, column) for column in range(FINGER_COUNT)]

    def _classify_finger(self, history: FingertipHistory, row: int, column: int) -> ContactDecision | None:
        distance_m = float(history.axial_height_m[row, column])
        if not math.isfinite(distance_m):
            return None
        stamp_ns = int(history.stamps_ns[row])
        is_contact = self._fingers[column].update(stamp_ns, float(history.tip_px[row, column, 1]), distance_m)
        return ContactDecision(distance_m, is_contact, stamp_ns, TRIGGER_SCORE if is_contact else 0.0)
