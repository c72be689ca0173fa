"""Camera model, metric planes and rigid transforms.

Frames follow REP-103: the optical frame has x right, y down, z forward; lengths are metres, image positions pixels
with (0, 0) at the centre of the top left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np

# How many coefficients OpenCV's model of distortion may have (calib3d, `distCoeffs`).
DISTORTION_COUNTS = (0, 4, 5, 8, 12, 14)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with optional Brown-Conrady distortion, as in sensor_msgs/CameraInfo.

    `distortion` holds k1, k2, p1, p2, k3 (plumb_bob) or is empty. Raises ValueError if the focal length or the size is
    not positive, a value is not finite, or the distortion has another number of coefficients than OpenCV knows: the
    driver of an uncalibrated camera publishes zeros.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    width: int
    height: int
    distortion: tuple[float, ...] = field(default=())

    def __post_init__(self) -> None:
        values = (self.fx, self.fy, self.cx, self.cy)
        if not np.all(np.isfinite(values)) or self.fx <= 0 or self.fy <= 0 or self.width <= 0 or self.height <= 0:
            raise ValueError(
                f"camera intrinsics are not usable: fx={self.fx} fy={self.fy} cx={self.cx} cy={self.cy} "
                f"size={self.width}x{self.height}; the focal lengths and the size must be positive: "
                "calibrate the camera"
            )
        if not np.all(np.isfinite(self.distortion)) or len(self.distortion) not in DISTORTION_COUNTS:
            raise ValueError(
                f"the distortion {self.distortion[:5]} of {len(self.distortion)} numbers is not usable; it may hold "
                f"{', '.join(map(str, DISTORTION_COUNTS))} finite numbers: calibrate the camera"
            )

    @cached_property
    def matrix(self) -> np.ndarray:
        """K: (3, 3) float64."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def focal_px(self) -> float:
        """The geometric mean of fx and fy."""
        return float(np.sqrt(self.fx * self.fy))

    @cached_property
    def is_distorted(self) -> bool:
        return any(self.distortion)

    def project(self, points_m: np.ndarray) -> np.ndarray:
        """Points (N, 3) in the optical frame, metres -> pixels (N, 2). Points must lie in front of the camera."""
        points_m = np.asarray(points_m, dtype=np.float64).reshape(-1, 3)
        if self.is_distorted and len(points_m):
            pixels, _ = cv2.projectPoints(points_m, np.zeros(3), np.zeros(3), self.matrix, np.array(self.distortion))
            return pixels.reshape(-1, 2)
        xy = points_m[:, :2] / points_m[:, 2:]
        return xy * (self.fx, self.fy) + (self.cx, self.cy)

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) -> rays (N, 3) with z = 1: multiply by a depth along z to get a point in metres."""
        pixels = np.asarray(pixels, dtype=np.float64).reshape(-1, 2)
        if self.is_distorted and len(pixels):
            xy = cv2.undistortPoints(pixels.reshape(-1, 1, 2), self.matrix, np.array(self.distortion)).reshape(-1, 2)
        else:
            xy = (pixels - (self.cx, self.cy)) / (self.fx, self.fy)
        return np.column_stack([xy, np.ones(len(xy))])

    def deproject(self, pixels: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
        """Pixels (N, 2) and depths along z (N,), metres -> points (N, 3) in the optical frame, metres."""
        return self.rays(pixels) * np.asarray(depth_m, dtype=np.float64).reshape(-1, 1)


@dataclass(frozen=True)
class Plane:
    """A plane in the optical frame: normal . p + offset_m = 0, the unit normal pointing to the camera's side."""

    normal: np.ndarray
    offset_m: float

    @property
    def elevation_deg(self) -> float:
        """Angle between the optical axis and the plane: 0 along it, 90 from straight above."""
        return float(np.degrees(np.arcsin(min(1.0, abs(float(self.normal[2]))))))

    def height_m(self, points_m: np.ndarray) -> np.ndarray:
        """Signed perpendicular distance of points (..., 3), metres; positive on the camera's side."""
        return np.asarray(points_m) @ self.normal + self.offset_m

    def depth_at_m(self, rays: np.ndarray) -> np.ndarray:
        """Depth along z where rays (..., 3) with z = 1 meet the plane, metres; NaN if not in front."""
        slope = np.asarray(rays) @ self.normal
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = -self.offset_m / slope
        return np.where(depth > 0, depth, np.nan)

    def intersect(self, rays: np.ndarray) -> np.ndarray:
        """Points (..., 3) where rays (..., 3) with z = 1 meet the plane, metres; NaN where they do not."""
        return np.asarray(rays) * self.depth_at_m(rays)[..., None]


@dataclass(frozen=True)
class RigidTransform:
    """p_parent = rotation @ p_child + translation_m; variables are named `parent_from_child`."""

    rotation: np.ndarray
    translation_m: np.ndarray

    def apply(self, points_m: np.ndarray) -> np.ndarray:
        """Points (..., 3) of the child frame -> the parent frame, metres."""
        return np.asarray(points_m) @ self.rotation.T + self.translation_m

    def rotate(self, vectors: np.ndarray) -> np.ndarray:
        """Directions (..., 3) of the child frame -> the parent frame."""
        return np.asarray(vectors) @ self.rotation.T

    @cached_property
    def inverse(self) -> RigidTransform:
        return RigidTransform(self.rotation.T, -self.rotation.T @ self.translation_m)

    def __matmul__(self, other: RigidTransform) -> RigidTransform:
        return RigidTransform(self.rotation @ other.rotation, self.apply(other.translation_m))
