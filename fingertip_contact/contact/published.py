"""The published rule, for comparison: image-row velocity, distance along the optical axis, no finger thickness.

Thresholds and state machine as the authors' public code has them; see the profile `paper`. What is known to be wrong
with it (it is blind to the finger's thickness and to pressing under an overhead camera, and its cooldown merges taps)
is left as it is: that is what it is here for. Left out: the bonus for a change of the tip's brightness, and dropping
a press near another finger's.
"""

from __future__ import annotations

import math
from typing import Literal

from fingertip_contact.frames import Finger

ENTRY_M, EXIT_M = 0.0045, 0.006
COOLDOWN_S = 0.45
FIRE_SCORE = 0.40
# One-Euro filter on distance.
MINIMUM_CUTOFF_HZ, BETA, SPEED_CUTOFF_HZ = 1.0, 0.5, 1.0
# Velocities in pixels a second, positive down the picture.
FASTEST, APPROACHING, STOPPED, RETRACTING = 300.0, 8.0, 6.0, -8.0
PEAK, STILL, LEFT = 15.0, 15.0, -5.0
PEAK_FACTOR: dict[Finger, float] = {"thumb": 0.90, "index": 1.0, "middle": 1.53, "ring": 1.70, "little": 1.34}


class OneEuro:
    """The One-Euro filter of Casiez et al. 2012 on a scalar."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._speed = 0.0

    def update(self, value: float, dt: float) -> float:
        """Filter the next value, dt seconds after the last one."""
        if self._value is None:
            self._value = value
            return value
        self._speed += _gain(SPEED_CUTOFF_HZ, dt) * ((value - self._value) / dt - self._speed)
        self._value += _gain(MINIMUM_CUTOFF_HZ + BETA * abs(self._speed), dt) * (value - self._value)
        return self._value


def _gain(cutoff_hz: float, dt: float) -> float:
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff_hz * dt))


class PublishedFinger:
    """One finger by the published rule: velocity states, and depth hysteresis beside them."""

    def __init__(self, finger: Finger) -> None:
        self._peak_needed = PEAK * PEAK_FACTOR[finger]
        self._state: Literal["idle", "approaching", "contact", "retracting"] = "idle"
        self._filter = OneEuro()
        self._inside = False
        self._last: tuple[int, float] | None = None
        self._velocity = 0.0
        self._peak = 0.0
        self._fired_ns: int | None = None

    def update(self, stamp_ns: int, row_px: float, distance_m: float) -> bool:
        """Take the tip's picture row and its distance to the surface; True where the rule fires a contact."""
        last, self._last = self._last, (stamp_ns, row_px)
        if last is None or stamp_ns <= last[0]:
            return False
        dt = (stamp_ns - last[0]) / 1e9
        velocity = max(-FASTEST, min(FASTEST, (row_px - last[1]) / dt))
        stopped = self._advance(velocity)
        self._velocity = velocity
        distance_m = self._filter.update(distance_m, dt)
        if distance_m > 0:
            self._inside = distance_m < ENTRY_M or (self._inside and distance_m <= EXIT_M)
        cooling = self._fired_ns is not None and stamp_ns - self._fired_ns < COOLDOWN_S * 1e9
        if cooling or self._score(stopped, distance_m) < FIRE_SCORE:
            return False
        self._fired_ns = stamp_ns
        return True

    def _advance(self, velocity: float) -> bool:
        """Move the velocity states; True where an approach stops."""
        approaching = velocity > APPROACHING and velocity >= 0.85 * self._velocity
        stopping = self._velocity > APPROACHING and velocity < STOPPED and velocity < 0.5 * self._velocity
        retracting = velocity < RETRACTING
        if self._state == "idle" and approaching:
            self._state, self._peak = "approaching", velocity
        elif self._state == "approaching":
            self._peak = max(self._peak, velocity)
            if stopping and self._peak >= self._peak_needed:
                self._state = "contact"
                return True
            if retracting:
                self._state = "idle"
        elif self._state == "contact" and velocity < LEFT:
            self._state = "retracting"
        elif self._state == "retracting" and abs(velocity) < STILL and not approaching and not retracting:
            self._state = "idle"
        return False

    def _score(self, stopped: bool, distance_m: float) -> float:
        if stopped:
            return 0.6 if -0.005 < distance_m < 0.008 else (0.3 if self._inside else 0.0)
        if not self._inside:
            return 0.0
        return 0.2 + (0.15 if abs(self._velocity) < STOPPED else 0.0)
