"""Two hands that do what a typist's plan says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingertip_contact.frames import FINGERS, HANDS, Handedness
from other_generator.habits import Habits
from other_generator.hand import HIGHEST_RAD, LOWEST_RAD, HandModel, PosedHand, Root, unit
from other_generator.hand_making import make_hand
from other_generator.person import hands_of
from other_generator.reaching import REACHED_M, fit_posture, reach
from other_generator.schedule import Scheduler, draw_dips, require_typable
from other_generator.typist import Typist, end_of

_STREAM = 500
_HAND_LENGTH_M = 0.184
# How much of their range the joints are to keep when a tap is planned.
_ROOM_RAD = np.radians(3)
# A hand that does not reach a key from where it wants to be goes further towards it, and lower.
_FURTHER = (0, 0.33, 0.66, 1.0, 1.3)
_LOWER_M = (0.0, 0.003, 0.006, 0.009, 0.012, 0.015)
# What the hand's sinking and drifting may add to that.
_DRIFTED_M = np.array([0, -0.0022, 0.001])


@dataclass(frozen=True)
class HandState:
    """A hand at a time. touch_points_m: (5, 3) where each pad would touch or touches, in the sheet frame."""

    pose: PosedHand
    touch_points_m: np.ndarray


class Actor:
    """A person, drawn by a seed, who types a text.

    models: the hands. typist: the plan. end_s: when it is over. Raises ValueError for a text that cannot be typed.
    """

    def __init__(self, seed: int, text: str, centers_m: Mapping[str, np.ndarray]) -> None:
        require_typable(text)
        random = np.random.default_rng(_STREAM + seed)
        self._habits = Habits(centers_m, random)
        length_m = _HAND_LENGTH_M * random.uniform(0.92, 1.08)
        cuts = hands_of(seed)
        self.models: dict[Handedness, HandModel] = {hand: make_hand(cuts[hand], hand, length_m) for hand in HANDS}
        self._roots: dict[Handedness, Root] = {}
        self._relaxed_rad: dict[Handedness, np.ndarray] = {}
        self._arms: dict[Handedness, np.ndarray] = {}
        for hand in HANDS:
            fitted = fit_posture(self.models[hand], self._habits.homes_m[hand], random)
            self._roots[hand], self._relaxed_rad[hand] = fitted
            side = -1 if hand == "left" else 1
            self._arms[hand] = unit(np.array([side * random.uniform(0.22, 0.4), -1, random.uniform(0.08, 0.18)]))
        taps = Scheduler(centers_m, self._habits, self._plan_wrist, random).plan(text)
        self.end_s = end_of(taps)
        self.typist = Typist(self._habits, taps, draw_dips(taps, self.end_s, random))
        self._values_rad = {hand: values_rad.copy() for hand, values_rad in self._relaxed_rad.items()}

    def at(self, time_s: float) -> dict[Handedness, HandState]:
        """The hands at a time. Joints go on from where they were: ask for the frames in their order."""
        return {hand: self._hand_at(hand, time_s) for hand in HANDS}

    def _hand_at(self, hand: Handedness, time_s: float) -> HandState:
        model, values_rad = self.models[hand], self._values_rad[hand]
        root = self._roots[hand].moved(self.typist.wrist_shift_m(hand, time_s))
        for finger, target_m in enumerate(self.typist.pads_m(hand, time_s)):
            relaxed_rad = self._relaxed_rad[hand][finger]
            values_rad[finger], _ = reach(model, finger, values_rad[finger], root, target_m, relaxed_rad)
        touch_points_m = [model.touch_point(finger, values_rad[finger], root) for finger in range(len(FINGERS))]
        return HandState(model.pose(values_rad, root, self._arms[hand]), np.array(touch_points_m))

    def _plan_wrist(self, hand: Handedness, finger: int, pad_m: np.ndarray, wanted_m: np.ndarray) -> np.ndarray:
        """(3,) how the wrist goes for a tap: as wanted where the finger then reaches with ease, else further and lower.

        Raises ValueError where nothing helps.
        """
        whole_m = pad_m - self._habits.homes_m[hand][finger]
        for lower_m in _LOWER_M:
            for further in _FURTHER:
                shift_m = np.array([*(wanted_m + (whole_m - wanted_m) * further), -lower_m])
                if self._reaches(hand, finger, pad_m, shift_m):
                    return shift_m
        raise ValueError(f"the {hand} {FINGERS[finger]} finger does not reach {pad_m} m with joints at ease")

    def _reaches(self, hand: Handedness, finger: int, pad_m: np.ndarray, shift_m: np.ndarray) -> bool:
        relaxed_rad = self._relaxed_rad[hand][finger]
        root = self._roots[hand].moved(shift_m + _DRIFTED_M)
        target_m = np.array([*pad_m, 0.0])
        values_rad, missing_m = reach(self.models[hand], finger, relaxed_rad, root, target_m, relaxed_rad, steps=20)
        room_rad = min((values_rad - LOWEST_RAD[finger]).min(), (HIGHEST_RAD[finger] - values_rad).min())
        return np.abs(missing_m).max() < REACHED_M and room_rad > _ROOM_RAD
