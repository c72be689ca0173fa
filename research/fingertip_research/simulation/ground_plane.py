"""The static background: the desk with its sheet, clutter, and what lies beyond the desk's edge."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import cv2
import numpy as np

from fingertip_research.simulation.appearance import DESK_SIZE_M
from fingertip_research.simulation.camera_rays import CameraRays
from fingertip_research.simulation.furniture import Furniture
from fingertip_research.simulation.scene_look import Light
from fingertip_research.simulation.surroundings import Surroundings

_MAX_DEPTH_M = 5.0
_PAPER_BGR = np.array([0.84, 0.85, 0.85], dtype=np.float32)
_INK_ALBEDO = 0.045
_SUBPIXELS = 4
# Shadows are searched from these points of the lamp, and this far around the pixels that are found.
_SHADOW_PROBES, _MARGIN_PX = (0, 5, 10, 15), 13


@dataclass(frozen=True)
class GroundPlane:
    """The empty desk in an image. albedo_bgr: (H, W, 3) float32, linear. depth_m: (H, W) float32."""

    albedo_bgr: np.ndarray
    depth_m: np.ndarray


@dataclass(frozen=True)
class Background:
    """desk_bgr: (N, N, 3) float32 albedo over DESK_SIZE_M. sheet: (H, W) uint8 as `keyboard.sheet.draw_sheet` draws
    it. sheet_size_m: width, height. backdrop_bgr: (3,). light: shades the furniture; needed where there is some."""

    desk_bgr: np.ndarray
    sheet: np.ndarray
    sheet_size_m: tuple[float, float]
    backdrop_bgr: np.ndarray
    surroundings: Surroundings = field(default_factory=Surroundings)
    light: Light | None = None

    def trace_depth_m(self, camera_rays: CameraRays) -> np.ndarray:
        """(H, W) float32 metres along the optical axis of whatever is nearest."""
        depth_m, _ = self._trace_desk_m(camera_rays.origin_m, camera_rays.directions)
        if self._furniture is not None:
            depth_m = np.minimum(depth_m, self._furniture.trace(camera_rays.origin_m, camera_rays.directions).depth_m)
        return depth_m.reshape(camera_rays.shape)

    def render_ground(self, camera_rays: CameraRays) -> GroundPlane:
        """The empty desk in a camera's image; each pixel is the mean of a grid of rays.

        The renderer lights everything like a level surface: the albedo of furniture, and of what it shades, contains
        the difference.
        """
        directions = camera_rays.directions.reshape(*camera_rays.shape, 3)
        down, right = np.gradient(directions, axis=(0, 1))
        total = np.zeros_like(directions)
        affected = self._find_affected_pixels(camera_rays)
        offsets = (np.arange(_SUBPIXELS) + 0.5) / _SUBPIXELS - 0.5
        for sample, (dx, dy) in enumerate(product(offsets, offsets)):
            rays = (directions + dx * right + dy * down).reshape(-1, 3)
            total += self._sample_albedo(camera_rays, rays, affected, sample)
        return GroundPlane(total / _SUBPIXELS**2, self.trace_depth_m(camera_rays))

    @cached_property
    def _furniture(self) -> Furniture | None:
        solid = self.surroundings.furniture
        if solid is None:
            return None
        if self.light is None:
            raise ValueError("a background with furniture needs its light, which shades the furniture")
        return Furniture(solid, self.light)

    def _trace_desk_m(self, origin_m: np.ndarray, directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Depth of desk or backdrop along rays (N, 3), and whether the ray meets the desk."""
        around = self.surroundings
        with np.errstate(divide="ignore", invalid="ignore"):
            desk = -origin_m[2] / directions[:, 2]
            backdrop = (around.backdrop_m - origin_m[1]) / directions[:, 1]
        backdrop = np.where((backdrop > 0) & np.isfinite(backdrop), backdrop, _MAX_DEPTH_M)
        on_desk = desk > 0
        for axis, (low_m, high_m) in enumerate((around.desk_x_m, around.desk_y_m)):
            with np.errstate(invalid="ignore"):
                place_m = origin_m[axis] + desk * directions[:, axis]
                on_desk &= (place_m > low_m) & (place_m < high_m)
        return np.where(on_desk, desk, np.minimum(backdrop, _MAX_DEPTH_M)).astype(np.float32), on_desk

    def _find_affected_pixels(self, camera_rays: CameraRays) -> np.ndarray:
        """Flat indices of the pixels at which furniture or its shadow may be: most show neither."""
        if self._furniture is None:
            return np.zeros(0, dtype=np.intp)
        depth_m, on_desk = self._trace_desk_m(camera_rays.origin_m, camera_rays.directions)
        hits = self._furniture.trace(camera_rays.origin_m, camera_rays.directions)
        is_affected = hits.depth_m < depth_m
        points_m = camera_rays.origin_m + camera_rays.directions[on_desk] * depth_m[on_desk, None]
        for sample in _SHADOW_PROBES:
            is_affected[on_desk] |= self._furniture.compute_shade(points_m, sample) < 1
        image = is_affected.reshape(camera_rays.shape).astype(np.uint8)
        return np.flatnonzero(cv2.dilate(image, np.ones((_MARGIN_PX, _MARGIN_PX), np.uint8)))

    def _sample_albedo(
        self, camera_rays: CameraRays, directions: np.ndarray, affected: np.ndarray, sample: int
    ) -> np.ndarray:
        """The albedo that rays (H * W, 3) meet: (H, W, 3). affected: pixels with furniture or its shadow. sample: which
        point of the lamp throws the shadows."""
        depth_m, on_desk = self._trace_desk_m(camera_rays.origin_m, directions)
        points = camera_rays.origin_m + directions * depth_m[:, None]
        color = self._sample_desk(points.reshape(*camera_rays.shape, 3)).reshape(-1, 3)
        color = np.where(on_desk[:, None], color, self.backdrop_bgr)
        if self._furniture is not None and len(affected):
            shaded = affected[on_desk[affected]]
            color[shaded] *= self._furniture.compute_shade(points[shaded], sample)[:, None]
            hits = self._furniture.trace(camera_rays.origin_m, directions[affected])
            is_nearer = hits.depth_m < depth_m[affected]
            nearer = affected[is_nearer]
            nearer_m = camera_rays.origin_m + directions[nearer] * hits.depth_m[is_nearer, None]
            color[nearer] = self._furniture.compute_albedo(hits.triangle[is_nearer], nearer_m)
        return color.reshape(*camera_rays.shape, 3)

    def _sample_desk(self, points_m: np.ndarray) -> np.ndarray:
        """The albedo of desk and sheet at points (H, W, 3): (H, W, 3)."""
        scale = self.desk_bgr.shape[0] / DESK_SIZE_M
        color = _sample_flat_image(
            self.desk_bgr, points_m[..., :2], scale, (DESK_SIZE_M, DESK_SIZE_M), cv2.BORDER_REFLECT
        )
        ink = _sample_flat_image(
            self.sheet, points_m[..., :2], self.sheet.shape[1] / self.sheet_size_m[0], self.sheet_size_m
        )
        white = ink.astype(np.float32)[..., None] / 255
        on_sheet = np.all(np.abs(points_m[..., :2]) < np.array(self.sheet_size_m) / 2, axis=-1)
        return np.where(on_sheet[..., None], _INK_ALBEDO + white * (_PAPER_BGR - _INK_ALBEDO), color)


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
