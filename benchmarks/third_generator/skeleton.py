"""The bones of a hand and their forward kinematics.

Hand frame of a right hand, palm down: origin at the wrist, x to the little finger, y to the fingertips, z out of the
back of the hand. A left hand is its mirror image (`typist`). Angles are radians: of each finger the spread at its base,
then the flexions from the base to the tip.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FINGER_COUNT, ANGLE_COUNT, BONE_COUNT = 5, 4, 15

# Phalanges (of the thumb: metacarpal and phalanges) from Buryanov and Kotiuk, "Proportions of hand segments", Int. J.
# Morphol. 28(3), 2010: mean lengths; the last one with 4 mm of soft tissue at the tip. Metres.
_PHALANGES_M = np.array(
    [
        [0.0462, 0.0316, 0.0257],
        [0.0398, 0.0224, 0.0198],
        [0.0446, 0.0263, 0.0214],
        [0.0414, 0.0257, 0.0213],
        [0.0327, 0.0181, 0.0200],
    ]
)
# Bases in a hand whose metacarpals have the lengths of the same source; rest directions by eye.
_BASES_M = np.array(
    [[-0.022, 0.020, -0.010], [-0.025, 0.086, 0.0], [-0.003, 0.090, 0.002], [0.017, 0.084, 0.0], [0.034, 0.075, -0.004]]
)
_SPREADS_RAD = np.radians([0, 8, 1, -7, -15])
_THUMB_DIRECTION = np.array([-0.60, 0.74, -0.30])
_THUMB_BACK = np.array([-0.62, -0.30, 0.72])

# spread, then flexions; limits of a typing hand.
MIN_ANGLES_RAD = np.radians([[-25, -25, -10, -15], *[[-18, -25, 3, 2]] * 4])
MAX_ANGLES_RAD = np.radians([[25, 45, 50, 60], *[[18, 85, 95, 60]] * 4])
# The last joint of a finger follows the middle one.
TIP_COUPLING = 0.6


@dataclass(frozen=True)
class Skeleton:
    """bases: (5, 4, 4) of the fingers' first bones at rest. lengths_m: (5, 3) of the bones. radius_scale: of the flesh.
    scale: of the hand's size; 1 is the mean."""

    bases: np.ndarray
    lengths_m: np.ndarray
    scale: float
    radius_scale: float


def make_skeleton(scale: float, radius_scale: float, length_factors: np.ndarray) -> Skeleton:
    """length_factors: (5, 3) deviations of a person's bones from the mean proportions."""
    bases = np.tile(np.eye(4), (FINGER_COUNT, 1, 1))
    bases[:, :3, 3] = _BASES_M * scale
    for finger in range(1, FINGER_COUNT):
        bases[finger] = bases[finger] @ _turn_z(_SPREADS_RAD[finger])
    along = _THUMB_DIRECTION / np.linalg.norm(_THUMB_DIRECTION)
    back = _THUMB_BACK - (_THUMB_BACK @ along) * along
    back /= np.linalg.norm(back)
    bases[0, :3, :3] = np.column_stack([np.cross(along, back), along, back])
    return Skeleton(bases, _PHALANGES_M * scale * length_factors, scale, radius_scale)


def pose_bones(skeleton: Skeleton, angles_rad: np.ndarray) -> np.ndarray:
    """(T, 5, 4) angles -> (T, 15, 4, 4) bones in the hand frame, finger by finger; y runs along a bone."""
    bones = np.empty((len(angles_rad), BONE_COUNT, 4, 4))
    for finger in range(FINGER_COUNT):
        bones[:, 3 * finger : 3 * finger + 3] = pose_finger(skeleton, finger, angles_rad[:, finger])
    return bones


def pose_finger(skeleton: Skeleton, finger: int, angles_rad: np.ndarray) -> np.ndarray:
    """(T, 4) angles -> (T, 3, 4, 4) bones of one finger in the hand frame."""
    first = skeleton.bases[finger] @ _turn_z(angles_rad[:, 0]) @ _bend(angles_rad[:, 1])
    second = first @ _shift_along(skeleton.lengths_m[finger, 0]) @ _bend(angles_rad[:, 2])
    third = second @ _shift_along(skeleton.lengths_m[finger, 1]) @ _bend(angles_rad[:, 3])
    return np.stack([first, second, third], axis=1)


def make_pose(position_m: np.ndarray, yaw_pitch_roll_rad: np.ndarray) -> np.ndarray:
    """(T, 3) and (T, 3) -> (T, 4, 4) hand frame to sheet frame: turned by yaw about z, pitch about x, roll about y."""
    yaw, pitch, roll = np.moveaxis(np.asarray(yaw_pitch_roll_rad), -1, 0)
    pose = _turn_z(yaw) @ _bend(-pitch) @ _turn_y(roll)
    pose[..., :3, 3] = position_m
    return pose


def _make_turn(angle_rad: np.ndarray, first: int, second: int) -> np.ndarray:
    turn = np.zeros((*np.shape(angle_rad), 4, 4))
    turn[...] = np.eye(4)
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    turn[..., first, first] = turn[..., second, second] = cosine
    turn[..., first, second], turn[..., second, first] = -sine, sine
    return turn


def _turn_z(angle_rad: np.ndarray) -> np.ndarray:
    return _make_turn(angle_rad, 0, 1)


def _turn_y(angle_rad: np.ndarray) -> np.ndarray:
    return _make_turn(angle_rad, 2, 0)


def _bend(angle_rad: np.ndarray) -> np.ndarray:
    """A flexion: y towards -z."""
    return _make_turn(-np.asarray(angle_rad), 1, 2)


def _shift_along(length_m: float) -> np.ndarray:
    shift = np.eye(4)
    shift[1, 3] = length_m
    return shift
