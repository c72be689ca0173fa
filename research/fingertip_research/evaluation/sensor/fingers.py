"""Fingers as capsules: shapes whose width and height are known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_research.evaluation.sensor.boards import make_smooth_noise
from fingertip_research.simulation.bodies import Body, Shape, finger_segment
from fingertip_research.simulation.scene_look import SKIN_TONES_SRGB, srgb_to_linear_bgr

_LENGTH_M = 0.075
_TEXELS_PER_M = 4000.0
_AROUND, _CAP_RINGS = 48, 10
_SKIN_TONE = SKIN_TONES_SRGB[2]
_INDEX_FINGER = 1
# Relative contrast of skin by scale, texels of 1/4 mm: pores and lines, then flush.
_CONTRAST_BY_SCALE = {1.2: 0.04, 6.0: 0.05}
_GLOSS = 0.25  # as the skin of `simulation.appearance`


@dataclass(frozen=True)
class Capsule:
    """A straight finger above the desk, along y, round ends included. center_m: (x, y) of its middle on the desk.
    radius_m: half its width. top_m: height of its highest line over the desk."""

    center_m: tuple[float, float]
    radius_m: float
    top_m: float

    @property
    def ends_m(self) -> np.ndarray:
        """Both ends of its highest line, without the caps: (2, 3), sheet frame."""
        half_m = _LENGTH_M / 2 - self.radius_m
        x, y = self.center_m
        return np.array([[x, y - half_m, self.top_m], [x, y + half_m, self.top_m]])


def make_capsule(capsule: Capsule, random: np.random.Generator) -> tuple[Body, Shape]:
    """Its mesh with a texture of skin, and its position in the sheet frame."""
    normals, middles = _sample_surface(capsule)
    rings = len(normals) // _AROUND
    place = np.tile(np.arange(_AROUND), rings)
    vertices = middles + capsule.radius_m * normals
    along_m = vertices[:, 1] - vertices[:, 1].min()
    around_m = place * (2 * np.pi * capsule.radius_m / _AROUND)
    body = Body(
        triangles=_connect_rings(rings),
        uv=(np.column_stack([around_m, along_m]) * _TEXELS_PER_M).astype(np.float32),
        texture=_make_skin(random, capsule.radius_m),
        segments=np.full(2 * _AROUND * (rings - 1), finger_segment("right", _INDEX_FINGER), dtype=np.uint8),
    )
    return body, Shape(vertices.astype(np.float32), normals.astype(np.float32))


def _sample_surface(capsule: Capsule) -> tuple[np.ndarray, np.ndarray]:
    """Unit normals, and the points on the axis that they start from: (V, 3) each, ring by ring from end to end."""
    latitudes = np.linspace(-np.pi / 2, 0, _CAP_RINGS)
    latitudes = np.concatenate([latitudes, -latitudes[::-1]])
    ends = capsule.ends_m - (0, 0, capsule.radius_m)
    starts = np.repeat(ends, _CAP_RINGS, axis=0)
    # The seam of the texture is below, where no camera sees it.
    angles = -np.pi / 2 + 2 * np.pi * np.arange(_AROUND) / _AROUND
    normals = np.stack(
        [
            np.cos(latitudes)[:, None] * np.cos(angles),
            np.repeat(np.sin(latitudes)[:, None], _AROUND, axis=1),
            np.cos(latitudes)[:, None] * np.sin(angles),
        ],
        axis=-1,
    )
    return normals.reshape(-1, 3), np.repeat(starts, _AROUND, axis=0)


def _connect_rings(rings: int) -> np.ndarray:
    """Two triangles between neighbours of successive rings: (T, 3) int32."""
    ring, place = (index.ravel() for index in np.mgrid[: rings - 1, :_AROUND])
    following = (place + 1) % _AROUND
    low, high = ring * _AROUND, (ring + 1) * _AROUND
    first = np.column_stack([low + place, high + place, low + following])
    second = np.column_stack([low + following, high + place, high + following])
    return np.concatenate([first, second]).astype(np.int32)


def _make_skin(random: np.random.Generator, radius_m: float) -> np.ndarray:
    shape = (round(_LENGTH_M * _TEXELS_PER_M) + 2, round(2 * np.pi * radius_m * _TEXELS_PER_M) + 2)
    shade = np.ones(shape, dtype=np.float32)
    for scale_px, contrast in _CONTRAST_BY_SCALE.items():
        shade += contrast * make_smooth_noise(random, shape, scale_px)
    skin = np.maximum(shade, 0.1)[..., None] * srgb_to_linear_bgr(_SKIN_TONE)
    return np.concatenate([skin, np.full((*shape, 1), _GLOSS)], axis=2).astype(np.float32)
