"""The static background: the desk with its sheet, and the typist's body beyond the desk's edge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from fingertip_research.simulation.appearance import DESK_SIZE_M
from fingertip_research.simulation.camera_rays import CameraRays

_DESK_EDGE_M = -0.42  # the edge on the typist's side, y
_BACKDROP_M = -0.55  # the typist's body, y
_MAX_DEPTH_M = 5.0
_PAPER_BGR = np.array([0.84, 0.85, 0.85], dtype=np.float32)
_INK_ALBEDO = 0.045
_SUBPIXELS = 4


@dataclass(frozen=True)
class GroundPlane:
    """The empty desk in an image. albedo_bgr: (H, W, 3) float32, linear. depth_m: (H, W) float32."""

    albedo_bgr: np.ndarray
    depth_m: np.ndarray


@dataclass(frozen=True)
class Background:
    """desk_bgr: (N, N, 3) float32 albedo over DESK_SIZE_M. sheet: (H, W) uint8 as `keyboard.sheet.draw_sheet` draws
    it. sheet_size_m: width, height. backdrop_bgr: (3,)."""

    desk_bgr: np.ndarray
    sheet: np.ndarray
    sheet_size_m: tuple[float, float]
    backdrop_bgr: np.ndarray

    def trace_depth_m(self, camera_rays: CameraRays) -> np.ndarray:
        """(H, W) float32 metres along the optical axis; desk or backdrop, whichever is nearer."""
        return self._trace_depths_m(camera_rays.origin_m, camera_rays.directions)[0].reshape(camera_rays.shape)

    def render_ground(self, camera_rays: CameraRays) -> GroundPlane:
        """The empty desk in a camera's image; each pixel is the mean of a grid of rays."""
        directions = camera_rays.directions.reshape(*camera_rays.shape, 3)
        down, right = np.gradient(directions, axis=(0, 1))
        total = np.zeros_like(directions)
        offsets = (np.arange(_SUBPIXELS) + 0.5) / _SUBPIXELS - 0.5
        for dx, dy in product(offsets, offsets):
            total += self._sample_albedo(camera_rays, (directions + dx * right + dy * down).reshape(-1, 3))
        return GroundPlane(total / _SUBPIXELS**2, self.trace_depth_m(camera_rays))

    def _trace_depths_m(self, origin_m: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Depth along rays (N, 3), and whether the ray meets the desk."""
        with np.errstate(divide="ignore", invalid="ignore"):
            desk = -origin_m[2] / directions[:, 2]
            backdrop = (_BACKDROP_M - origin_m[1]) / directions[:, 1]
        backdrop = np.where((backdrop > 0) & np.isfinite(backdrop), backdrop, _MAX_DEPTH_M)
        on_desk = (desk > 0) & (origin_m[1] + desk * directions[:, 1] > _DESK_EDGE_M)
        return np.where(on_desk, desk, np.minimum(backdrop, _MAX_DEPTH_M)).astype(np.float32), on_desk

    def _sample_albedo(self, camera_rays: CameraRays, directions: np.ndarray) -> np.ndarray:
        """The albedo that rays (H * W, 3) meet: (H, W, 3)."""
        depth_m, on_desk = self._trace_depths_m(camera_rays.origin_m, directions)
        points = (camera_rays.origin_m + directions * depth_m[:, None]).reshape(*camera_rays.shape, 3)
        scale = self.desk_bgr.shape[0] / DESK_SIZE_M
        color = _sample_flat_image(
            self.desk_bgr, points[..., :2], scale, (DESK_SIZE_M, DESK_SIZE_M), cv2.BORDER_REFLECT
        )
        ink = _sample_flat_image(
            self.sheet, points[..., :2], self.sheet.shape[1] / self.sheet_size_m[0], self.sheet_size_m
        )
        white = ink.astype(np.float32)[..., None] / 255
        on_sheet = np.all(np.abs(points[..., :2]) < np.array(self.sheet_size_m) / 2, axis=-1)
        color = np.where(on_sheet[..., None], _INK_ALBEDO + white * (_PAPER_BGR - _INK_ALBEDO), color)
        return np.where(on_desk.reshape(*camera_rays.shape, 1), color, self.backdrop_bgr)


def _sample_flat_image(
    image: np.ndarray,
    xy_m: np.ndarray,
    pixels_per_m: float,
    size_m: tuple[float, float],
    border: int = cv2.BORDER_REPLICATE,
) -> np.ndarray:
    """Samples an image that lies on the desk (row 0 at +y, column 0 at -x, centred) at points (H, W, 2), metres."""
    column = (xy_m[..., 0] + size_m[0] / 2) * pixels_per_m - 0.5
    row = (size_m[1] / 2 - xy_m[..., 1]) * pixels_per_m - 0.5
    return cv2.remap(image, column.astype(np.float32), row.astype(np.float32), cv2.INTER_LINEAR, borderMode=border)
