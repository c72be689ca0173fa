"""Positions of the wrists and the pads over time: taps, dips and drift combined. Sheet frame, seconds and metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from other_generator.habits import Habits
from other_generator.schedule import EMPTY_S, ENTER_S, WAIT_S
from other_generator.taps import Dip, Tap, minimum_jerk

# Minimum height of idle pads.
_MIN_HEIGHT_M = 0.0021
# Where the hands enter from.
_ENTRY_OFFSET_M = np.array([0, -0.30, 0.045])
# Distance by which the hand sinks during a tap.
_SINK_M = 0.0022
# Maximum time from its press at which a tap has an effect.
_TAP_SPAN_S = 1.5


class SchedulePlayer:
    """Plays a schedule. taps: in order of time."""

    def __init__(self, habits: Habits, taps: Sequence[Tap], dips: Sequence[Dip]) -> None:
        self._habits = habits
        self._dips = dips
        self.taps = taps
        self._taps_by_hand = {hand: [tap for tap in taps if tap.hand == hand] for hand in HANDS}

    def are_hands_present(self, time_s: float) -> bool:
        """Whether the hands have begun to enter; before, the desk is empty."""
        return time_s >= EMPTY_S

    def find_contact_tap(self, hand: Handedness, finger: int, time_s: float) -> Tap | None:
        """The tap in which a finger is on the desk."""
        return next(
            (tap for tap in self._taps_by_hand[hand] if tap.finger == finger and tap.is_in_contact(time_s)), None
        )

    def wrist_shift_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(3,) displacement of the wrist from the fitted posture."""
        shift_m = self._hand_shift_m(hand, time_s)
        sinking = max((float(tap.coupled_fraction(time_s)) for tap in self._taps_by_hand[hand]), default=0.0)
        shift_m[2] += -_SINK_M * sinking
        return shift_m + _entry_shift_m(time_s)

    def pads_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(5, 3) target positions of the pads: x and y of their middles, z of their lowest points."""
        heights_m = self._idle_heights_m(hand, time_s)
        xy_m = (
            self._habits.homes_m[hand]
            + self._hand_shift_m(hand, time_s)[:2]
            + self._habits.finger_drift_m(hand, time_s)
        )
        for tap in self._find_nearby_taps(hand, time_s):
            reach = float(tap.reach_fraction(time_s))
            xy_m[tap.finger] = xy_m[tap.finger] * (1 - reach) + tap.pad_m * reach
            heights_m[tap.finger] += tap.windup_height_m(time_s)
            heights_m[tap.finger] *= 1 - float(tap.descent_fraction(time_s))
        xy_m[1:, 1] += self._habits.arc * heights_m[1:]
        return np.column_stack([xy_m, heights_m]) + _entry_shift_m(time_s)

    def _find_nearby_taps(self, hand: Handedness, time_s: float) -> list[Tap]:
        return [tap for tap in self._taps_by_hand[hand] if abs(time_s - tap.press_s) <= _TAP_SPAN_S]

    def _hand_shift_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        return self._habits.hand_drift_m(hand, time_s) + self._reach_shift_m(hand, time_s)

    def _reach_shift_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(3,) displacement of the wrist for keys away from home: from tap to tap, and home during long pauses."""
        shift_m = np.zeros(3)
        free_s = None
        for tap in self._taps_by_hand[hand]:
            arrival_s = tap.press_s - 0.4 * tap.fall_s
            preferred_s = tap.press_s - 0.6 if free_s is None else free_s
            start_s = min(max(preferred_s, arrival_s - 0.45), arrival_s - 0.12)
            if free_s is not None and start_s - free_s > 0.5:
                shift_m = shift_m * (1 - minimum_jerk((time_s - free_s - 0.1) / 0.4))
            there = minimum_jerk((time_s - start_s) / (arrival_s - start_s))
            shift_m = shift_m * (1 - there) + tap.wrist_m * there
            free_s = tap.release_s
        return shift_m

    def _idle_heights_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(5,) heights of the pads without their own taps."""
        heights_m = self._habits.hover_m(hand, time_s)
        for tap in self._find_nearby_taps(hand, time_s):
            heights_m *= 1 - tap.couplings * float(tap.coupled_fraction(time_s))
        for dip in self._dips:
            if dip.hand == hand and dip.start_s < time_s < dip.end_s:
                down, height_m = dip.descent_fraction(time_s), heights_m[dip.finger]
                heights_m[dip.finger] = height_m * (1 - down) + min(dip.height_m, height_m) * down
        # A soft lower limit: an idle finger never touches.
        above_m = heights_m - _MIN_HEIGHT_M
        return _MIN_HEIGHT_M + 0.5 * (above_m + np.sqrt(above_m**2 + 0.0007**2))


def compute_end_s(taps: Sequence[Tap]) -> float:
    """End of a recording of these taps, seconds."""
    return taps[-1].release_s + taps[-1].lift_s + WAIT_S


def _entry_shift_m(time_s: float) -> np.ndarray:
    """(3,) displacement of both hands while they enter."""
    return _ENTRY_OFFSET_M * (1 - minimum_jerk((time_s - EMPTY_S) / ENTER_S))
