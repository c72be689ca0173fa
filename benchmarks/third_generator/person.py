"""A person: hands of some size, habits of holding them, and speed; drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import least_squares

from fingertip_contact.datatypes import HANDS, Handedness
from fingertip_contact.keyboard.layout import Layout
from third_generator.flesh import Flesh, make_flesh
from third_generator.skeleton import (
    ANGLE_COUNT,
    FINGER_COUNT,
    MAX_ANGLES_RAD,
    MIN_ANGLES_RAD,
    TIP_COUPLING,
    Skeleton,
    make_pose,
    make_skeleton,
    pose_finger,
)

Posture = Literal["curled", "stretched"]

_STREAM = 9100
# Keys over which index to little finger wait.
_HOME_KEYS: dict[Handedness, tuple[str, ...]] = {"left": ("f", "d", "s", "a"), "right": ("j", "k", "l", "semicolon")}
# Of the knuckles and the middle joints, degrees.
_FLEXIONS_DEG: dict[Posture, tuple[tuple[float, float], tuple[float, float]]] = {
    "curled": ((18, 32), (42, 60)),
    "stretched": ((22, 36), (12, 28)),
}
# How strongly the solver keeps to the comfortable angles: metres per radian.
_COMFORT = 0.0006


@dataclass(frozen=True)
class Person:
    """hover_m: height of waiting fingers. lift_m: smallest and largest additional lift before a tap. wrist_share: of
    the way to a key that the wrist goes. wrists: for each hand x, y, z, yaw, pitch, roll at home, in the sheet frame; a
    left hand's in the mirrored one. homes_rad: (5, 4) of each hand. sway_m: of the wrist."""

    skeletons: dict[Handedness, Skeleton]
    fleshes: dict[Handedness, Flesh]
    wrists: dict[Handedness, np.ndarray]
    homes_rad: dict[Handedness, np.ndarray]
    arm_yaw_rad: float
    hover_m: float
    lift_m: tuple[float, float]
    overshoot: float
    wrist_share: float
    coupling: float
    words_per_minute: float
    sway_m: float


def sample_person(seed: int, layout: Layout, posture: Posture) -> Person:
    """Draws a person and fits the hands to the home keys."""
    random = np.random.default_rng(_STREAM + seed)
    scale, radius_scale = random.uniform(0.90, 1.09), random.uniform(0.92, 1.08)
    factors = random.normal(1, 0.03, (FINGER_COUNT, 3))
    sleeve_m = random.uniform(0.02, 0.10)
    skeleton = make_skeleton(scale, radius_scale, factors)
    flesh = make_flesh(skeleton, sleeve_m)
    hover_m = random.uniform(0.004, 0.015)
    knuckle_deg, middle_deg = (random.uniform(*limits) for limits in _FLEXIONS_DEG[posture])
    wrists, homes_rad = {}, {}
    for hand in HANDS:
        tilt_rad = np.radians([random.uniform(4, 20), random.uniform(2, 14), random.uniform(-10, 4)])
        angles_rad = np.zeros((FINGER_COUNT, ANGLE_COUNT))
        angles_rad[1:, 1] = np.radians(knuckle_deg + random.normal(0, 3, 4))
        angles_rad[1:, 2] = np.radians(middle_deg + random.normal(0, 4, 4))
        angles_rad[1:, 3] = TIP_COUPLING * angles_rad[1:, 2]
        angles_rad[0] = np.radians([random.uniform(-6, 6), random.uniform(4, 14), random.uniform(5, 20), 10])
        targets_m = np.array([layout.by_name[key].center_m for key in _HOME_KEYS[hand]])
        targets_m = np.column_stack([targets_m, np.full(4, hover_m)])
        if hand == "left":
            targets_m[:, 0] *= -1
        wrist = _place_wrist(skeleton, flesh, angles_rad, tilt_rad, targets_m)
        for finger, target_m in enumerate(targets_m, start=1):
            angles_rad[finger] = reach(skeleton, flesh, finger, wrist, target_m, angles_rad[finger])[0]
        # The thumb waits over the space bar, a little higher.
        thumb_m = find_pad_m(skeleton, flesh, 0, wrist, angles_rad[0])
        angles_rad[0] = reach(skeleton, flesh, 0, wrist, np.array([*thumb_m[:2], hover_m + 0.004]), angles_rad[0])[0]
        wrists[hand], homes_rad[hand] = wrist, angles_rad
    low_m = random.uniform(0.0, 0.004)
    return Person(
        skeletons=dict.fromkeys(HANDS, skeleton),
        fleshes=dict.fromkeys(HANDS, flesh),
        wrists=wrists,
        homes_rad=homes_rad,
        arm_yaw_rad=float(np.radians(random.uniform(2, 22))),
        hover_m=hover_m,
        lift_m=(low_m, low_m + random.uniform(0.002, 0.011)),
        overshoot=float(random.uniform(0, 0.35)),
        wrist_share=float(random.uniform(0.4, 0.8)),
        coupling=float(random.uniform(0.05, 0.4)),
        words_per_minute=float(random.uniform(22, 42)),
        sway_m=float(random.uniform(0.0006, 0.0016)),
    )


def find_pad_m(skeleton: Skeleton, flesh: Flesh, finger: int, wrist: np.ndarray, angles_rad: np.ndarray) -> np.ndarray:
    """(3,) the lowest point of a fingertip. wrist: (6,)."""
    pads_m = find_pads_m(skeleton, flesh, finger, wrist[None], angles_rad[None])
    return pads_m[0]


def find_pads_m(
    skeleton: Skeleton, flesh: Flesh, finger: int, wrists: np.ndarray, angles_rad: np.ndarray
) -> np.ndarray:
    """(T, 6), (T, 4) -> (T, 3): the lowest point of a fingertip over time."""
    last = make_pose(wrists[:, :3], wrists[:, 3:]) @ pose_finger(skeleton, finger, angles_rad)[:, 2]
    points_m = np.einsum("tij,pj->tpi", last[:, :3, :3], flesh.pads_m[finger]) + last[:, None, :3, 3]
    lowest = points_m[:, :, 2].argmin(1)
    return points_m[np.arange(len(points_m)), lowest]


def reach(
    skeleton: Skeleton, flesh: Flesh, finger: int, wrist: np.ndarray, target_m: np.ndarray, comfortable_rad: np.ndarray
) -> tuple[np.ndarray, float]:
    """(4,) angles that bring a fingertip's lowest point to target_m, near the comfortable ones; and the rest of the
    way, metres."""
    low_rad, high_rad = MIN_ANGLES_RAD[finger, :3], MAX_ANGLES_RAD[finger, :3]

    def complete(values_rad: np.ndarray) -> np.ndarray:
        tip_rad = comfortable_rad[3] if finger == 0 else TIP_COUPLING * values_rad[2]
        return np.array([*values_rad, tip_rad])

    def find_errors(values_rad: np.ndarray) -> np.ndarray:
        away_m = find_pad_m(skeleton, flesh, finger, wrist, complete(values_rad)) - target_m
        return np.concatenate([away_m, _COMFORT * (values_rad - comfortable_rad[:3])])

    start_rad = np.clip(comfortable_rad[:3], low_rad + 1e-3, high_rad - 1e-3)
    solved = least_squares(find_errors, start_rad, bounds=(low_rad, high_rad), diff_step=1e-3, max_nfev=30)
    return complete(solved.x), float(np.linalg.norm(solved.fun[:3]))


def _place_wrist(
    skeleton: Skeleton, flesh: Flesh, angles_rad: np.ndarray, tilt_rad: np.ndarray, targets_m: np.ndarray
) -> np.ndarray:
    """(6,) so that the four fingertips are on average over their keys."""
    wrist = np.array([0, 0, 0, *tilt_rad])
    pads_m = [find_pad_m(skeleton, flesh, finger, wrist, angles_rad[finger]) for finger in range(1, FINGER_COUNT)]
    wrist[:3] = targets_m.mean(0) - np.mean(pads_m, 0)
    return wrist
