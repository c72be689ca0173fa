"""Inverse kinematics: joint values that place a finger's pad at a point, and the posture of waiting hands."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from other_generator.habits import Posture
from other_generator.hand import (
    DISTAL_COUPLING,
    MAX_ANGLES_RAD,
    MIN_ANGLES_RAD,
    Chain,
    HandModel,
    Pad,
    WristPose,
    rotation_from_yaw_pitch_roll,
)

# A pad within this distance has reached its target.
REACH_TOLERANCE_M = 1e-5
_CONVERGENCE_M = 1e-6
_MAX_STEP_RAD = 0.3
# Standard deviation of the fitted pads about their home positions, weighed against that of the joints about a relaxed
# hand.
_PAD_DEVIATION_M = 0.0008
# Standard deviations of a finger's three values in the fit.
_CURLED_BENDING_RAD, _STRETCHED_BENDING_RAD = np.radians([10, 30, 4]), np.radians([10, 8, 3])


def solve_finger(
    model: HandModel,
    finger: int,
    start_rad: np.ndarray,
    wrist: WristPose,
    target_m: np.ndarray,
    relaxed_rad: np.ndarray,
    steps: int = 12,
) -> tuple[np.ndarray, np.ndarray]:
    """Joint values (3,) within their limits, and the residual to the target, (3,) metres.

    target_m: (3,) in the sheet frame, x and y of the pad's middle, z of its lowest point. The search starts from
    start_rad; if it fails, from the relaxed finger and two variations of it.
    """
    best = _descend(model, finger, start_rad, wrist, target_m, steps)
    for variation_rad in ([0, 0, 0], [0, -0.3, 0.5], [0, 0.3, -0.3]):
        if np.abs(best[1]).max() <= REACH_TOLERANCE_M:
            break
        candidate = _descend(model, finger, relaxed_rad + variation_rad, wrist, target_m, 2 * steps)
        best = min(best, candidate, key=lambda solution: np.linalg.norm(solution[1]))
    return best


def _descend(
    model: HandModel, finger: int, start_rad: np.ndarray, wrist: WristPose, target_m: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Damped least squares (Wampler 1986) with joint limits."""
    values_rad = start_rad
    for _ in range(steps):
        chain = model.bend(finger, values_rad)
        pad = model.pad(finger, chain, wrist)
        residual_m = _compute_residual_m(pad, target_m)
        if np.abs(residual_m).max() < _CONVERGENCE_M:
            return values_rad, residual_m
        step_rad = _compute_step(_jacobian(finger, chain, pad, wrist), residual_m, values_rad, finger)
        step_rad = np.clip(step_rad, -_MAX_STEP_RAD, _MAX_STEP_RAD)
        values_rad = np.clip(values_rad + step_rad, MIN_ANGLES_RAD[finger], MAX_ANGLES_RAD[finger])
    return values_rad, _compute_residual_m(model.pad(finger, model.bend(finger, values_rad), wrist), target_m)


def _compute_residual_m(pad: Pad, target_m: np.ndarray) -> np.ndarray:
    return target_m - np.array([pad.center_m[0], pad.center_m[1], pad.lowest_point_m[2]])


def _jacobian(finger: int, chain: Chain, pad: Pad, wrist: WristPose) -> np.ndarray:
    """(3, 3) metres per radian: derivative of the pad's x, y and height by the finger's three values."""
    jacobian = np.zeros((3, 3))
    # The second flexion also turns the last joint.
    for index, (value, factor) in enumerate(((0, 1.0), (1, 1.0), (2, 1.0), (2, DISTAL_COUPLING[finger]))):
        axis = wrist.rotation @ chain.axes[index]
        origin_m = wrist.rotation @ chain.origins_m[index] + wrist.position_m
        jacobian[:2, value] += factor * np.cross(axis, pad.center_m - origin_m)[:2]
        jacobian[2, value] += factor * np.cross(axis, pad.lowest_point_m - origin_m)[2]
    return jacobian


def _compute_step(jacobian: np.ndarray, residual_m: np.ndarray, values_rad: np.ndarray, finger: int) -> np.ndarray:
    damping = min(0.004, 0.5 * np.linalg.norm(residual_m))
    step_rad = _solve_damped(jacobian, residual_m, damping * damping)
    at_min = values_rad <= MIN_ANGLES_RAD[finger] + 1e-9
    at_max = values_rad >= MAX_ANGLES_RAD[finger] - 1e-9
    at_limit = (at_min & (step_rad < 0)) | (at_max & (step_rad > 0))
    if not at_limit.any():
        return step_rad
    # Joints at their limit stay there; the step is solved for the other joints.
    return _solve_damped(np.where(at_limit, 0.0, jacobian), residual_m, max(damping, 1e-4) ** 2)


def _solve_damped(jacobian: np.ndarray, residual_m: np.ndarray, damping: float) -> np.ndarray:
    return jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + damping * np.eye(3), residual_m)


def fit_posture(
    model: HandModel, homes_m: np.ndarray, posture: Posture, random: np.random.Generator
) -> tuple[WristPose, np.ndarray]:
    """Wrist and joint values (5, 3) that place the pads on their home keys, near a relaxed hand drawn at random.

    homes_m: (5, 2) in the sheet frame.
    """
    if posture == "curled":
        relaxed, bending_rad = _sample_curled(model, homes_m, random), _CURLED_BENDING_RAD
    else:
        relaxed, bending_rad = _sample_stretched(model, homes_m, random), _STRETCHED_BENDING_RAD
    deviations = np.concatenate([[0.5, 0.5, 0.004], np.radians([6, 2.5, 4]), np.tile(bending_rad, 5)])
    deviations[6:9] = np.radians([25, 25, 20])

    def residual(unknowns: np.ndarray) -> np.ndarray:
        wrist, values_rad = _unpack(unknowns)
        # x and y of the wrist are free.
        parts = [(unknowns - relaxed)[2:] / deviations[2:]]
        for finger, home_m in enumerate(homes_m):
            pad = model.pad(finger, model.bend(finger, values_rad[finger]), wrist)
            parts.append(-_compute_residual_m(pad, np.array([*home_m, 0.0])) / _PAD_DEVIATION_M)
        return np.concatenate(parts)

    return _unpack(least_squares(residual, relaxed, max_nfev=60).x)


def _sample_curled(model: HandModel, homes_m: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(21,) start of the fit: the wrist's position, its three angles, the fingers' values."""
    sign = 1 if model.hand == "left" else -1
    yaw_rad = -sign * np.radians(random.uniform(8, 18))
    pitch_rad = np.radians(random.uniform(-1, 5))
    roll_rad = -sign * np.radians(random.uniform(4, 10))
    first_rad = np.radians(random.uniform(14, 22))
    # Unused; without this draw all later ones, and so the recordings, would change.
    random.uniform(26, 36)
    values_rad = np.zeros((5, 3))
    values_rad[:, 1] = first_rad
    values_rad[:, 2] = np.radians(np.array([8, 32, 38, 36, 30]) + random.normal(0, 3, 5))
    values_rad[0, 1] = 0.1
    wrist_m = [homes_m[1:, 0].mean(), -0.105, random.uniform(0.034, 0.040)]
    return np.concatenate([wrist_m, [yaw_rad, pitch_rad, roll_rad], values_rad.ravel()])


def _sample_stretched(model: HandModel, homes_m: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """As `_sample_curled`, of a flat hand whose fingers slope down to the desk."""
    sign = 1 if model.hand == "left" else -1
    yaw_rad = -sign * np.radians(random.uniform(4, 12))
    pitch_rad = np.radians(random.uniform(-4, 1))
    roll_rad = -sign * np.radians(random.uniform(2, 7))
    values_rad = np.zeros((5, 3))
    values_rad[:, 1] = np.radians(random.uniform(7, 12))
    values_rad[:, 2] = np.radians(np.array([4, 10, 14, 12, 8]) + random.normal(0, 2, 5))
    values_rad[0, 1] = 0
    # A hand's length from its wrist, less the pads' distance from the fingers' ends.
    wrist_m = [homes_m[1:, 0].mean(), homes_m[1:, 1].mean() - 0.9 * model.length_m, random.uniform(0.026, 0.032)]
    return np.concatenate([wrist_m, [yaw_rad, pitch_rad, roll_rad], values_rad.ravel()])


def _unpack(unknowns: np.ndarray) -> tuple[WristPose, np.ndarray]:
    return WristPose(rotation_from_yaw_pitch_roll(*unknowns[3:6]), unknowns[:3]), unknowns[6:].reshape(5, 3)
