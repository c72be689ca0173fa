"""What hands do when they do not type: poses at certain times, between which a hand moves smoothly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.datatypes import FINGERS, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.kinematics import FingerSolver, expand_angles, rotation_from_yaw_pitch_roll

# A hand comes down to the desk, or rises from it, straight and over this distance.
LANDING_M = 0.02
# How far pads on the desk are compressed.
PAD_COMPRESSION_M = 0.0002
_LANDING_S = (0.25, 0.6)
# The flexion of knuckle and outer joints of a finger with a bend of 1, degrees.
_BENT_KNUCKLE_DEG, _BENT_CURL_DEG = 50.0, 85.0
# Clearance of the palm over the desk while the pads rest on it.
_PALM_CLEARANCE_M = 0.001
# Skin beside the pads, as at the thumb's root, sinks less than this into the desk; else the hand is raised.
_MAX_SUNK_M, _RAISE_STEPS = 0.0003, 20


@dataclass(frozen=True)
class HandKey:
    """A pose at a time. origin_m: (3,) of the wrist. tilt_rad: (3,) yaw, pitch and roll as in `kinematics.Posture`.
    free: (5, 3) free angles of the fingers. is_down: whether the hand rests on the desk until the next key."""

    time_s: float
    origin_m: np.ndarray
    tilt_rad: np.ndarray
    free: np.ndarray
    is_down: bool = False


def make_pose(hand: Handedness, origin_m: np.ndarray, tilt_rad: np.ndarray, free: np.ndarray) -> HandPose:
    """The pose of the values of a HandKey."""
    side = 1.0 if hand == "right" else -1.0
    rotation = rotation_from_yaw_pitch_roll(side * tilt_rad[0], tilt_rad[1], side * tilt_rad[2])
    return HandPose(RigidTransform(rotation, origin_m), expand_angles(free))


def hover(model: HandModel, random: np.random.Generator, start_s: float, end_s: float) -> list[HandKey]:
    """The hand waits in the air and drifts."""
    times_s = _sample_times_s(random, start_s, end_s, (0.7, 1.6))
    bend, place_m, tilt_rad = random.uniform(0.1, 0.6), _sample_place_m(random, model), _sample_tilt_rad(random, 8.0)
    return [
        _make_key(
            model,
            time_s,
            place_m + random.normal(0, 0.01, 2),
            tilt_rad + random.normal(0, 0.05, 3),
            _bend_fingers(bend + random.normal(0, 0.05, len(FINGERS))),
            random.uniform(0.015, 0.06),
        )
        for time_s in times_s
    ]


def gesture(model: HandModel, random: np.random.Generator, start_s: float, end_s: float) -> list[HandKey]:
    """The hand turns and the fingers bend and stretch, quickly, well above the desk."""
    return [
        _make_key(
            model,
            time_s,
            _sample_place_m(random, model),
            _sample_tilt_rad(random, 25.0),
            _bend_fingers(random.uniform(0, 1, len(FINGERS))),
            random.uniform(0.03, 0.10),
        )
        for time_s in _sample_times_s(random, start_s, end_s, (0.25, 0.7))
    ]


def point(model: HandModel, random: np.random.Generator, start_s: float, end_s: float) -> list[HandKey]:
    """The index finger points at one place after another without touching; the other fingers are bent."""
    bends = np.array([0.6, 0.05, 0.9, 0.95, 0.95]) + random.normal(0, 0.03, len(FINGERS))
    tilt_rad = _sample_tilt_rad(random, 8.0) + np.deg2rad([0.0, -15.0, 0.0])
    return [
        _make_key(
            model,
            time_s,
            _sample_place_m(random, model),
            tilt_rad + random.normal(0, 0.04, 3),
            _bend_fingers(bends),
            random.uniform(0.010, 0.04),
        )
        for time_s in _sample_times_s(random, start_s, end_s, (0.5, 1.3))
    ]


def lie_flat(model: HandModel, random: np.random.Generator, start_s: float, end_s: float) -> list[HandKey]:
    """The hand lies still on the desk, palm down, with stretched fingers."""
    return _rest_on_desk(model, random, start_s, end_s, random.uniform(0.0, 0.1), np.deg2rad(random.uniform(0, 3)))


def rest_fingers(model: HandModel, random: np.random.Generator, start_s: float, end_s: float) -> list[HandKey]:
    """The bent fingers rest on the desk as on a keyboard, and do not move."""
    return _rest_on_desk(model, random, start_s, end_s, random.uniform(0.3, 0.6), np.deg2rad(random.uniform(0, 8)))


Activity = Callable[[HandModel, np.random.Generator, float, float], list[HandKey]]
ACTIVITIES: tuple[Activity, ...] = (hover, gesture, point, lie_flat, rest_fingers)


def _rest_on_desk(
    model: HandModel, random: np.random.Generator, start_s: float, end_s: float, bend: float, pitch_rad: float
) -> list[HandKey]:
    """Keys over the desk, on it, on it until shortly before the end, and over it."""
    landing_s, rising_s = random.uniform(*_LANDING_S, 2)
    tilt_rad = np.array([np.deg2rad(random.uniform(5, 25)), pitch_rad, 0.0])
    bends = np.clip(bend + random.normal(0, 0.03, len(FINGERS)), 0.0, 1.0)
    over = _make_key(model, start_s, _sample_place_m(random, model), tilt_rad, _bend_fingers(bends), 0.0)
    down = _put_pads_down(model, replace(over, is_down=True))
    over = replace(down, origin_m=down.origin_m + np.array([0.0, 0.0, LANDING_M]), is_down=False)
    return [
        over,
        replace(down, time_s=start_s + landing_s),
        replace(down, time_s=end_s - rising_s, is_down=False),
        replace(over, time_s=end_s),
    ]


def _put_pads_down(model: HandModel, key: HandKey) -> HandKey:
    """The key with its fingers turned so that all pads touch the desk as far as they reach."""
    pose = make_pose(model.hand, key.origin_m, key.tilt_rad, key.free)
    pads_m = model.fingertip_pads(pose)
    palm_m = float(model.pose_skin(pose)[0][model.finger_of_vertex < 0, 2].min())
    # The hand sinks until its fingers lie on the desk in the mean, or its palm does.
    drop_m = min(float(pads_m[1:, 2].mean()), palm_m - _PALM_CLEARANCE_M)
    origin_m = key.origin_m - np.array([0.0, 0.0, drop_m])
    pads_m[:, 2] = -PAD_COMPRESSION_M
    solver = FingerSolver(model, key.free)
    for _ in range(_RAISE_STEPS):
        angles, _ = solver.solve(pose.wrist.rotation[None], origin_m[None], pads_m[None])
        down = replace(key, origin_m=origin_m, free=angles[0, :, :3])
        sunk_m = -PAD_COMPRESSION_M - model.min_height_m(make_pose(model.hand, origin_m, key.tilt_rad, down.free))
        if sunk_m < _MAX_SUNK_M:
            return down
        origin_m = origin_m + np.array([0.0, 0.0, sunk_m])
    raise RuntimeError(f"the {model.hand} hand does not lie on the desk: it sinks {sunk_m * 1000:.1f} mm into it")


def _make_key(
    model: HandModel, time_s: float, place_m: np.ndarray, tilt_rad: np.ndarray, free: np.ndarray, clearance_m: float
) -> HandKey:
    """A key whose lowest skin is clearance_m over the desk, its wrist over place_m (2,)."""
    lowest_m = model.min_height_m(make_pose(model.hand, np.zeros(3), tilt_rad, free))
    return HandKey(time_s, np.array([*place_m, clearance_m - lowest_m]), tilt_rad, free)


def _bend_fingers(bends: np.ndarray) -> np.ndarray:
    """(5,) 0 for stretched to 1 for a fist -> (5, 3) free angles."""
    free = np.zeros((len(FINGERS), 3))
    free[:, 0], free[:, 2] = np.deg2rad(_BENT_KNUCKLE_DEG) * bends, np.deg2rad(_BENT_CURL_DEG) * bends
    free[0] *= 0.5
    return free


def _sample_place_m(random: np.random.Generator, model: HandModel) -> np.ndarray:
    """(2,) of the wrist: the hand is over its half of the sheet."""
    side = 1.0 if model.hand == "right" else -1.0
    return random.uniform([0.07, -0.18], [0.13, -0.08]) * (side, 1.0)


def _sample_tilt_rad(random: np.random.Generator, spread_deg: float) -> np.ndarray:
    """(3,) fingers turned slightly inwards, otherwise level, with this SD."""
    return np.deg2rad(np.array([12.0, 0.0, 4.0]) + random.normal(0, spread_deg, 3))


def _sample_times_s(
    random: np.random.Generator, start_s: float, end_s: float, interval_s: tuple[float, float]
) -> list[float]:
    """Times from start_s to end_s, both included."""
    times_s = [start_s]
    while times_s[-1] + interval_s[1] < end_s:
        times_s.append(times_s[-1] + random.uniform(*interval_s))
    return [*times_s, end_s]
