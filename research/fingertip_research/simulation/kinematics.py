"""Inverse kinematics: joint angles that place the pad of every finger at a point, and the posture of typing hands."""

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

# A finger has three free angles: flexion and abduction of the knuckle, and the curl of both outer joints. The end
# joint bends by 2/3 of the middle one, as tendons couple them (Rijpkema and Girard 1991); the thumb's outer joints bend
# equally.
DISTAL_COUPLING = np.array([1.0, 2 / 3, 2 / 3, 2 / 3, 2 / 3])
_KNUCKLE, _SIDEWAYS, _CURL = range(3)
MIN_ANGLES_DEG = np.array([[-45, -45, -25], *([[-40, -28, -8]] * 4)], dtype=np.float64)
MAX_ANGLES_DEG = np.array([[45, 45, 70], *([[90, 28, 110]] * 4)], dtype=np.float64)

_MAX_ITERATIONS = 40
_MAX_STEP_RAD = 0.25
_TOLERANCE_M = 1e-8
_INITIAL_DAMPING, _MIN_DAMPING = 1e-5, 1e-10  # m^2; the square of a finger's length is 1e-2
_PADDING_HEIGHT_M = 1e3
# Weights of x, y and height: a finger that cannot reach its point touches short of it instead of hovering over it.
_ERROR_WEIGHTS = np.array([1.0, 1.0, 30.0])

# Effort of a reach: 1 rad of flexion costs as much as 15 mm of wrist displacement sideways or forward, or 12 mm up.
_REACH_ANGLE_COST = np.array([1.0, 2.0, 1.0])
_REACH_WRIST_SCALE_M = np.diag([0.015, 0.015, 0.012])
_REACH_ITERATIONS = 12
# Minimum curl of a reaching finger, a margin for the hand's drift.
_MIN_CURL_RAD = np.deg2rad(18.0)


@dataclass(frozen=True)
class Posture:
    """The posture of a hand over the keys; the same values give mirrored postures for the left and right hand.

    yaw_rad: fingers turned inward. pitch_rad: knuckles raised over the wrist. roll_rad: thumb side raised.
    curl_rad: flexion of the middle joints. flexion_rad: of the knuckles. is_stretched: whether the fingers (except the
    thumb) keep their curl and move from the knuckle only.
    """

    yaw_rad: float
    pitch_rad: float
    roll_rad: float
    flexion_rad: float
    curl_rad: float
    is_stretched: bool = False

    def rotation(self, hand: Handedness) -> np.ndarray:
        """sheet_from_hand: (3, 3)."""
        side = 1.0 if hand == "right" else -1.0
        return rotation_from_yaw_pitch_roll(side * self.yaw_rad, self.pitch_rad, side * self.roll_rad)

    def free_angles(self) -> np.ndarray:
        """(5, 3) free angles of the relaxed fingers, from which the solver starts."""
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
    """Solves all fingers of one hand, vectorised over time. start: (5, 3) initial free angles.

    keeps_curl: the fingers, except the thumb, keep the curl of `start`, as stretched ones do. Their pads reach the x
    and the height of their targets; y follows from the turn of the knuckle, and the wrist has to bring it.
    """

    model: HandModel
    start: np.ndarray
    keeps_curl: bool = False

    def solve(self, rotations: np.ndarray, origins_m: np.ndarray, pads_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Wrist rotations (N, 3, 3) and origins (N, 3), target pads (N, 5, 3), sheet frame -> angles (N, 5, 4) and
        the distance of each pad from its target (N, 5), metres: rounding error, unless the target is out of the
        finger's reach. Then the pad comes as close as possible at the target's height.

        Levenberg-Marquardt with the analytic Jacobian of a point fixed to the skin. The pad moves over the skin as the
        finger turns, so convergence is linear, but fast: the pad is small compared with the finger.
        """
        free = np.tile(self.start, (len(pads_m), 1, 1))
        damping = np.full((len(pads_m), len(FINGERS)), _INITIAL_DAMPING)
        frames, pads = self._forward(rotations, origins_m, free)
        error = np.linalg.norm((pads_m - pads) * self._error_weights, axis=-1)
        for _ in range(_MAX_ITERATIONS):
            if error.max() < _TOLERANCE_M:
                break
            jacobian = self._jacobian(rotations, frames, pads) * self._error_weights[..., None]
            transposed = jacobian.swapaxes(-1, -2)
            normal = transposed @ jacobian + damping[..., None, None] * np.eye(3)
            step = np.linalg.solve(normal, transposed @ ((pads_m - pads) * self._error_weights)[..., None])[..., 0]
            trial = np.clip(free + np.clip(step, -_MAX_STEP_RAD, _MAX_STEP_RAD), *self._limits)
            trial_frames, trial_pads = self._forward(rotations, origins_m, trial)
            trial_error = np.linalg.norm((pads_m - trial_pads) * self._error_weights, axis=-1)
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
        return expand_angles(free), np.linalg.norm((pads_m - pads) * (self._error_weights > 0), axis=-1)

    def find_pads_m(self, wrist: RigidTransform) -> np.ndarray:
        """(5, 3) the pads of the fingers at `start`, sheet frame."""
        return self._forward(wrist.rotation[None], wrist.translation_m[None], self.start[None])[1][0]

    def solve_wrist_shift_m(self, wrist: RigidTransform, finger: int, pad_m: np.ndarray) -> np.ndarray:
        """(3,) metres: displacement of the wrist with which one finger's pad reaches a point, sheet frame.

        Minimises effort: joint angles away from `start` and wrist displacement both cost, height most.
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
            # The step of least |deviation + step| that brings the pad to the point.
            target = pad_m - pads[0, finger] + jacobian @ deviation
            step = np.linalg.pinv(jacobian) @ target - deviation
            free[finger] += np.clip(step[:3] / _REACH_ANGLE_COST, -_MAX_STEP_RAD, _MAX_STEP_RAD)
            free[finger] = np.clip(free[finger], *(limit[finger] for limit in self._limits))
            if self._is_free[finger, _CURL]:
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
        """(N, 5, P, 3) skin of the last segments; padding rows lie far above everything."""
        count = len(frames.rotations)
        stacked = np.concatenate([frames.rotations.swapaxes(-1, -2), frames.origins_m[..., None, :]], axis=-2)
        skin = self._skin_coefficients @ stacked.reshape(count, len(FINGERS), CHAIN_LENGTH * 4, 3)
        skin[..., 2] += self._padding_lift_m
        return skin

    def _jacobian(self, rotations: np.ndarray, frames: ChainFrames, pads: np.ndarray) -> np.ndarray:
        """(N, 5, 3, 3) d pad / d free angle; 0 for an angle that is kept."""
        levers = pads[:, :, None] - frames.origins_m[:, :, :3]
        flexed = np.cross(-frames.rotations[:, :, :3, :, 0], levers)  # flexion is a negative turn about x
        upright = (rotations[:, None] @ self.model.knuckle_rotations)[..., 1]
        sideways = np.cross(upright * self.model.abduction_sign, levers[:, :, 0])
        curled = flexed[:, :, 1] + DISTAL_COUPLING[:, None] * flexed[:, :, 2]
        return np.stack([flexed[:, :, 0], sideways, curled], axis=-1) * self._is_free[:, None]

    @cached_property
    def _is_free(self) -> np.ndarray:
        """(5, 3) bool: which angles the solver may change."""
        is_free = np.ones((len(FINGERS), 3), dtype=bool)
        is_free[1:, _CURL] = not self.keeps_curl
        return is_free

    @cached_property
    def _error_weights(self) -> np.ndarray:
        """(5, 3) weights of x, y and height of each finger's pad."""
        weights = np.tile(_ERROR_WEIGHTS, (len(FINGERS), 1))
        if self.keeps_curl:
            weights[1:, 1] = 0.0
        return weights

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
        """(5, P) 0 for skin, _PADDING_HEIGHT_M for padding rows."""
        max_count = self._skin_coefficients.shape[1]
        counts = np.array([len(indices) for indices in self.model.distal_vertices])
        return np.where(np.arange(max_count) < counts[:, None], 0.0, _PADDING_HEIGHT_M)


def place_wrist(model: HandModel, posture: Posture, home_m: np.ndarray, height_m: float) -> RigidTransform:
    """sheet_from_hand that holds the relaxed fingers (except the thumb) over their home points, in the mean.

    home_m: (4, 2) index to little, sheet frame. height_m: mean height of the pads.
    """
    rotation = posture.rotation(model.hand)
    relaxed = HandPose(RigidTransform(rotation, np.zeros(3)), expand_angles(posture.free_angles()))
    pads = model.fingertip_pads(relaxed)[1:]
    xy = (home_m - pads[:, :2]).mean(axis=0)
    return RigidTransform(rotation, np.array([*xy, height_m - pads[:, 2].mean()]))
