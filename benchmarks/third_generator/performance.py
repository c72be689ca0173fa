"""A plan performed: postures of all frames, with the desk in the way, and which finger touched it when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from third_generator.motion import sample_sway
from third_generator.person import Person, find_pads_m
from third_generator.skeleton import FINGER_COUNT, make_pose, pose_bones
from third_generator.typing_plan import Plan, Stroke

# Contact is measured on this grid.
GRID_S = 0.002
# A pad gives by up to this much, and by half of it when the finger would go this far below the desk.
_MAX_DENT_M, _HALF_DENT_M = 0.0009, 0.001
_NEWTON_STEPS = 5
# Fingers without a stroke stay this high; before and after one, the limit falls and rises with this speed.
_IDLE_HEIGHT_M, _LIMIT_SPEED_MPS = 0.0025, 0.06
# Where the steps of two strokes overlap, a finger might not come down in time: it is this low, and before and after a
# stroke at most that fast above it.
_LEAST_DENT_M, _MAX_SPEED_MPS, _EDGE_S = 0.0003, 0.25, 0.004
_MIRROR = np.array([-1.0, 1.0, 1.0])


@dataclass(frozen=True)
class Contact:
    """A finger on the desk, seconds. stroke: what it was for, a key or a rest. place_m: (2,) at touch-down, sheet
    frame."""

    hand: Handedness
    finger: int
    press_s: float
    release_s: float
    place_m: np.ndarray
    stroke: Stroke


@dataclass(frozen=True)
class Performance:
    """times_s: (T,) on the grid. bones: of each hand (T, 17, 4, 4), a left hand's are of its mirror image. pads_m: of
    each hand (T, 5, 3), in the sheet frame. contacts: in order of time."""

    times_s: np.ndarray
    wrists: dict[Handedness, np.ndarray]
    angles_rad: dict[Handedness, np.ndarray]
    pads_m: dict[Handedness, np.ndarray]
    contacts: tuple[Contact, ...]
    person: Person

    def find_bones(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(17, 4, 4) at the nearest time of the grid."""
        index = self.find_index(time_s)
        wrist = self.wrists[hand][index]
        palm = make_pose(wrist[None, :3], wrist[None, 3:])
        arm_turn = np.array([[self.person.arm_yaw_rad, np.radians(4), 0.0]])
        arm = make_pose(wrist[None, :3], arm_turn)
        fingers = palm[:, None] @ pose_bones(self.person.skeletons[hand], self.angles_rad[hand][index][None])
        return np.concatenate([fingers[0], palm, arm])

    def find_index(self, time_s: float) -> int:
        """Of the grid."""
        return int(np.clip(round(time_s / GRID_S), 0, len(self.times_s) - 1))


def perform(plan: Plan, person: Person, random: np.random.Generator) -> Performance:
    """Raises ValueError if a stroke does not touch the desk: its plan is at fault."""
    times_s = np.arange(0, plan.end_s + 0.1, GRID_S)
    wrists, angles_rad, pads_m, contacts = {}, {}, {}, []
    for hand in HANDS:
        slow = sample_sway(random, times_s, person.sway_m * np.array([1, 1, 0.25, 0, 0, 0]), 0.5)
        turn = sample_sway(random, times_s, np.array([0, 0, 0, 0.006, 0.004, 0.004]), 0.6)
        wrists[hand] = plan.wrists[hand].sample(times_s) + slow + turn
        tremor = sample_sway(random, times_s, np.full(FINGER_COUNT * 4, 0.006), 0.12)
        angles_rad[hand] = plan.fingers[hand].sample(times_s) + tremor.reshape(-1, FINGER_COUNT, 4)
        pads_m[hand] = np.empty((len(times_s), FINGER_COUNT, 3))
        for finger in range(FINGER_COUNT):
            strokes = [stroke for stroke in plan.strokes if (stroke.hand, stroke.finger) == (hand, finger)]
            angles = angles_rad[hand][:, finger]
            _limit(person, hand, finger, wrists[hand], angles, _limit_heights(times_s, strokes))
            pads = find_pads_m(person.skeletons[hand], person.fleshes[hand], finger, wrists[hand], angles)
            pads_m[hand][:, finger] = pads * (_MIRROR if hand == "left" else 1)
            contacts += _list_contacts(times_s, pads_m[hand][:, finger], hand, finger, strokes)
    touched = {id(contact.stroke) for contact in contacts}
    missed = [stroke.key for stroke in plan.strokes if stroke.key and id(stroke) not in touched]
    if missed:
        raise ValueError(f"the strokes on {missed} do not touch the desk")
    contacts.sort(key=lambda contact: contact.press_s)
    return Performance(times_s, wrists, angles_rad, pads_m, tuple(contacts), person)


def _limit_heights(times_s: np.ndarray, strokes: list[Stroke]) -> tuple[np.ndarray, np.ndarray]:
    """(T,) the least height of a finger and (T,) the greatest: negative while one of its strokes lasts."""
    least_m, greatest_m = np.full(len(times_s), _IDLE_HEIGHT_M), np.full(len(times_s), np.inf)
    for stroke in strokes:
        outside_s = np.maximum(stroke.press_s - times_s, times_s - stroke.release_s)
        least_m = np.minimum(least_m, _LIMIT_SPEED_MPS * outside_s)
        if stroke.key:
            above_m = np.maximum(_MAX_SPEED_MPS * (outside_s + _EDGE_S), 0) - _LEAST_DENT_M
            greatest_m = np.minimum(greatest_m, above_m)
    return least_m, np.maximum(greatest_m, least_m)


def _limit(
    person: Person,
    hand: Handedness,
    finger: int,
    wrists: np.ndarray,
    angles_rad: np.ndarray,
    limits_m: tuple[np.ndarray, np.ndarray],
) -> None:
    """Turns the base joint where a finger would be outside its limits; in a stroke, the desk only dents its pad.

    Changes angles_rad (T, 4) in place.
    """
    heights_m = find_pads_m(person.skeletons[hand], person.fleshes[hand], finger, wrists, angles_rad)[:, 2]
    outside = np.flatnonzero((heights_m < np.maximum(limits_m[0], 0)) | (heights_m > limits_m[1]))
    if not len(outside):
        return
    depth_m = np.maximum(-heights_m[outside], 0)
    dent_m = _MAX_DENT_M * depth_m / (depth_m + _HALF_DENT_M)
    least_m = np.maximum(limits_m[0][outside], -dent_m)
    wanted_m = np.minimum(np.maximum(heights_m[outside], least_m), limits_m[1][outside])
    skeleton, flesh = person.skeletons[hand], person.fleshes[hand]
    angles, step_rad = angles_rad[outside], 1e-3
    for _ in range(_NEWTON_STEPS):
        now_m = find_pads_m(skeleton, flesh, finger, wrists[outside], angles)[:, 2]
        turned = angles.copy()
        turned[:, 1] -= step_rad
        slope = (find_pads_m(skeleton, flesh, finger, wrists[outside], turned)[:, 2] - now_m) / step_rad
        angles[:, 1] -= np.clip((wanted_m - now_m) / np.maximum(slope, 0.01), -0.15, 0.15)
    angles_rad[outside] = angles


def _list_contacts(
    times_s: np.ndarray, pads_m: np.ndarray, hand: Handedness, finger: int, strokes: list[Stroke]
) -> Iterator[Contact]:
    touches = np.concatenate([[False], pads_m[:, 2] <= 0, [False]])
    edges = np.flatnonzero(touches[1:] != touches[:-1])
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        press_s, release_s = times_s[begin], times_s[min(end, len(times_s) - 1)]
        stroke = min(strokes, key=lambda stroke: max(stroke.press_s - release_s, press_s - stroke.release_s))
        yield Contact(hand, finger, press_s, release_s, pads_m[begin, :2], stroke)
