"""The pose of the sheet: from its ArUco markers, from four corners given by a user, or from a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

import cv2
import numpy as np

from fingertip_contact.advice import MIRRORED, Advice
from fingertip_contact.datatypes import Frame, PlacedSheet
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.markers import MarkerDetector

# Corners are averaged over this time before the pose is held: ten frames at 30 Hz.
CALIBRATION_S = 1 / 3
# Detecting markers costs milliseconds and the sheet rarely moves: detect twice per second, and accept a new pose that
# two detections agree on.
REDETECT_PERIOD_S = 0.5
# The frame period is the median of this many intervals, which ignores lost frames.
FRAME_INTERVALS = 9
MOVE_THRESHOLD_M = 0.002
# One marker alone leaves its rotation too uncertain for keys 15 cm away.
MIN_MARKERS = 2
# Markers that enclose less than this part of the area that all of them enclose give keys, but no plane: it is off by up
# to 14 mm and 4 degrees with two or three neighbours, by 0.4 mm and 0.1 degrees with all eight of a keyboard.
MIN_ENCLOSED_RATIO = 1 / 3
QUARTER_TURNS = range(4)
# IPPE finds the better of the two poses that a small sheet allows, but loses a rotation by exactly half a turn, as of a
# sheet seen straight from above (findings/opencv_ippe_half_turn.sh); the other one does not.
_METHODS = (cv2.SOLVEPNP_IPPE, cv2.SOLVEPNP_ITERATIVE)
# Four corners given by a user that fit worse are not the sheet's, or are in another order.
MAX_CORNER_ERROR_PX = 3.0
_S_TO_NS = 1_000_000_000


@dataclass(frozen=True)
class SheetPose:
    """residual_px: RMS distance of the points from their projections."""

    camera_from_sheet: RigidTransform
    residual_px: float


class _FrameTimer:
    """Measures durations by the stamps of frames. A duration ends with the frame nearest to its end, so that jitter of
    the stamps does not change the number of frames."""

    def __init__(self) -> None:
        self._start_ns: int | None = None
        self._last_ns: int | None = None
        self._intervals_ns: deque[int] = deque(maxlen=FRAME_INTERVALS)

    def restart(self) -> None:
        """The next frame is the first of a new duration."""
        self._start_ns = None

    def has_elapsed(self, stamp_ns: int, duration_s: float) -> bool:
        """Whether the frames since the restart, this one included, cover the duration. Call it once per frame.

        A stamp that runs backwards restarts the duration.
        """
        if self._last_ns is not None:
            if stamp_ns < self._last_ns:
                self.restart()
            else:
                self._intervals_ns.append(stamp_ns - self._last_ns)
        self._last_ns = stamp_ns
        if self._start_ns is None:
            self._start_ns = stamp_ns
        frame_ns = median(self._intervals_ns) if self._intervals_ns else 0
        covered_ns = stamp_ns - self._start_ns + frame_ns
        return covered_ns + frame_ns / 2 >= duration_s * _S_TO_NS


class SheetPoseTracker:
    """Tracks the pose of the sheet: holds it while hands hide markers, and estimates it again after the sheet moved.

    advice: why the sheet is not found, where that is known.
    """

    def __init__(
        self, layout: Layout, corners_px: np.ndarray | None = None, saved_pose: RigidTransform | None = None
    ) -> None:
        """corners_px: (4, 2) the sheet's corners in the image, for sheets without markers; top left, top right, bottom
        right, bottom left as the typist reads the sheet. saved_pose: camera_from_sheet to begin with; if the layout has
        markers, they correct it after the sheet has moved.

        Raises ValueError for corners of another shape.
        """
        if corners_px is not None and np.shape(corners_px) != (4, 2):
            raise ValueError(f"corners_px has the shape {np.shape(corners_px)}; four pixels, (4, 2), are needed")
        self._layout = layout
        self._corners_px = None if corners_px is None else np.asarray(corners_px, dtype=np.float64)
        self._saved_pose = saved_pose
        self._detector = MarkerDetector(layout.dictionary)
        self._marker_corners_m = {marker.marker_id: marker.corners_m for marker in layout.markers}
        self._camera: Camera | None = None
        self._pose: RigidTransform | None = None
        self._timer = _FrameTimer()
        self._mirror_timer = _FrameTimer()
        self.advice: Advice | None = None
        self._reset()

    def update(self, frame: Frame) -> RigidTransform | None:
        """camera_from_sheet, with the sheet's z towards the camera; None until it is found."""
        if frame.camera != self._camera:
            self._camera = frame.camera
            self._timer = _FrameTimer()
            self._reset()
            self._pose = self._saved_pose
        if self._corners_px is not None:
            self._pose = self._pose or self._solve_from_corners(frame.camera)
        elif not self._has_saved_pose() and not self._is_calibrated:
            detected = self._detect(frame)
            self._look_for_mirrored(detected, frame)
            self._calibrate(detected, frame)
        else:
            self._monitor(frame)
        return self._pose

    @property
    def placed_sheet(self) -> PlacedSheet | None:
        """The sheet as of the last frame, with how certain its pose is; None until it is found.

        A saved pose, or one of few markers, is certain once enough markers have been seen within MOVE_THRESHOLD_M of
        it, which is less than what depth is off; corners given by a user never are.
        """
        return None if self._pose is None else PlacedSheet(self._pose, self._layout.sheet_size_m, self._seen_ns)

    def _reset(self) -> None:
        self._sums_px: dict[int, np.ndarray] = {}
        self._counts: dict[int, int] = {}
        self._is_calibrated = False
        self._seen_ns: int | None = None
        self._timer.restart()
        self._moved_pose: RigidTransform | None = None
        self._pose = None

    def _has_saved_pose(self) -> bool:
        return self._pose is not None and self._pose is self._saved_pose

    def _solve_from_corners(self, camera: Camera) -> RigidTransform | None:
        assert self._corners_px is not None
        pose = solve_pose(self._layout.sheet_corners_m, self._corners_px, camera)
        return pose.camera_from_sheet if pose else None

    def _detect(self, frame: Frame) -> dict[int, np.ndarray]:
        detected = self._detector.detect(cv2.cvtColor(frame.color_bgr, cv2.COLOR_BGR2GRAY))
        return {marker_id: quad for marker_id, quad in detected.items() if marker_id in self._marker_corners_m}

    def _look_for_mirrored(self, detected: dict[int, np.ndarray], frame: Frame) -> None:
        """Twice a second, while no marker is found."""
        if detected:
            self.advice = None
        elif self._mirror_timer.has_elapsed(frame.stamp_ns, REDETECT_PERIOD_S):
            self._mirror_timer.restart()
            flipped = replace(frame, color_bgr=np.ascontiguousarray(frame.color_bgr[:, ::-1]))
            self.advice = MIRRORED if len(self._detect(flipped)) >= MIN_MARKERS else None

    def _calibrate(self, detected: dict[int, np.ndarray], frame: Frame) -> None:
        for marker_id, quad in detected.items():
            self._sums_px[marker_id] = self._sums_px.get(marker_id, 0.0) + quad
            self._counts[marker_id] = self._counts.get(marker_id, 0) + 1
        if len(self._sums_px) < MIN_MARKERS:
            return
        self._is_calibrated = self._timer.has_elapsed(frame.stamp_ns, CALIBRATION_S)
        if self._is_calibrated:
            self._timer.restart()
        # A marker that hands uncovered for a single frame is less exact than the ones seen all the time.
        frequent = [marker_id for marker_id, count in self._counts.items() if 2 * count >= max(self._counts.values())]
        if len(frequent) < MIN_MARKERS:
            frequent = list(self._counts)
        self._seen_ns = frame.stamp_ns if self._enclose_enough(frequent) else None
        self._pose = self._solve(
            {marker_id: self._sums_px[marker_id] / self._counts[marker_id] for marker_id in frequent}, frame.camera
        )

    def _monitor(self, frame: Frame) -> None:
        if not self._timer.has_elapsed(frame.stamp_ns, REDETECT_PERIOD_S) or self._pose is None:
            return
        self._timer.restart()
        detected = self._detect(frame)
        if detected and not self._enclose_enough(detected) and self._are_in_place(detected, frame.camera):
            # Their own pose would be too uncertain to tell whether the sheet has moved.
            self._moved_pose = None
            self._seen_ns = None if self._seen_ns is None else frame.stamp_ns
            return
        pose = self._solve(detected, frame.camera) if len(detected) >= MIN_MARKERS else None
        if pose is None:
            self._moved_pose = None
        elif self._distance_m(pose, self._pose) <= MOVE_THRESHOLD_M:
            self._moved_pose = None
            if self._enclose_enough(detected):
                self._seen_ns = frame.stamp_ns
        elif self._moved_pose is None or self._distance_m(pose, self._moved_pose) > MOVE_THRESHOLD_M:
            self._moved_pose = pose
        else:
            self._reset()
            self._calibrate(detected, frame)

    def _solve(self, pixels: dict[int, np.ndarray], camera: Camera) -> RigidTransform | None:
        """Markers may be printed upright, sideways or upside down, all alike: the best-fitting turn is used."""
        points_m = np.concatenate([self._marker_corners_m[marker_id] for marker_id in pixels])
        rotated = (
            np.concatenate([np.roll(quad, quarter_turns, axis=0) for quad in pixels.values()])
            for quarter_turns in QUARTER_TURNS
        )
        solved = (solve_pose(points_m, pixels_px, camera) for pixels_px in rotated)
        best = min(filter(None, solved), key=lambda pose: pose.residual_px, default=None)
        return best.camera_from_sheet if best else None

    def _enclose_enough(self, marker_ids: Iterable[int]) -> bool:
        """Whether these markers enclose enough of the sheet to give its plane."""
        enclosed_m2, whole_m2 = (
            cv2.contourArea(
                cv2.convexHull(
                    np.array([self._marker_corners_m[number].mean(axis=0) for number in numbers], np.float32)
                )
            )
            for numbers in (marker_ids, self._marker_corners_m)
        )
        return enclosed_m2 > MIN_ENCLOSED_RATIO * whole_m2

    def _are_in_place(self, detected: dict[int, np.ndarray], camera: Camera) -> bool:
        """Whether the centres of markers are seen where the pose says, along the sheet."""
        assert self._pose is not None
        plane = PlacedSheet(self._pose, self._layout.sheet_size_m, None).plane
        seen_px = np.array([quad.mean(axis=0) for quad in detected.values()])
        seen_m = self._pose.inverse.apply(plane.intersect(camera.rays(seen_px)))[:, :2]
        expected_m = np.array([self._marker_corners_m[marker_id].mean(axis=0) for marker_id in detected])
        return bool(np.median(np.linalg.norm(seen_m - expected_m, axis=1)) <= MOVE_THRESHOLD_M)

    def _distance_m(self, pose: RigidTransform, other: RigidTransform) -> float:
        """The median distance between the sheet's centre and corners under two poses."""
        points_m = _append_zero_z(np.vstack([self._layout.sheet_corners_m, [0.0, 0.0]]))
        return float(np.median(np.linalg.norm(pose.apply(points_m) - other.apply(points_m), axis=1)))


def solve_pose_from_corners(size_m: tuple[float, float], corners_px: np.ndarray, camera: Camera) -> SheetPose:
    """The pose from the four corners of a sheet or paper of this size, centred on the layout, as a user marked them.

    corners_px: (4, 2) top left, top right, bottom right, bottom left as the typist reads the sheet. Raises ValueError
    if they are not the corners of a flat sheet seen from above.
    """
    if np.shape(corners_px) != (4, 2) or not np.all(np.isfinite(corners_px)):
        raise ValueError(f"the corners have the shape {np.shape(corners_px)}; four pixels, (4, 2), are needed")
    signs = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]])
    pose = solve_pose(signs * np.array(size_m) / 2, np.asarray(corners_px, dtype=np.float64), camera)
    remedy = "give them as top left, top right, bottom right, bottom left as the typist reads the sheet"
    if pose is None:
        raise ValueError(
            f"the corners {np.asarray(corners_px).tolist()} are not those of a sheet seen from above; {remedy}"
        )
    if pose.residual_px > MAX_CORNER_ERROR_PX:
        width_mm, height_mm = (1000 * side for side in size_m)
        raise ValueError(
            f"the corners {np.asarray(corners_px).tolist()} miss those of a sheet of {width_mm:g} x {height_mm:g} mm "
            f"by {pose.residual_px:.1f} px; {remedy}, or name the paper (--paper)"
        )
    return pose


def solve_pose(points_m: np.ndarray, pixels: np.ndarray, camera: Camera) -> SheetPose | None:
    """The pose from points (N, 2) of the sheet and their pixels (N, 2); None if they do not fit.

    From the perspective alone: on rendered recordings this places keys within 0.1 to 0.3 mm; laying the sheet on the
    surface measured by depth, within 0.1 to 0.5 mm. A sheet seen from below is not a solution.
    """
    solved = (_solve_pose(points_m, pixels, camera, method) for method in _METHODS)
    return min(filter(None, solved), key=lambda pose: pose.residual_px, default=None)


def _solve_pose(points_m: np.ndarray, pixels: np.ndarray, camera: Camera, method: int) -> SheetPose | None:
    rays = np.ascontiguousarray(camera.rays(pixels)[:, :2])
    points = _append_zero_z(points_m)
    solved, rotation, translation = cv2.solvePnP(points, rays, np.eye(3), None, flags=method)
    if not solved:
        return None
    rotation, translation = cv2.solvePnPRefineLM(points, rays, np.eye(3), None, rotation, translation)
    pose = RigidTransform(cv2.Rodrigues(rotation)[0], translation.reshape(3))
    points_camera_m = pose.apply(points)
    if not np.all(points_camera_m[:, 2] > 0) or pose.rotation[:, 2] @ pose.translation_m >= 0:
        return None
    residual_px = float(np.sqrt(np.mean(np.sum(np.square(camera.project(points_camera_m) - pixels), axis=1))))
    return SheetPose(pose, residual_px)


def _append_zero_z(points_m: np.ndarray) -> np.ndarray:
    """(N, 2) -> (N, 3) with z = 0."""
    return np.column_stack([points_m, np.zeros(len(points_m))])
