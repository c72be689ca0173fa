"""Typing without images: positions of a participant's pads over time, and their contacts.

The plan is that of `rendered_typing`, but joint angles are not solved: contact detection needs only the pads, which
follow from the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.ground_truth.recording import GroundTruthRest, GroundTruthTap
from fingertip_research.simulation.hand import HandModel
from fingertip_research.simulation.motion import HandMotion
from fingertip_research.simulation.participant import Habits, Participant
from fingertip_research.simulation.planning import (
    CALIBRATION_S,
    CLEARANCE_S,
    ENTER_S,
    WAIT_S,
    PlannedTap,
    add_near_misses,
    add_rests,
    add_taps,
    find_keys,
    make_idle_hand,
    plan_taps,
)
from fingertip_research.simulation.rendered_typing import make_ground_truth_rest, make_ground_truth_tap

# Touch-down and lift-off: the planned height is sampled at this interval and interpolated linearly.
_STEP_S = 0.0005
# The hands are over their home keys from then on.
START_S = CALIBRATION_S + ENTER_S


@dataclass(frozen=True)
class Confounders:
    """Motions that make typing hard to decode; each can be switched off."""

    near_misses: bool = True
    rests: bool = True
    finger_coupling: bool = True

    def apply_to(self, habits: Habits) -> Habits:
        """The habits without the confounders that are switched off."""
        return replace(
            habits,
            near_miss_ratio=habits.near_miss_ratio if self.near_misses else 0.0,
            rest_rate_hz=habits.rest_rate_hz if self.rests else 0.0,
            finger_coupling=habits.finger_coupling if self.finger_coupling else 0.0,
        )


@dataclass(frozen=True)
class TypingTrajectory:
    """One typing of a text, from START_S to end_s."""

    text: str
    motions: dict[Handedness, HandMotion]
    taps: tuple[GroundTruthTap, ...]
    rests: tuple[GroundTruthRest, ...]
    end_s: float

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3) pads in the sheet's frame, left thumb to right little finger."""
        return np.concatenate([self.motions[hand].pads_m(times_s) for hand in HANDS], axis=1)


class TypingSimulator:
    """A participant at a layout. The waiting positions are computed once; each text then takes milliseconds."""

    def __init__(self, participant: Participant, layout: Layout, seed: int) -> None:
        self._participant, self._layout, self._seed = participant, layout, seed

    @cached_property
    def _idle_hands(self) -> dict[Handedness, HandMotion]:
        random = np.random.default_rng([self._seed, 1])
        person = self._participant
        models = {hand: HandModel.load(hand, person.scale, person.thickness) for hand in HANDS}
        return {hand: make_idle_hand(models[hand], self._layout, person, random) for hand in HANDS}

    def simulate(
        self, text: str, words_per_minute: float | None = None, confounders: Confounders | None = None
    ) -> TypingTrajectory:
        """words_per_minute: the participant's by default. A text gives the same strokes with any
        confounders. Raises ValueError if the text cannot be typed on the layout."""
        person = replace(
            self._participant,
            habits=(confounders or Confounders()).apply_to(self._participant.habits),
            words_per_minute=words_per_minute or self._participant.words_per_minute,
        )
        random = np.random.default_rng([self._seed, 2])
        planned = plan_taps(find_keys(text, self._layout), text, self._layout, person, START_S + WAIT_S, random)
        end_s = max(tap.release_s for tap in planned) + WAIT_S
        motions, rests = {}, []
        for hand in HANDS:
            idle = self._idle_hands[hand]
            motion = replace(idle, aims=[], strokes={finger: [] for finger in range(len(FINGERS))})
            own = [tap for tap in planned if tap.hand == hand]
            add_taps(motion, own, person, np.random.default_rng([self._seed, 3, HANDS.index(hand)]))
            add_near_misses(motion, own, person, np.random.default_rng([self._seed, 4, HANDS.index(hand)]))
            rest_strokes = add_rests(motion, hand, own, person, end_s, np.random.default_rng([self._seed, 5]))
            for _, finger, stroke in rest_strokes:
                interval_s = _find_contact_interval_s(motion, finger, stroke.pulse.start_s, stroke.pulse.end_s)
                rests.append(make_ground_truth_rest(hand, finger, *interval_s))
            motions[hand] = motion
        taps = tuple(_make_ground_truth_tap(motions[tap.hand], tap) for tap in planned)
        return TypingTrajectory(text, motions, taps, tuple(rests), end_s)


def _make_ground_truth_tap(motion: HandMotion, tap: PlannedTap) -> GroundTruthTap:
    press_s, release_s = _find_contact_interval_s(
        motion, tap.finger, tap.press_s - CLEARANCE_S, tap.release_s + CLEARANCE_S
    )
    x_m, y_m, _ = motion.pads_m(np.array([press_s]))[0, tap.finger]
    return make_ground_truth_tap(tap, press_s, release_s, float(x_m), float(y_m))


def _find_contact_interval_s(motion: HandMotion, finger: int, from_s: float, until_s: float) -> tuple[float, float]:
    """First touch-down and last lift-off, within _STEP_S, of a pad that is up at both times.

    Raises RuntimeError if the pad is not up, down and up between these times.
    """
    times_s = np.arange(from_s, until_s + _STEP_S, _STEP_S)
    heights_m = motion.heights_m(finger, times_s)
    (below_surface,) = np.nonzero(heights_m < 0)
    if not len(below_surface) or below_surface[0] == 0 or below_surface[-1] == len(times_s) - 1:
        raise RuntimeError(f"{FINGERS[finger]} is not up, down and up between {from_s:.3f} and {until_s:.3f} s")
    first, last = below_surface[0], below_surface[-1]
    touch_down_s = times_s[first] - _STEP_S * heights_m[first] / (heights_m[first] - heights_m[first - 1])
    lift_off_s = times_s[last] - _STEP_S * heights_m[last] / (heights_m[last + 1] - heights_m[last])
    return float(touch_down_s), float(lift_off_s)
