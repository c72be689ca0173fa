"""The state of one finger: HOVER -> APPROACH -> CONTACT -> RETRACT, and LOST. Time comes with the samples.

Velocity-gated hysteresis: a press needs a touch-down, the end of a descent, below the entry height; it is released when
the finger is `exit_height_m` above its lowest height. A finger that rests or slides has no touch-down and no press.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FingerState

Transition = Literal["press", "release", "cancel"]

# Faster than this a finger approaches or retracts; slower, it hovers.
MOTION_THRESHOLD_MPS = 0.03


@dataclass(frozen=True)
class FingerSample:
    """One instant of one finger. height_m: of the pad over the surface. speed_mps: along the surface normal, positive
    upwards. touch_down_ns: when it touched down, if that was decided at this instant; else None."""

    stamp_ns: int
    height_m: float
    speed_mps: float
    touch_down_ns: int | None


class FingerStateMachine:
    """`state` is the state at the last sample. Samples come in the order of their stamps."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self.state: FingerState = "lost"
        self._last_press_ns: int | None = None
        self._last_seen_ns: int | None = None
        self._min_height_m = 0.0

    def update(self, sample: FingerSample) -> tuple[Transition, ...]:
        """Add a sample, return its transitions; a touch-down while pressed means an unseen lift-off, then a press."""
        self._last_seen_ns = sample.stamp_ns
        if sample.touch_down_ns is not None and self._can_press(sample.height_m, sample.touch_down_ns):
            release: tuple[Transition, ...] = ("release",) if self.state == "contact" else ()
            self.state = "contact"
            self._last_press_ns = sample.touch_down_ns
            self._min_height_m = sample.height_m
            return (*release, "press")
        if self.state == "contact":
            return self._update_contact(sample)
        self.state = self._find_airborne_state(sample.speed_mps)
        return ()

    def mark_missing(self, stamp_ns: int) -> tuple[Transition, ...]:
        """A frame without this finger: after `track_loss_timeout_s` it is lost, and its press is cancelled."""
        if (
            self._last_seen_ns is not None
            and stamp_ns - self._last_seen_ns <= self._parameters.track_loss_timeout_s * 1e9
        ):
            return ()
        pressed = self.state == "contact"
        self.state = "lost"
        return ("cancel",) if pressed else ()

    def state_at(self, height_m: float, speed_mps: float) -> FingerState:
        """The state at a later instant, as far as is decided: a pressed finger stays in contact up to the exit height.

        The machine itself runs behind the camera, so a touch-down shows only once it is decided.
        """
        if self.state == "contact":
            return "contact" if height_m - self._min_height_m <= self._parameters.exit_height_m else "retract"
        return self._find_airborne_state(speed_mps)

    def _can_press(self, height_m: float, touch_down_ns: int) -> bool:
        if height_m > self._parameters.entry_height_m:
            return False
        refractory_ns = self._parameters.refractory_s * 1e9
        return self._last_press_ns is None or touch_down_ns - self._last_press_ns >= refractory_ns

    def _update_contact(self, sample: FingerSample) -> tuple[Transition, ...]:
        self._min_height_m = min(self._min_height_m, sample.height_m)
        if sample.height_m - self._min_height_m <= self._parameters.exit_height_m:
            return ()
        self.state = "retract"
        return ("release",)

    def _find_airborne_state(self, speed_mps: float) -> FingerState:
        if speed_mps < -MOTION_THRESHOLD_MPS:
            return "approach"
        if self.state == "retract" and speed_mps > MOTION_THRESHOLD_MPS:
            return "retract"
        return "hover"
