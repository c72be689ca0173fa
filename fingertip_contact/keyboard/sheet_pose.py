"""Where the sheet lies: from its ArUco markers, from four corners that a user gave, or as it was saved before."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.markers import MarkerDetector

# Corners are averaged over that many pictures before the pose is held.
CALIBRATION_FRAMES = 10
# A look takes some milliseconds, and a sheet seldom moves: look twice a second, and believe two looks that agree.
REDETECT_INTERVAL_FRAMES = 15
MOVE_THRESHOLD_M = 0.002
# One marker alone leaves its rotation too uncertain for keys 15 cm away.
MIN_MARKERS = 2
QUARTER_TURNS = range(4)
# Four corners given by hand that fit worse are not the sheet's, or in another order.
MAX_CORNER_ERROR_PX = 3.0


@dataclass(frozen=True)
class SheetPose:
    """residual_px: RMS distance of the points from where the pose puts them."""

    camera_from_sheet: RigidTransform
    residual_px: float


class SheetPoseTracker:
    """Follows the pose of the sheet. It is held while hands hide markers, and found anew when the sheet has moved."""

    def __init__(
        self, layout: Layout, corners_px: np.ndarray | None = None, saved_pose: RigidTransform | None = None
    ) -> None:
        """corners_px: (4, 2) where the sheet's corners are in the picture, for sheets without markers; top left, top
        right, bottom right, bottom left as the typist reads the sheet. saved_pose: camera_from_sheet to begin with;
        where the layout has markers, they still tell when the sheet has moved.

        Raises ValueError for corners of another shape.
        """
        if corners_px is not None and np.shape(corners_px) != (4, 2):
            raise ValueError(f"corners_px has the shape {np.shape(corners_px)}; it has to be four pixels, (4, 2)")
        self._layout = layout
        self._corners_px = None if corners_px is None else np.asarray(corners_px, dtype=np.float64)
        self._saved_pose = saved_pose
        self._detector = MarkerDetector(layout.dictionary)
        self._marker_corners_m = {marker.marker_id: marker.corners_m for marker in layout.markers}
        self._camera: Camera | None = None
        self._pose: RigidTransform | None = None
        self._reset()

    def update(self, frame: Frame) -> RigidTransform | None:
        """camera_from_sheet, with the sheet's z towards the camera; None until it is found."""
        if frame.camera != self._camera:
            self._camera = frame.camera
            self._reset()
            self._pose = self._saved_pose
        if self._corners_px is not None:
            self._pose = self._pose or self._solve_from_corners(frame.camera)
        elif not self._has_saved_pose() and self._calibration_frames < CALIBRATION_FRAMES:
            self._calibrate(self._detect(frame), frame.camera)
        else:
            self._monitor(frame)
        return self._pose

    def _reset(self) -> None:
        self._sums_px: dict[int, np.ndarray] = {}
        self._counts: dict[int, int] = {}
        self._calibration_frames = 0
        self._frames_since_detection = 0
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

    def _calibrate(self, detected: dict[int, np.ndarray], camera: Camera) -> None:
        for marker_id, quad in detected.items():
            self._sums_px[marker_id] = self._sums_px.get(marker_id, 0.0) + quad
            self._counts[marker_id] = self._counts.get(marker_id, 0) + 1
        if len(self._sums_px) < MIN_MARKERS:
            return
        self._calibration_frames += 1
        # A marker that hands uncovered for a single picture is less exact than the ones seen all the time.
        frequent = [marker_id for marker_id, count in self._counts.items() if 2 * count >= max(self._counts.values())]
        if len(frequent) < MIN_MARKERS:
            frequent = list(self._counts)
        self._pose = self._solve(
            {marker_id: self._sums_px[marker_id] / self._counts[marker_id] for marker_id in frequent}, camera
        )

    def _monitor(self, frame: Frame) -> None:
        self._frames_since_detection += 1
        if self._frames_since_detection < REDETECT_INTERVAL_FRAMES or self._pose is None:
            return
        self._frames_since_detection = 0
        detected = self._detect(frame)
        pose = self._solve(detected, frame.camera) if len(detected) >= MIN_MARKERS else None
        if pose is None or self._distance_m(pose, self._pose) <= MOVE_THRESHOLD_M:
            self._moved_pose = None
        elif self._moved_pose is None or self._distance_m(pose, self._moved_pose) > MOVE_THRESHOLD_M:
            self._moved_pose = pose
        else:
            self._reset()
            self._calibrate(detected, frame.camera)

    def _solve(self, pixels: dict[int, np.ndarray], camera: Camera) -> RigidTransform | None:
        """Markers may be printed upright, sideways or upside down, all alike: the turn that fits best is theirs."""
        points_m = np.concatenate([self._marker_corners_m[marker_id] for marker_id in pixels])
        rotated = (
            np.concatenate([np.roll(quad, quarter_turns, axis=0) for quad in pixels.values()])
            for quarter_turns in QUARTER_TURNS
        )
        solved = (solve_pose(points_m, pixels_px, camera) for pixels_px in rotated)
        best = min(filter(None, solved), key=lambda pose: pose.residual_px, default=None)
        return best.camera_from_sheet if best else None

    def _distance_m(self, pose: RigidTransform, other: RigidTransform) -> float:
        """How far apart two poses put the sheet's centre and corners, median."""
        points_m = _append_zero_z(np.vstack([self._layout.sheet_corners_m, [0.0, 0.0]]))
        return float(np.median(np.linalg.norm(pose.apply(points_m) - other.apply(points_m), axis=1)))


def solve_pose_from_corners(size_m: tuple[float, float], corners_px: np.ndarray, camera: Camera) -> SheetPose:
    """The pose from where a person saw the four corners of a sheet or paper of that size, centred on the layout.

    corners_px: (4, 2) top left, top right, bottom right, bottom left as the typist reads the sheet. Raises ValueError
    where they are not those of a flat sheet seen from above.
    """
    if np.shape(corners_px) != (4, 2) or not np.all(np.isfinite(corners_px)):
        raise ValueError(f"the corners have the shape {np.shape(corners_px)}; they have to be four pixels, (4, 2)")
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
            f"by {pose.residual_px:.1f} px; {remedy}, or say what paper it is"
        )
    return pose


def solve_pose(points_m: np.ndarray, pixels: np.ndarray, camera: Camera) -> SheetPose | None:
    """The pose from points (N, 2) of the sheet and where they are seen (N, 2); None where they do not fit.

    From the perspective alone: on rendered recordings that puts keys within 0.1 to 0.3 mm, laying the sheet on the
    surface measured by depth within 0.1 to 0.5 mm. A sheet seen from below is no solution.
    """
    rays = np.ascontiguousarray(camera.rays(pixels)[:, :2])
    points = _append_zero_z(points_m)
    solved, rotation, translation = cv2.solvePnP(points, rays, np.eye(3), None, flags=cv2.SOLVEPNP_IPPE)
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
