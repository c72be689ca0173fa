"""Animates two hands by the plan of a typist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from other_generator.habits import Habits, Posture
from other_generator.hand import MAX_ANGLES_RAD, MIN_ANGLES_RAD, HandModel, PosedHand, WristPose, normalise
from other_generator.hand_making import make_hand
from other_generator.person import load_hand_cuts
from other_generator.reaching import REACH_TOLERANCE_M, fit_posture, solve_finger
from other_generator.schedule import Holds, Scheduler, require_typable, sample_dips
from other_generator.typist import SchedulePlayer, compute_end_s

_STREAM = 500
_HAND_LENGTH_M = 0.184
# Margin of the joint angles to their limits when a tap is planned.
_JOINT_MARGIN_RAD = np.radians(3)
# Fractions of the remaining distance, and lowerings, that the planner tries if a finger does not reach its key.
_WRIST_EXTENSIONS = (0, 0.33, 0.66, 1.0, 1.3)
_WRIST_LOWERINGS_M = (0.0, 0.003, 0.006, 0.009, 0.012, 0.015)
# Additional wrist displacement by sinking and drift.
_DRIFT_ALLOWANCE_M = np.array([0, -0.0022, 0.001])


@dataclass(frozen=True)
class HandState:
    """A hand at a time. contact_points_m: (5, 3) point of each pad that touches first, in the sheet frame."""

    pose: PosedHand
    contact_points_m: np.ndarray


class HandAnimator:
    """A typist, drawn from a seed, who types a text.

    models: the hands. player: the plan. end_s: end of the plan. Raises ValueError for a text that cannot be typed.
    """

    def __init__(
        self, seed: int, text: str, centers_m: Mapping[str, np.ndarray], posture: Posture, holds: Holds
    ) -> None:
        require_typable(text)
        random = np.random.default_rng(_STREAM + seed)
        self._habits = Habits(centers_m, posture, random)
        length_m = _HAND_LENGTH_M * random.uniform(0.92, 1.08)
        cuts = load_hand_cuts(seed)
        self.models: dict[Handedness, HandModel] = {hand: make_hand(cuts[hand], hand, length_m) for hand in HANDS}
        self._wrists: dict[Handedness, WristPose] = {}
        self._relaxed_rad: dict[Handedness, np.ndarray] = {}
        self._arms: dict[Handedness, np.ndarray] = {}
        for hand in HANDS:
            fitted = fit_posture(self.models[hand], self._habits.homes_m[hand], posture, random)
            self._wrists[hand], self._relaxed_rad[hand] = fitted
            side = -1 if hand == "left" else 1
            self._arms[hand] = normalise(np.array([side * random.uniform(0.22, 0.4), -1, random.uniform(0.08, 0.18)]))
        taps = Scheduler(centers_m, self._habits, self._plan_wrist, holds, random).plan(text)
        self.end_s = compute_end_s(taps)
        self.player = SchedulePlayer(self._habits, taps, sample_dips(taps, self.end_s, random))
        self._values_rad = {hand: values_rad.copy() for hand, values_rad in self._relaxed_rad.items()}

    def advance_to(self, time_s: float) -> dict[Handedness, HandState]:
        """The hands at a time. The solver starts from the previous joint angles: call it in the order of the frames."""
        return {hand: self._advance_hand(hand, time_s) for hand in HANDS}

    def _advance_hand(self, hand: Handedness, time_s: float) -> HandState:
        model, values_rad = self.models[hand], self._values_rad[hand]
        wrist = self._wrists[hand].translate(self.player.wrist_shift_m(hand, time_s))
        for finger, target_m in enumerate(self.player.pads_m(hand, time_s)):
            relaxed_rad = self._relaxed_rad[hand][finger]
            values_rad[finger], _ = solve_finger(model, finger, values_rad[finger], wrist, target_m, relaxed_rad)
        contact_points_m = [
            model.find_contact_point_m(finger, values_rad[finger], wrist) for finger in range(len(FINGERS))
        ]
        return HandState(model.pose(values_rad, wrist, self._arms[hand]), np.array(contact_points_m))

    def _plan_wrist(self, hand: Handedness, finger: int, pad_m: np.ndarray, preferred_m: np.ndarray) -> np.ndarray:
        """(3,) displacement of the wrist for a tap: the preferred one if the finger then reaches the key, else further
        and lower.

        Raises ValueError if no tried displacement suffices.
        """
        displacement_m = pad_m - self._habits.homes_m[hand][finger]
        for lowering_m in _WRIST_LOWERINGS_M:
            for extension in _WRIST_EXTENSIONS:
                shift_m = np.array([*(preferred_m + (displacement_m - preferred_m) * extension), -lowering_m])
                if self._is_reachable(hand, finger, pad_m, shift_m):
                    return shift_m
        raise ValueError(f"the {hand} {FINGERS[finger]} finger does not reach {pad_m} m within its joint limits")

    def _is_reachable(self, hand: Handedness, finger: int, pad_m: np.ndarray, shift_m: np.ndarray) -> bool:
        relaxed_rad = self._relaxed_rad[hand][finger]
        wrist = self._wrists[hand].translate(shift_m + _DRIFT_ALLOWANCE_M)
        target_m = np.array([*pad_m, 0.0])
        values_rad, residual_m = solve_finger(
            self.models[hand], finger, relaxed_rad, wrist, target_m, relaxed_rad, steps=20
        )
        margin_rad = min((values_rad - MIN_ANGLES_RAD[finger]).min(), (MAX_ANGLES_RAD[finger] - values_rad).min())
        return np.abs(residual_m).max() < REACH_TOLERANCE_M and margin_rad > _JOINT_MARGIN_RAD
