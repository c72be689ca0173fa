"""Where the sheet lies: from its ArUco markers, or from the four corners that a user gave."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.frames import Frame, Hand, Surface
from fingertip_contact.geometry import Camera, Plane, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.markers import MarkerDetector

# Corners are averaged over that many pictures before the pose is held.
CALIBRATION_PICTURES = 10
# A look takes some milliseconds, and a sheet seldom moves: look twice a second.
WATCH_EVERY = 15
MOVED_M = 0.002
# One marker alone leaves its rotation too uncertain for keys 15 cm away.
FEWEST_MARKERS = 2


class SheetTracker:
    """Follows the pose of the sheet. It is held while hands hide markers, and found anew when the sheet has moved."""

    def __init__(self, layout: Layout, corners_px: np.ndarray | None = None) -> None:
        """corners_px: (4, 2) where the sheet's corners are in the picture, for sheets without markers; top left, top
        right, bottom right, bottom left as the typist reads the sheet. Raises ValueError for another shape."""
        if corners_px is not None and np.shape(corners_px) != (4, 2):
            raise ValueError(f"corners_px has the shape {np.shape(corners_px)}; it has to be four pixels, (4, 2)")
        self._layout = layout
        self._fixed_px = None if corners_px is None else np.asarray(corners_px, dtype=np.float64)
        self._detector = MarkerDetector(layout.dictionary)
        self._known_m = {marker.number: marker.corners_m for marker in layout.markers}
        self._camera: Camera | None = None
        self._pose: RigidTransform | None = None
        self._restart()

    def update(self, frame: Frame, hands: tuple[Hand, ...], surface: Surface | None) -> RigidTransform | None:
        """camera_from_sheet, with the sheet's z towards the camera; None until it is found."""
        if frame.camera != self._camera:
            self._camera = frame.camera
            self._restart()
        if self._fixed_px is not None:
            self._pose = self._pose or solve_pose(self._layout.sheet_corners_m, self._fixed_px, frame.camera, surface)
        elif self._pictures < CALIBRATION_PICTURES:
            self._calibrate(self._look(frame), frame.camera, surface)
        else:
            self._watch(frame, surface)
        return self._pose

    def _restart(self) -> None:
        self._sums_px: dict[int, np.ndarray] = {}
        self._counts: dict[int, int] = {}
        self._pictures = 0
        self._frames_since_look = 0
        self._pose = None

    def _look(self, frame: Frame) -> dict[int, np.ndarray]:
        found = self._detector.find(cv2.cvtColor(frame.color_bgr, cv2.COLOR_BGR2GRAY))
        return {number: quad for number, quad in found.items() if number in self._known_m}

    def _calibrate(self, found: dict[int, np.ndarray], camera: Camera, surface: Surface | None) -> None:
        for number, quad in found.items():
            self._sums_px[number] = self._sums_px.get(number, 0.0) + quad
            self._counts[number] = self._counts.get(number, 0) + 1
        if len(self._sums_px) < FEWEST_MARKERS:
            return
        self._pictures += 1
        # A marker that hands uncovered for a single picture is less exact than the ones seen all the time.
        often = [number for number, count in self._counts.items() if 2 * count >= max(self._counts.values())]
        if len(often) < FEWEST_MARKERS:
            often = list(self._counts)
        pixels = {number: self._sums_px[number] / self._counts[number] for number in often}
        self._pose = self._solve(pixels, camera, surface)

    def _watch(self, frame: Frame, surface: Surface | None) -> None:
        self._frames_since_look += 1
        if self._frames_since_look < WATCH_EVERY or self._pose is None:
            return
        self._frames_since_look = 0
        found = self._look(frame)
        if len(found) < FEWEST_MARKERS:
            return
        pose = self._solve(found, frame.camera, surface)
        if pose is not None and self._distance_m(pose) > MOVED_M:
            self._restart()
            self._calibrate(found, frame.camera, surface)

    def _solve(self, pixels: dict[int, np.ndarray], camera: Camera, surface: Surface | None) -> RigidTransform | None:
        points_m = np.concatenate([self._known_m[number] for number in pixels])
        return solve_pose(points_m, np.concatenate(list(pixels.values())), camera, surface)

    def _distance_m(self, pose: RigidTransform) -> float:
        """How far the sheet's centre and corners lie from where they are held to be, median."""
        assert self._pose is not None
        points_m = _flat(np.vstack([self._layout.sheet_corners_m, [0.0, 0.0]]))
        return float(np.median(np.linalg.norm(pose.apply(points_m) - self._pose.apply(points_m), axis=1)))


def solve_pose(
    points_m: np.ndarray, pixels: np.ndarray, camera: Camera, surface: Surface | None
) -> RigidTransform | None:
    """camera_from_sheet from points (N, 2) of the sheet and where they are seen (N, 2); None where they do not fit.

    With the surface known, each pixel's ray meets it in a metric point, and the sheet is laid on these points: keys and
    fingertips then share one surface. Without it the perspective alone has to tell.
    """
    if surface is not None:
        return _laid_on(surface.plane, points_m, camera.rays(pixels))
    rays = camera.rays(pixels)
    solved, rotation, translation = cv2.solvePnP(
        _flat(points_m), np.ascontiguousarray(rays[:, :2]), np.eye(3), None, flags=cv2.SOLVEPNP_IPPE
    )
    if not solved:
        return None
    rotation, translation = cv2.solvePnPRefineLM(
        _flat(points_m), np.ascontiguousarray(rays[:, :2]), np.eye(3), None, rotation, translation
    )
    return RigidTransform(cv2.Rodrigues(rotation)[0], translation.reshape(3))


def _laid_on(plane: Plane, points_m: np.ndarray, rays: np.ndarray) -> RigidTransform | None:
    """The rigid motion within the plane that brings the sheet's points closest to where the rays meet the plane."""
    seen_m = plane.intersect(rays)
    if not np.all(np.isfinite(seen_m)):
        return None
    # Any two axes of the plane do: the fit finds the turn between them and the sheet's.
    along = np.cross(plane.normal, [0.0, 1.0, 0.0] if abs(plane.normal[1]) < 0.9 else [1.0, 0.0, 0.0])
    along /= np.linalg.norm(along)
    axes = np.column_stack([along, np.cross(plane.normal, along), plane.normal])
    flat_m = (seen_m @ axes)[:, :2]
    from_center_m, flat_from_center_m = points_m - points_m.mean(axis=0), flat_m - flat_m.mean(axis=0)
    cos = np.sum(from_center_m * flat_from_center_m)
    sin = np.sum(from_center_m[:, 0] * flat_from_center_m[:, 1] - from_center_m[:, 1] * flat_from_center_m[:, 0])
    length = np.hypot(cos, sin)
    if length == 0.0:
        return None
    cos, sin = cos / length, sin / length
    rotation = axes @ np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return RigidTransform(rotation, seen_m.mean(axis=0) - rotation @ _flat(points_m).mean(axis=0))


def _flat(points_m: np.ndarray) -> np.ndarray:
    """(N, 2) -> (N, 3) with z = 0."""
    return np.column_stack([points_m, np.zeros(len(points_m))])
