"""The state of one finger: HOVER -> APPROACH -> CONTACT -> RETRACT, and LOST. Time comes with the samples.

Velocity-gated hysteresis: a press takes a touch, the end of a descent, below the entry height; the finger leaves when
it is `exit_height_m` higher than it was at its lowest. A finger that rests or slides makes no touch and so no press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.frames import FingerState

Change = Literal["press", "release", "cancel"]

# Moving towards or away from the surface rather than hovering over it.
MOVING_MPS = 0.03


@dataclass(frozen=True)
class FingerSample:
    """One instant of one finger. height_m: of the pad over the surface. touch_ns: when it touched, where the
    evidence now says that it did; else None."""

    stamp_ns: int
    height_m: float
    speed_mps: float
    touch_ns: int | None


class FingerMachine:
    """`state` is the state after the last sample. Samples come in the order of their stamps."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self.state: FingerState = "lost"
        self._pressed_ns: int | None = None
        self._seen_ns: int | None = None
        self._lowest_m = 0.0

    def update(self, sample: FingerSample) -> tuple[Change, ...]:
        """Take one sample and say what it changes; a touch while pressed is a lift too quick to see, and a press."""
        self._seen_ns = sample.stamp_ns
        if sample.touch_ns is not None and self._may_press(sample.height_m, sample.touch_ns):
            again: tuple[Change, ...] = ("release",) if self.state == "contact" else ()
            self.state = "contact"
            self._pressed_ns = sample.touch_ns
            self._lowest_m = sample.height_m
            return (*again, "press")
        if self.state == "contact":
            return self._stay(sample)
        self.state = self._free_state(sample)
        return ()

    def miss(self, stamp_ns: int) -> tuple[Change, ...]:
        """A frame without this finger: after `lost_hold_s` it is lost, and its press with it."""
        if self._seen_ns is not None and stamp_ns - self._seen_ns <= self._parameters.lost_hold_s * 1e9:
            return ()
        pressed = self.state == "contact"
        self.state = "lost"
        return ("cancel",) if pressed else ()

    def _may_press(self, height_m: float, touch_ns: int) -> bool:
        if height_m > self._parameters.entry_height_m:
            return False
        refractory_ns = self._parameters.refractory_s * 1e9
        return self._pressed_ns is None or touch_ns - self._pressed_ns >= refractory_ns

    def _stay(self, sample: FingerSample) -> tuple[Change, ...]:
        self._lowest_m = min(self._lowest_m, sample.height_m)
        if sample.height_m - self._lowest_m <= self._parameters.exit_height_m:
            return ()
        self.state = "retract"
        return ("release",)

    def _free_state(self, sample: FingerSample) -> FingerState:
        if sample.speed_mps < -MOVING_MPS:
            return "approach"
        if self.state == "retract" and sample.speed_mps > MOVING_MPS:
            return "retract"
        return "hover"
