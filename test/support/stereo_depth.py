"""Depth of flat scenes with the noise of a real D405, cheap enough for minutes of frames.

Measured on real cameras (848x480, print): 0.16 px of disparity in all, of which 0.12 px is new in every frame and the
rest fixed; correlated between neighbours to 1/e at 9 px, independent from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage
from fingertip_contact.geometry import Camera, Plane

BASELINE_M = 0.018
TEMPORAL_PX, FIXED_PX = 0.12, 0.106
CORRELATION_PX = 9.0
# Only every fourth pixel is made, and repeated: the surface reads no others.
STRIDE = 4


@dataclass(frozen=True)
class Patch:
    """A plane seen inside a polygon (N, 2), pixels; of two patches the later one is in front."""

    plane: Plane
    outline_px: np.ndarray


def make_plane(elevation_deg: float, distance_m: float = 0.34) -> Plane:
    """The plane that a camera looks at from this elevation, this far away along the optical axis."""
    angle = np.radians(elevation_deg)
    return Plane(np.array([0.0, -np.cos(angle), -np.sin(angle)]), distance_m * np.sin(angle))


class NoisyDepth:
    """render() gives one frame's depth of the patches in 0.1 mm, 0 where there is none."""

    def __init__(self, camera: Camera, seed: int = 0, scale: float = 1.0) -> None:
        """scale: of the noise, 1 for print."""
        self._camera, self._scale = camera, scale
        self._shape = (camera.height // STRIDE, camera.width // STRIDE)
        rows, columns = np.indices(self._shape)
        self._rays = camera.rays(STRIDE * np.column_stack([columns.ravel(), rows.ravel()])).reshape(*self._shape, 3)
        self._generator = np.random.default_rng(seed)
        self._fixed_px = FIXED_PX * self._make_noise()
        self._pool = [self._make_noise() for _ in range(40)]

    def render(self, patches: Sequence[Patch | Plane], bias: float = 0.0) -> DepthImage:
        """bias: relative error of every depth; negative: too near."""
        disparity_px = np.full(self._shape, np.nan)
        for patch in patches:
            plane, inside = (patch, True) if isinstance(patch, Plane) else (patch.plane, self._draw(patch.outline_px))
            found = self._camera.fx * BASELINE_M / plane.depth_at_m(self._rays) / (1.0 + bias)
            disparity_px = np.where(inside & np.isfinite(found), found, disparity_px)
        disparity_px += self._scale * (self._fixed_px + TEMPORAL_PX * self._draw_noise())
        depth = 1e4 * self._camera.fx * BASELINE_M / np.maximum(disparity_px, 0.1)
        values = np.where(np.isfinite(depth) & (depth < 65535), depth, 0).astype(np.uint16)
        return DepthImage(values.repeat(STRIDE, axis=0).repeat(STRIDE, axis=1), 1e-4)

    def _make_noise(self) -> np.ndarray:
        # Blurred by s, white noise is correlated as exp(-r^2 / 4 s^2).
        noise = cv2.GaussianBlur(self._generator.normal(size=self._shape), (0, 0), CORRELATION_PX / STRIDE / 2)
        return noise / noise.std()

    def _draw_noise(self) -> np.ndarray:
        """One of many fields, shifted and mirrored at random."""
        field = self._pool[self._generator.integers(len(self._pool))]
        shift = self._generator.integers(0, self._shape)
        return np.roll(field, shift, axis=(0, 1)) * self._generator.choice([-1.0, 1.0])

    def _draw(self, outline_px: np.ndarray) -> np.ndarray:
        mask = np.zeros(self._shape, np.uint8)
        cv2.fillPoly(mask, [np.rint(np.asarray(outline_px) / STRIDE).astype(np.int32)], 1)
        return mask > 0


def make_circle_px(centre_px: tuple[float, float], radius_px: float) -> np.ndarray:
    """(64, 2) outline of a round table seen from above."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.array(centre_px) + radius_px * np.column_stack([np.cos(angles), np.sin(angles)])


def make_rectangle_px(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """(4, 2) outline."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
