"""The state of one finger: HOVER -> APPROACH -> CONTACT -> RETRACT, and LOST. Time comes with the samples.

Velocity-gated hysteresis: a press needs a touch-down, the end of a descent. Where a classifier tells how probable
contact is, the press is released when it is improbable. Where only heights tell, a press has to be below the entry
height and is released when the finger is `exit_height_m` above its lowest height. A finger that rests or slides has no
touch-down and no press.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FingerState

Transition = Literal["press", "release", "cancel"]

# Faster than this a finger approaches or retracts; slower, it hovers.
MOTION_THRESHOLD_MPS = 0.03
# Below this probability of contact a press ends; before contact was probable once, only after this time: a touch-down
# may be decided a frame before contact is certain.
RELEASE_PROBABILITY, GRACE_S = 0.5, 0.1


@dataclass(frozen=True)
class FingerSample:
    """One instant of one finger. height_m: of the pad over the surface. speed_mps: along the surface normal, positive
    upwards. touch_down_ns: when it touched down, if that was decided at this instant; else None. contact_probability:
    see ContactDecision."""

    stamp_ns: int
    height_m: float
    speed_mps: float
    touch_down_ns: int | None
    contact_probability: float = math.nan


class FingerStateMachine:
    """`state` is the state at the last sample. Samples come in the order of their stamps."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self.state: FingerState = "lost"
        self._last_press_ns: int | None = None
        self._last_seen_ns: int | None = None
        self._min_height_m = 0.0
        self._was_in_contact = False

    def update(self, sample: FingerSample) -> tuple[Transition, ...]:
        """Add a sample, return its transitions; a touch-down while pressed means an unseen lift-off, then a press."""
        self._last_seen_ns = sample.stamp_ns
        if sample.touch_down_ns is not None and self._can_press(sample):
            release: tuple[Transition, ...] = ("release",) if self.state == "contact" else ()
            self.state = "contact"
            self._last_press_ns = sample.touch_down_ns
            self._min_height_m = math.inf if math.isnan(sample.height_m) else sample.height_m
            self._was_in_contact = sample.contact_probability >= RELEASE_PROBABILITY
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
            has_risen = height_m - self._min_height_m > self._parameters.exit_height_m
            return "retract" if has_risen else "contact"
        return self._find_airborne_state(speed_mps)

    def _can_press(self, sample: FingerSample) -> bool:
        assert sample.touch_down_ns is not None
        if math.isnan(sample.contact_probability) and sample.height_m > self._parameters.entry_height_m:
            return False
        refractory_ns = self._parameters.refractory_s * 1e9
        return self._last_press_ns is None or sample.touch_down_ns - self._last_press_ns >= refractory_ns

    def _update_contact(self, sample: FingerSample) -> tuple[Transition, ...]:
        if math.isnan(sample.contact_probability):
            self._min_height_m = min(self._min_height_m, sample.height_m)
            ends = sample.height_m - self._min_height_m > self._parameters.exit_height_m
        else:
            ends = self._is_contact_improbable(sample)
        if not ends:
            return ()
        self.state = "retract"
        return ("release",)

    def _is_contact_improbable(self, sample: FingerSample) -> bool:
        if sample.contact_probability >= RELEASE_PROBABILITY:
            self._was_in_contact = True
            return False
        assert self._last_press_ns is not None
        return self._was_in_contact or sample.stamp_ns - self._last_press_ns > GRACE_S * 1e9

    def _find_airborne_state(self, speed_mps: float) -> FingerState:
        if speed_mps < -MOTION_THRESHOLD_MPS:
            return "approach"
        if self.state == "retract" and speed_mps > MOTION_THRESHOLD_MPS:
            return "retract"
        return "hover"
