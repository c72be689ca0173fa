"""Inverse kinematics: joint angles that bring the pad of every finger to a point, and the posture of typing hands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fingertip_contact.datatypes import FINGERS, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.hand import (
    ABDUCTION,
    CHAIN_LENGTH,
    END_FLEXION,
    FLEXION,
    MIDDLE_FLEXION,
    ChainFrames,
    HandModel,
    HandPose,
    find_pad,
)

# A finger has three free angles here: flexion and abduction of the knuckle, and the curl of both outer joints. The end
# joint follows the middle one by 2/3, as the tendons couple them (Rijpkema and Girard 1991); the thumb's outer joints
# bend equally.
DISTAL_COUPLING = np.array([1.0, 2 / 3, 2 / 3, 2 / 3, 2 / 3])
_KNUCKLE, _SIDEWAYS, _CURL = range(3)
MIN_ANGLES_DEG = np.array([[-45, -45, -25], *([[-40, -28, -8]] * 4)], dtype=np.float64)
MAX_ANGLES_DEG = np.array([[45, 45, 70], *([[90, 28, 110]] * 4)], dtype=np.float64)

_MAX_ITERATIONS = 40
_MAX_STEP_RAD = 0.25
_TOLERANCE_M = 1e-8
_INITIAL_DAMPING, _MIN_DAMPING = 1e-5, 1e-10  # m^2; the square of a finger's length is 1e-2
_PADDING_HEIGHT_M = 1e3
# Weight of heights relative to x and y: a finger that cannot reach its point ends short of it, but touches.
_ERROR_WEIGHTS = np.array([1.0, 1.0, 30.0])

# Helping a finger by the wrist: 1 rad of flexion is as much effort as 15 mm sideways or forward or 12 mm of height.
_REACH_ANGLE_COST = np.array([1.0, 2.0, 1.0])
_REACH_WRIST_SCALE_M = np.diag([0.015, 0.015, 0.012])
_REACH_ITERATIONS = 12
# Minimum bend of a finger that the hand helps to reach; the rest is its margin for the hand's noise.
_MIN_CURL_RAD = np.deg2rad(18.0)


@dataclass(frozen=True)
class Posture:
    """How somebody holds a hand over the keys; the same numbers make mirrored postures for the left and right hand.

    yaw_rad: fingers turned inward. pitch_rad: knuckles raised over the wrist. roll_rad: thumb side raised.
    curl_rad: flexion of the middle joints. flexion_rad: of the knuckles.
    """

    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    flexion_rad: float
    curl_rad: float

    def rotation(self, hand: Handedness) -> np.ndarray:
        """sheet_from_hand: (3, 3)."""
        side = 1.0 if hand == "right" else -1.0
        return rotation_from_yaw_pitch_roll(side * self.yaw_rad, self.pitch_rad, side * self.roll_rad)

    def free_angles(self) -> np.ndarray:
        """(5, 3) free angles of the relaxed fingers: where the solver starts."""
        angles = np.zeros((len(FINGERS), 3))
        angles[1:, _KNUCKLE] = self.flexion_rad
        angles[1:, _CURL] = self.curl_rad
        angles[0, _CURL] = 0.5
        return angles


def rotation_from_yaw_pitch_roll(yaw_rad: float, pitch_rad: float, roll_rad: float) -> np.ndarray:
    """Rz(yaw) @ Rx(pitch) @ Ry(roll): (3, 3)."""
    (cy, cp, cr), (sy, sp, sr) = np.cos([yaw_rad, pitch_rad, roll_rad]), np.sin([yaw_rad, pitch_rad, roll_rad])
    yaw = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, 0, sr], [0, 1, 0], [-sr, 0, cr]])
    return yaw @ pitch @ roll


def expand_angles(free: np.ndarray) -> np.ndarray:
    """Free angles (..., 5, 3) -> angles of every joint (..., 5, 4), columns as in HandPose."""
    full = np.empty((*free.shape[:-1], 4))
    full[..., FLEXION], full[..., ABDUCTION] = free[..., _KNUCKLE], free[..., _SIDEWAYS]
    full[..., MIDDLE_FLEXION], full[..., END_FLEXION] = free[..., _CURL], free[..., _CURL] * DISTAL_COUPLING
    return full


@dataclass(frozen=True)
class FingerSolver:
    """Solves all fingers of one hand, for many moments at once. start: (5, 3) free angles to begin with."""

    model: HandModel
    start: np.ndarray

    def solve(self, rotations: np.ndarray, origins_m: np.ndarray, pads_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Wrist rotations (N, 3, 3) and origins (N, 3), wanted pads (N, 5, 3), sheet frame -> angles (N, 5, 4) and how
        far each pad stays off (N, 5), metres: nothing but rounding, unless the point is out of the finger's reach. Then
        the pad comes as close as it can at the wanted height.

        Levenberg-Marquardt with the analytic Jacobian of a point fixed to the skin. The pad rolls over the skin as the
        finger turns, so convergence is linear, but fast: the pad is small against the finger.
        """
        free = np.tile(self.start, (len(pads_m), 1, 1))
        damping = np.full((len(pads_m), len(FINGERS)), _INITIAL_DAMPING)
        frames, pads = self._forward(rotations, origins_m, free)
        error = np.linalg.norm((pads_m - pads) * _ERROR_WEIGHTS, axis=-1)
        for _ in range(_MAX_ITERATIONS):
            if error.max() < _TOLERANCE_M:
                break
            jacobian = self._jacobian(rotations, frames, pads) * _ERROR_WEIGHTS[:, None]
            transposed = jacobian.swapaxes(-1, -2)
            normal = transposed @ jacobian + damping[..., None, None] * np.eye(3)
            step = np.linalg.solve(normal, transposed @ ((pads_m - pads) * _ERROR_WEIGHTS)[..., None])[..., 0]
            trial = np.clip(free + np.clip(step, -_MAX_STEP_RAD, _MAX_STEP_RAD), *self._limits)
            trial_frames, trial_pads = self._forward(rotations, origins_m, trial)
            trial_error = np.linalg.norm((pads_m - trial_pads) * _ERROR_WEIGHTS, axis=-1)
            is_better = trial_error < error
            damping = np.clip(np.where(is_better, damping * 0.1, damping * 5.0), _MIN_DAMPING, 1.0)
            accepted = is_better[..., None]
            free, pads, error = (
                np.where(accepted, trial, free),
                np.where(accepted, trial_pads, pads),
                np.where(is_better, trial_error, error),
            )
            frames = ChainFrames(
                np.where(accepted[..., None, None], trial_frames.rotations, frames.rotations),
                np.where(accepted[..., None], trial_frames.origins_m, frames.origins_m),
            )
        return expand_angles(free), np.linalg.norm(pads_m - pads, axis=-1)

    def solve_wrist_shift_m(self, wrist: RigidTransform, finger: int, pad_m: np.ndarray) -> np.ndarray:
        """(3,) metres: how the wrist moves to help one finger's pad to a point, sheet frame.

        The least effort: turning joints away from `start` and moving the wrist both cost, height more than the rest.
        """
        free, shift = self.start.copy(), np.zeros(3)
        rotations = wrist.rotation[None]
        for _ in range(_REACH_ITERATIONS):
            frames, pads = self._forward(rotations, (wrist.translation_m + shift)[None], free[None])
            jacobian = np.hstack(
                [self._jacobian(rotations, frames, pads)[0, finger] / _REACH_ANGLE_COST, _REACH_WRIST_SCALE_M]
            )
            deviation = np.concatenate(
                [(free[finger] - self.start[finger]) * _REACH_ANGLE_COST, shift / np.diag(_REACH_WRIST_SCALE_M)]
            )
            # Least |away + step| among the steps that bring the pad there.
            target = pad_m - pads[0, finger] + jacobian @ deviation
            step = np.linalg.pinv(jacobian) @ target - deviation
            free[finger] += np.clip(step[:3] / _REACH_ANGLE_COST, -_MAX_STEP_RAD, _MAX_STEP_RAD)
            free[finger] = np.clip(free[finger], *(limit[finger] for limit in self._limits))
            free[finger, _CURL] = max(free[finger, _CURL], _MIN_CURL_RAD)
            shift += np.diag(_REACH_WRIST_SCALE_M) * step[3:]
        _, pads = self._forward(rotations, (wrist.translation_m + shift)[None], free[None])
        return shift + pad_m - pads[0, finger]

    def _forward(
        self, rotations: np.ndarray, origins_m: np.ndarray, free: np.ndarray
    ) -> tuple[ChainFrames, np.ndarray]:
        frames = self.model.chain_frames(rotations, origins_m, expand_angles(free))
        return frames, find_pad(self._distal_skin(frames))

    def _distal_skin(self, frames: ChainFrames) -> np.ndarray:
        """(N, 5, P, 3) skin of the last segments; the rows that only fill up lie far above everything."""
        count = len(frames.rotations)
        stacked = np.concatenate([frames.rotations.swapaxes(-1, -2), frames.origins_m[..., None, :]], axis=-2)
        skin = self._skin_coefficients @ stacked.reshape(count, len(FINGERS), CHAIN_LENGTH * 4, 3)
        skin[..., 2] += self._padding_lift_m
        return skin

    def _jacobian(self, rotations: np.ndarray, frames: ChainFrames, pads: np.ndarray) -> np.ndarray:
        """(N, 5, 3, 3) d pad / d free angle."""
        levers = pads[:, :, None] - frames.origins_m[:, :, :3]
        flexed = np.cross(-frames.rotations[:, :, :3, :, 0], levers)  # flexion is a negative turn about x
        upright = (rotations[:, None] @ self.model.knuckle_rotations)[..., 1]
        sideways = np.cross(upright * self.model.abduction_sign, levers[:, :, 0])
        curled = flexed[:, :, 1] + DISTAL_COUPLING[:, None] * flexed[:, :, 2]
        return np.stack([flexed[:, :, 0], sideways, curled], axis=-1)

    @cached_property
    def _limits(self) -> tuple[np.ndarray, np.ndarray]:
        return np.deg2rad(MIN_ANGLES_DEG), np.deg2rad(MAX_ANGLES_DEG)

    @cached_property
    def _skin_coefficients(self) -> np.ndarray:
        """(5, P, 16): the skin is linear in the joints' rotation columns and origins."""
        max_count = max(len(indices) for indices in self.model.distal_vertices)
        coefficients = np.zeros((len(FINGERS), max_count, CHAIN_LENGTH, 4))
        for finger, indices in enumerate(self.model.distal_vertices):
            for link, joint in enumerate(self.model.chain_joints[finger]):
                weight = self.model.weights[indices, joint][:, None]
                offsets = self.model.rest_vertices_m[indices] - self.model.rest_origins_m[joint]
                coefficients[finger, : len(indices), link, :3] = weight * (offsets @ self.model.rest_rotations[joint])
                coefficients[finger, : len(indices), link, 3:] = weight
        return coefficients.reshape(len(FINGERS), max_count, CHAIN_LENGTH * 4)

    @cached_property
    def _padding_lift_m(self) -> np.ndarray:
        """(5, P) 0 for skin, far up for the rows that only fill up."""
        max_count = self._skin_coefficients.shape[1]
        counts = np.array([len(indices) for indices in self.model.distal_vertices])
        return np.where(np.arange(max_count) < counts[:, None], 0.0, _PADDING_HEIGHT_M)


def place_wrist(model: HandModel, posture: Posture, home_m: np.ndarray, height_m: float) -> RigidTransform:
    """sheet_from_hand that holds the relaxed fingers (the thumb aside) over their home points as well as it goes.

    home_m: (4, 2) index to little, sheet frame. height_m: mean height of the pads.
    """
    rotation = posture.rotation(model.hand)
    relaxed = HandPose(RigidTransform(rotation, np.zeros(3)), expand_angles(posture.free_angles()))
    pads = model.fingertip_pads(relaxed)[1:]
    xy = (home_m - pads[:, :2]).mean(axis=0)
    return RigidTransform(rotation, np.array([*xy, height_m - pads[:, 2].mean()]))
