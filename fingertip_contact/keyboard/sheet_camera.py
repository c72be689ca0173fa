"""Estimates a camera from views of the sheet.

The perspective of one oblique view of a plane gives the focal length (Zhang, A Flexible New Technique for Camera
Calibration, 2000) if the rest of the camera is known. It is known roughly: square pixels, the optical axis near the
middle, a little distortion. The estimate is the most likely camera under these assumptions and the corners seen; its
uncertainty contains theirs. Several views from different sides outweigh the assumptions: that is a calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.cameras.intrinsics import guess_camera
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.sheet_views import SheetView

# Standard deviations of cameras of this kind. Focal lengths: fields of view of 42 to 81 degrees. A D405 has an axis
# 4 px beside the middle, k1 = -0.05 and k2 = 0.06; wide lenses have k1 of -0.3.
LOG_FOCAL_SIGMA = 0.4
CENTER_SIGMA_RATIO = 0.015
K1_SIGMA, K2_SIGMA = 0.15, 0.15
# Pixels are square but for 0.3 % in a D405, which matters where the sheet is seen frontally.
LOG_ASPECT_SIGMA = 0.002
# Blur draws the corners of a marker inwards, halving their angle: by 0.6 px on rendered images.
INSET_PX, INSET_SIGMA_PX = 0.4, 0.4
# Of a corner: the detector's, on paper that is not quite flat.
CORNER_SIGMA_PX = 0.2
# Focal lengths to start from, relative to the guessed one.
_STARTS = (0.7, 1.0, 1.6)
# log focal length (of the mean of fx and fy), log (fx / fy), optical centre (2), k1, k2, inset.
_SHARED = 7
_ITERATIONS = 30
_CONVERGED = 1e-6


@dataclass(frozen=True)
class SheetCamera:
    """An estimate. focal_uncertainty: standard deviation of the focal length, relative to it. rms_px: distance of the
    corners from where the estimate sees them, without their common inset; view_rms_px: (V,) the same in each view.
    normals: (V, 3) of the sheet in each view, optical frame."""

    camera: Camera
    focal_uncertainty: float
    rms_px: float
    normals: np.ndarray
    view_rms_px: np.ndarray

    @property
    def view_count(self) -> int:
        return len(self.normals)


def estimate_camera(views: Sequence[SheetView], width: int, height: int) -> SheetCamera | None:
    """The most likely camera of some views in images of this size; None if no camera explains them."""
    if not views:
        return None
    solver = _Solver(views, guess_camera(width, height).camera)
    solutions = filter(None, map(solver.solve, _STARTS))
    best = min(solutions, key=lambda solution: solution.cost, default=None)
    return None if best is None else solver.make_estimate(best)


@dataclass(frozen=True)
class _Solution:
    """state: (P,). residuals: (R,) and jacobian: (R, P) there."""

    state: np.ndarray
    residuals: np.ndarray
    jacobian: np.ndarray

    @property
    def cost(self) -> float:
        return float(self.residuals @ self.residuals)


class _Solver:
    """Levenberg-Marquardt over what all views share (see _SHARED) and the pose (6) of each.

    Residuals are in standard deviations: of the corners first, then of the assumptions about the camera.
    """

    def __init__(self, views: Sequence[SheetView], guess: Camera) -> None:
        self._guess = guess
        self._points = [np.column_stack([view.points_m, np.zeros(len(view.points_m))]) for view in views]
        self._pixels = [view.pixels for view in views]
        self._inward = [_find_inward(view.pixels) for view in views]
        self._prior = np.array([np.log(guess.fx), 0.0, guess.cx, guess.cy, 0.0, 0.0, INSET_PX])
        center_sigma_px = CENTER_SIGMA_RATIO * guess.width
        self._prior_sigma = np.array(
            [LOG_FOCAL_SIGMA, LOG_ASPECT_SIGMA, center_sigma_px, center_sigma_px, K1_SIGMA, K2_SIGMA, INSET_SIGMA_PX]
        )

    def solve(self, start: float) -> _Solution | None:
        """From a focal length, relative to the guessed one; None if that sees no such sheet."""
        state = self._make_start(start * self._guess.fx)
        if state is None:
            return None
        best, damping = self._linearize(state), 1e-3
        for _ in range(_ITERATIONS):
            normal = best.jacobian.T @ best.jacobian
            damped = normal + damping * np.diag(np.diag(normal))
            solution = self._linearize(best.state - np.linalg.solve(damped, best.jacobian.T @ best.residuals))
            if not solution.cost < best.cost:
                damping *= 10
                continue
            has_converged = solution.cost > (1 - _CONVERGED) * best.cost
            best, damping = solution, max(damping / 10, 1e-9)
            if has_converged:
                break
        return best

    def _make_start(self, focal_px: float) -> np.ndarray | None:
        state = [np.log(focal_px), *self._prior[1:]]
        matrix = _make_matrix(state)
        for points, pixels in zip(self._points, self._pixels, strict=True):
            solved, rotation, translation = cv2.solvePnP(points, pixels, matrix, None, flags=cv2.SOLVEPNP_IPPE)
            if not solved:
                return None
            state += [*rotation.ravel(), *translation.ravel()]
        return np.array(state)

    def _linearize(self, state: np.ndarray) -> _Solution:
        corner_count = sum(map(len, self._pixels))
        residuals = np.empty(2 * corner_count + _SHARED)
        jacobian = np.zeros((len(residuals), len(state)))
        matrix, distortion = _make_matrix(state), np.array([state[4], state[5], 0.0, 0.0, 0.0])
        row = 0
        for index, (points, pixels, inward) in enumerate(zip(self._points, self._pixels, self._inward, strict=True)):
            column = _SHARED + 6 * index
            pose = state[column : column + 6]
            # The columns of its derivatives: rotation, translation, fx, fy, cx, cy, k1, k2, ...
            projected, derivatives = cv2.projectPoints(points, pose[:3], pose[3:], matrix, distortion)
            rows = slice(row, row + 2 * len(points))
            residuals[rows] = (projected.reshape(-1, 2) + state[6] * inward - pixels).ravel()
            by_log_fx, by_log_fy = derivatives[:, 6] * matrix[0, 0], derivatives[:, 7] * matrix[1, 1]
            jacobian[rows, 0] = by_log_fx + by_log_fy
            jacobian[rows, 1] = (by_log_fx - by_log_fy) / 2
            jacobian[rows, 2:6] = derivatives[:, 8:12]
            jacobian[rows, 6] = inward.ravel()
            jacobian[rows, column : column + 6] = derivatives[:, :6]
            row = rows.stop
        residuals[:row] /= CORNER_SIGMA_PX
        jacobian[:row] /= CORNER_SIGMA_PX
        residuals[row:] = (state[:_SHARED] - self._prior) / self._prior_sigma
        jacobian[row:, :_SHARED] = np.diag(1 / self._prior_sigma)
        return _Solution(state, residuals, jacobian)

    def make_estimate(self, solution: _Solution) -> SheetCamera:
        """What a solution says of the camera and the views."""
        state = solution.state
        matrix = _make_matrix(state)
        camera = Camera(
            fx=float(matrix[0, 0]),
            fy=float(matrix[1, 1]),
            cx=float(matrix[0, 2]),
            cy=float(matrix[1, 2]),
            width=self._guess.width,
            height=self._guess.height,
            distortion=(float(state[4]), float(state[5]), 0.0, 0.0, 0.0),
        )
        corners = solution.residuals[:-_SHARED]
        # Corners that fit worse than assumed are less certain, all of them alike.
        scale = max(1.0, float(corners @ corners) / len(corners))
        covariance = np.linalg.pinv(solution.jacobian.T @ solution.jacobian)
        squares = np.square(CORNER_SIGMA_PX * corners).reshape(-1, 2).sum(axis=1)
        ends = np.cumsum([len(pixels) for pixels in self._pixels])[:-1]
        rotations = [cv2.Rodrigues(pose[:3])[0] for pose in state[_SHARED:].reshape(-1, 6)]
        return SheetCamera(
            camera=camera,
            focal_uncertainty=float(np.sqrt(scale * covariance[0, 0])),
            rms_px=float(np.sqrt(squares.mean())),
            normals=np.array([rotation[:, 2] for rotation in rotations]),
            view_rms_px=np.array([np.sqrt(part.mean()) for part in np.split(squares, ends)]),
        )


def _find_inward(pixels: np.ndarray) -> np.ndarray:
    """(N, 2) directions of length 1 that halve the angle of each corner; N / 4 markers."""
    quads = pixels.reshape(-1, 4, 2)
    to_next, to_previous = (_normalize(np.roll(quads, turn, axis=1) - quads) for turn in (-1, 1))
    return _normalize(to_next + to_previous).reshape(-1, 2)


def _normalize(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def _make_matrix(state: Sequence[float] | np.ndarray) -> np.ndarray:
    fx_px, fy_px = np.exp(state[0] + state[1] / 2), np.exp(state[0] - state[1] / 2)
    return np.array([[fx_px, 0.0, state[2]], [0.0, fy_px, state[3]], [0.0, 0.0, 1.0]])
