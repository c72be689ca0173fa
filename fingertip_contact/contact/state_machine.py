"""The state of one finger: HOVER -> APPROACH -> CONTACT -> RETRACT, and LOST. Time comes with the samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.frames import FingerState

# Moving towards or away from the surface rather than hovering over it.
MOVING_MPS = 0.03


@dataclass(frozen=True)
class FingerSample:
    """One instant of one finger. height_m: of the pad. touch: the evidence says that it touched here."""

    stamp_ns: int
    height_m: float
    speed_mps: float
    touch: bool


class FingerMachine:
    """Velocity-gated hysteresis. `state` is the state after the last sample."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self.state: FingerState = "lost"
        self._last_press_ns: int | None = None
        self._last_seen_ns: int | None = None

    def update(self, sample: FingerSample) -> Literal["press", "release"] | None:
        """Take one sample, later than the last one, and say what it changes."""
        self._last_seen_ns = sample.stamp_ns
        if self.state == "contact":
            return self._leave(sample)
        if sample.touch and self._may_press(sample):
            self.state = "contact"
            self._last_press_ns = sample.stamp_ns
            return "press"
        if sample.speed_mps < -MOVING_MPS:
            self.state = "approach"
        elif self.state == "retract" and sample.speed_mps > MOVING_MPS:
            self.state = "retract"
        else:
            self.state = "hover"
        return None

    def miss(self, stamp_ns: int) -> Literal["cancel"] | None:
        """A frame without this finger: after `lost_hold_s` it is lost, and its press with it."""
        hold_ns = self._parameters.lost_hold_s * 1e9
        if self._last_seen_ns is not None and stamp_ns - self._last_seen_ns <= hold_ns:
            return None
        was_contact = self.state == "contact"
        self.state = "lost"
        return "cancel" if was_contact else None

    def _may_press(self, sample: FingerSample) -> bool:
        if sample.height_m > self._parameters.entry_height_m:
            return False
        rest_ns = self._parameters.refractory_s * 1e9
        return self._last_press_ns is None or sample.stamp_ns - self._last_press_ns >= rest_ns

    def _leave(self, sample: FingerSample) -> Literal["release"] | None:
        if sample.height_m <= self._parameters.exit_height_m:
            return None
        self.state = "retract"
        return "release"
