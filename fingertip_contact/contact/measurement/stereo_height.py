"""Fingertip heights from both imagers of a stereo camera: each fingertip's own pixels, registered across the baseline.

The camera's own matcher compares square windows, in which a finger melts into the desk beside it. Here only pixels of
the finger count (find_finger_pixels), and the registration is the one that follows fingertips through time: a tenth of
a pixel of disparity is a millimetre at 30 cm. It is as blind as the camera where a finger shows no texture, which its
correlation says.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fingertip_contact.contact.measurement.disparity import register_across
from fingertip_contact.contact.measurement.patches import extract_patches, has_margin, make_window
from fingertip_contact.datatypes import StereoImages
from fingertip_contact.geometry import Camera, Plane

# Heights over the surface that are searched, metres: a typing fingertip's, and a little below the surface for noise.
SEARCH_HEIGHTS_M = (-0.006, 0.060)
# Normalised correlation below which the two imagers do not show the same; skin in focus reaches 0.9 and more.
MIN_CORRELATION = 0.7
# The imagers' own offset is measured on the desk: points on a grid, away from hands, every few frames; the median of
# many.
GRID_STEP_PX, DESK_POINTS, DESK_INTERVAL_FRAMES, DESK_MEMORY = 40, 16, 10, 60
DESK_SEARCH_PX = 1.5
MIN_DESK_POINTS = 5
HAND_MARGIN_PX = 40
# Less grey gradient than this (RMS per pixel) is no texture.
MIN_GRADIENT = 2.0


class StereoFingertips:
    """measure() takes frames in order; it learns the disparity that the desk shows beside what its plane says."""

    def __init__(self) -> None:
        self._offsets_px: deque[float] = deque(maxlen=DESK_MEMORY)
        self._frame = 0

    @property
    def offset_px(self) -> float:
        """Measured minus expected disparity of the desk, pixels: the imagers' calibration error. 0 until measured."""
        return float(np.median(self._offsets_px)) if self._offsets_px else 0.0

    def measure(
        self,
        stereo: StereoImages,
        color_camera: Camera,
        plane: Plane,
        tips_px: np.ndarray,
        window: np.ndarray,
        on_finger: np.ndarray,
    ) -> np.ndarray:
        """(N,) heights of fingertips over the plane, metres, NaN where the imagers do not agree.

        tips_px: (N, 2) landmarks in colour. window: (S, S, 2), see make_window_px. on_finger: (N, S, S) bool, its
        pixels that belong to the finger. plane: in the colour camera's optical frame.
        """
        view = _StereoView(stereo, plane)
        tips_px = np.where(np.isfinite(tips_px), tips_px, -1e3)
        pixels = view.find_left_pixels(color_camera, tips_px)
        if self._frame % DESK_INTERVAL_FRAMES == 0:
            self._measure_desk(view, pixels, len(window) // 2)
        self._frame += 1
        offset_px = self.offset_px
        low_px, high_px = (view.disparity_at_px(pixels, height_m) + offset_px for height_m in SEARCH_HEIGHTS_M)
        disparity_px, correlation = register_across(
            stereo.left, stereo.right, pixels, on_finger, window, low_px, high_px
        )
        heights_m = view.height_m(pixels, disparity_px - offset_px)
        tolerance_m = 0.002
        valid = (correlation > MIN_CORRELATION) & has_margin(pixels, stereo.left.shape, len(window) // 2 + 1)
        valid &= (heights_m > SEARCH_HEIGHTS_M[0] - tolerance_m) & (heights_m < SEARCH_HEIGHTS_M[1] + tolerance_m)
        return np.where(valid, heights_m, np.nan)

    def _measure_desk(self, view: _StereoView, fingertips_px: np.ndarray, half: int) -> None:
        """Add one estimate of the offset: the median over textured points of the desk."""
        left = view.stereo.left
        pixels = _choose_desk_points(left, fingertips_px, half)
        if len(pixels) < MIN_DESK_POINTS:
            return
        window = make_window(half)
        everything = np.ones((len(pixels), *window.shape[:2]), dtype=bool)
        expected_px = view.disparity_at_px(pixels, 0.0)
        disparity_px, correlation = register_across(
            left,
            view.stereo.right,
            pixels,
            everything,
            window,
            expected_px - DESK_SEARCH_PX,
            expected_px + DESK_SEARCH_PX,
        )
        off_px = (disparity_px - expected_px)[(correlation > MIN_CORRELATION) & np.isfinite(expected_px)]
        if len(off_px) >= MIN_DESK_POINTS:
            self._offsets_px.append(float(np.median(off_px)))


@dataclass(frozen=True)
class _StereoView:
    """The surface as the left imager sees it."""

    stereo: StereoImages
    plane: Plane

    def find_left_pixels(self, color_camera: Camera, pixels: np.ndarray) -> np.ndarray:
        """(N, 2) int whole pixels of the left imager at which the surface seen at colour pixels (N, 2) lies."""
        points_m = self.plane.intersect(color_camera.rays(pixels))
        left_m = self.stereo.color_from_left.inverse.apply(np.nan_to_num(points_m, nan=-1.0))
        in_front = left_m[:, 2] > 0
        projected = self.stereo.camera.project(np.where(in_front[:, None], left_m, 1.0))
        return np.rint(np.where(in_front[:, None], np.clip(projected, -1e4, 1e5), -1e3)).astype(np.int64)

    def disparity_at_px(self, pixels: np.ndarray, height_m: float) -> np.ndarray:
        """(N,) disparity of what stands at this height over the surface, seen at left pixels (N, 2)."""
        left = self._plane_in_left
        depth_m = Plane(left.normal, left.offset_m - height_m).depth_at_m(self.stereo.camera.rays(pixels))
        return self.stereo.camera.fx * self.stereo.baseline_m / depth_m

    def height_m(self, pixels: np.ndarray, disparity_px: np.ndarray) -> np.ndarray:
        """(N,) height over the surface of left pixels (N, 2) with this disparity, metres."""
        depth_m = self.stereo.camera.fx * self.stereo.baseline_m / np.maximum(disparity_px, 1e-3)
        return self._plane_in_left.height_m(self.stereo.camera.deproject(pixels, depth_m))

    @cached_property
    def _plane_in_left(self) -> Plane:
        left_from_color = self.stereo.color_from_left.inverse
        normal = left_from_color.rotate(self.plane.normal)
        return Plane(normal, self.plane.offset_m - float(normal @ left_from_color.translation_m))


def _choose_desk_points(image: np.ndarray, fingertips_px: np.ndarray, half: int) -> np.ndarray:
    """(M, 2) int points of a grid with the most horizontal gradient, away from the fingertips."""
    height, width = image.shape
    columns, rows = (
        np.arange(GRID_STEP_PX, width - half, GRID_STEP_PX),
        np.arange(half + 1, height - half, GRID_STEP_PX),
    )
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    apart = np.abs(grid[:, None] - fingertips_px).max(axis=-1).min(axis=1) > HAND_MARGIN_PX
    grid = grid[apart]
    if not len(grid):
        return grid
    patches = extract_patches(image, grid, half + 1, half)
    gradient = np.sqrt((np.diff(patches, axis=2) ** 2).mean(axis=(1, 2)))
    order = np.argsort(-gradient)[:DESK_POINTS]
    return grid[order[gradient[order] > MIN_GRADIENT]]
