"""The desk: a plane in metric 3-D, fitted to the depth of its bare pixels and checked continuously."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import MIDDLE_KNUCKLE, WRIST, DepthImage, Frame, Hand, Surface
from fingertip_contact.geometry import Camera
from fingertip_contact.surface.plane_fit import MIN_POINTS, PlaneFit, fit_plane

FIT_STRIDE = 4
CHECK_STRIDE = 8
CHECK_PERIOD_NS = 500_000_000
HAND_MARGIN_PX = 30.0
# Steeper than this the desk is seen edge-on, and depth noise along the ray is all height noise.
MIN_ELEVATION_DEG = 12.0


class SurfaceTracker:
    """Finds the desk in the first `calibration_seconds` of depth and notices when it has moved.

    `reason` states why the last fit was rejected or is being repeated; empty when the surface is valid.
    """

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self.reset()

    def reset(self) -> None:
        """Forget the surface and calibrate again from the next frame on."""
        self.reason = ""
        self._surface: Surface | None = None
        self._camera: Camera | None = None
        self._accumulator = _DepthAccumulator()
        self._calibrating = True
        self._last_check_ns: int | None = None
        self._disagreement_count = 0

    def update(self, frame: Frame, hands: tuple[Hand, ...]) -> Surface | None:
        """The surface as known after this frame; None until the first fit."""
        if self._camera != frame.camera:
            self.reset()
            self._camera = frame.camera
        if frame.depth is None:
            return self._surface
        if self._calibrating:
            self._calibrate(frame, hands, frame.depth)
        elif self._is_check_due(frame.stamp_ns):
            self._check(frame, hands, frame.depth)
        return self._surface

    def _calibrate(self, frame: Frame, hands: tuple[Hand, ...], depth: DepthImage) -> None:
        self._accumulator.add(frame.stamp_ns, _extract_desk_depth(depth, hands, FIT_STRIDE))
        if self._accumulator.duration_s < self._parameters.calibration_seconds:
            return
        pixels, depth_m = self._accumulator.compute_mean_points(FIT_STRIDE)
        self._accumulator = _DepthAccumulator()
        try:
            fit = fit_plane(frame.camera.rays(pixels), depth_m, self._parameters.surface_tolerance_m)
            self._accept(fit, frame)
        except ValueError as error:
            # The old surface, if there is one, stays in use; the next calibration_seconds try again.
            self.reason = str(error)

    def _accept(self, fit: PlaneFit, frame: Frame) -> None:
        """Take the fit as the surface. Raises ValueError where its geometry cannot be a desk under a camera."""
        parameters = self._parameters
        elevation_deg = fit.plane.elevation_deg
        distance_m = float(fit.plane.offset_m)
        low_m, high_m = parameters.surface_distance_min_m, parameters.surface_distance_max_m
        if elevation_deg < MIN_ELEVATION_DEG:
            raise ValueError(
                f"the camera looks along the surface ({elevation_deg:.0f} degrees above it): "
                f"raise it to {MIN_ELEVATION_DEG:.0f} degrees or more, best 45 to 65"
            )
        if not low_m <= distance_m <= high_m:
            raise ValueError(
                f"the camera is {distance_m * 100:.0f} cm above the surface; "
                f"{low_m * 100:.0f} to {high_m * 100:.0f} cm can be used"
            )
        if fit.inlier_ratio < parameters.surface_inlier_ratio_min:
            raise ValueError(
                f"only {fit.inlier_ratio:.0%} of the depth lies on one plane, "
                f"{parameters.surface_inlier_ratio_min:.0%} are needed: clear the desk or move the camera"
            )
        self._surface = Surface(fit.plane, fit.residual_m, fit.inlier_ratio, frame.stamp_ns)
        self._calibrating = False
        self._disagreement_count = 0
        self.reason = ""

    def _is_check_due(self, stamp_ns: int) -> bool:
        if self._last_check_ns is not None and 0 <= stamp_ns - self._last_check_ns < CHECK_PERIOD_NS:
            return False
        self._last_check_ns = stamp_ns
        return True

    def _check(self, frame: Frame, hands: tuple[Hand, ...], depth: DepthImage) -> None:
        """Compare the bare desk with the plane; after three disagreements in a row, calibrate again."""
        assert self._surface is not None
        depth_m = _extract_desk_depth(depth, hands, CHECK_STRIDE)
        rows, columns = np.nonzero(np.isfinite(depth_m))
        pixels = np.column_stack([columns, rows]) * CHECK_STRIDE
        height_m = self._surface.plane.height_m(frame.camera.deproject(pixels, depth_m[rows, columns]))
        near = np.abs(height_m) < 10 * self._parameters.surface_tolerance_m
        if near.sum() < MIN_POINTS:
            return
        moved = _max_quadrant_residual_m(pixels[near], height_m[near]) > self._parameters.surface_drift_m
        self._disagreement_count = self._disagreement_count + 1 if moved else 0
        if self._disagreement_count >= 3:
            self.reason = "the surface or the camera has moved; calibrating again"
            self._calibrating = True
            return
        plane, residual_m = self._surface.plane, self._surface.residual_m
        self._surface = Surface(plane, residual_m, self._surface.inlier_ratio, frame.stamp_ns)


def _max_quadrant_residual_m(pixels: np.ndarray, height_m: np.ndarray) -> float:
    """The largest |median height| of the four quadrants of the points: it sees a shift as well as a tilt."""
    right, low = (pixels > np.median(pixels, axis=0)).T
    quadrants = [height_m[(right == a) & (low == b)] for a in (False, True) for b in (False, True)]
    return max(abs(float(np.median(part))) for part in quadrants if len(part) >= MIN_POINTS // 8)


class _DepthAccumulator:
    """Running mean of depth a pixel: whole-millimetre depth needs several frames for a sub-millimetre plane."""

    def __init__(self) -> None:
        self._sum: np.ndarray | None = None
        self._count: np.ndarray | None = None
        self._first_ns = self._last_ns = 0

    @property
    def duration_s(self) -> float:
        return (self._last_ns - self._first_ns) / 1e9

    def add(self, stamp_ns: int, depth_m: np.ndarray) -> None:
        if self._sum is None or self._count is None or stamp_ns < self._last_ns:
            self._sum = np.zeros(depth_m.shape)
            self._count = np.zeros(depth_m.shape, dtype=np.int32)
            self._first_ns = stamp_ns
        valid = np.isfinite(depth_m)
        self._sum += np.where(valid, depth_m, 0.0)
        self._count += valid
        self._last_ns = stamp_ns

    def compute_mean_points(self, stride: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (N, 2) and mean depths (N,), metres, of what was seen at least half as often as the best pixel."""
        assert self._sum is not None
        assert self._count is not None
        rows, columns = np.nonzero(self._count > self._count.max() // 2)
        pixels = np.column_stack([columns, rows]) * stride
        return pixels, self._sum[rows, columns] / self._count[rows, columns]


def _extract_desk_depth(depth: DepthImage, hands: tuple[Hand, ...], stride: int) -> np.ndarray:
    """Every stride-th pixel of the depth (h, w), metres, NaN where invalid or near a hand or its forearm."""
    depth_m = depth.to_metres((slice(None, None, stride), slice(None, None, stride)))
    for hand in hands:
        wrist = hand.landmarks_px[WRIST]
        elbow = wrist + 2.0 * (wrist - hand.landmarks_px[MIDDLE_KNUCKLE])
        outline = cv2.convexHull(np.vstack([hand.landmarks_px, elbow]).astype(np.float32) / stride)
        mask = np.zeros(depth_m.shape, dtype=np.uint8)
        polygon = np.round(outline).astype(np.int32)
        cv2.fillConvexPoly(mask, polygon, 1)
        cv2.polylines(mask, [polygon], True, 1, thickness=max(1, round(2 * HAND_MARGIN_PX / stride)))
        depth_m[mask > 0] = np.nan
    return depth_m
