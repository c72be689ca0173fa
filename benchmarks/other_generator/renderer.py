"""Images of the hands over the desk: linear colour, exact depth, and the visible part of each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from other_generator.body import Body, PosedBody
from other_generator.desk import Desk
from other_generator.rays import Hits, RayScene
from other_generator.scenery import Scenery
from other_generator.view import HEIGHT_PX, WIDTH_PX, View

# Subsurface scattering: wrap ratios of the lamp's light into the shade, red farthest.
_WRAP_BGR = np.array([0.08, 0.12, 0.22], np.float32)


@dataclass(frozen=True)
class RenderBuffers:
    """linear_bgr: (H, W, 3) float32. depth_m: (H, W) float32 along z. parts: (H, W) uint8, 0 desk, else Body.parts."""

    linear_bgr: np.ndarray
    depth_m: np.ndarray
    parts: np.ndarray


class Renderer:
    """Renders hands over a desk with a sheet, under a lamp, as a camera sees them."""

    def __init__(self, scenery: Scenery, view: View) -> None:
        self._view = view
        self._lighting = scenery.lighting
        self._desk = Desk(scenery.desk_surface, view, scenery.lighting)
        self._skin = scenery.skin
        v, u = np.mgrid[0:HEIGHT_PX, 0:WIDTH_PX].astype(np.float32)
        self._rays = view.rays(u, v).reshape(-1, 3)

    def render(self, posed: PosedBody | None) -> RenderBuffers:
        """The desk with hands, or without."""
        return self._render_empty() if posed is None else self._render_hands(posed)

    def _render_empty(self) -> RenderBuffers:
        parts = np.zeros(HEIGHT_PX * WIDTH_PX, np.uint8)
        return _make_buffers(self._desk.lamp_bgr + self._desk.sky_bgr, self._desk.depth_m, parts)

    def _render_hands(self, posed: PosedBody) -> RenderBuffers:
        body = posed.body
        scene = RayScene(posed.vertices_m.astype(np.float32), body.triangles, self._view, self._lighting)
        hits = scene.trace(self._rays, self._desk.depth_m)
        depth_m, points_m = self._desk.depth_m.copy(), self._desk.points_m.copy()
        depth_m[hits.pixels] = hits.depth_m
        points_m[hits.pixels] = self._view.position_m + hits.rays * hits.depth_m[:, None]
        parts = np.zeros(len(depth_m), np.uint8)
        parts[hits.pixels] = body.parts[hits.corners[:, 0]]
        skin_normals = hits.interpolate(posed.normals.astype(np.float32))
        skin_normals /= np.maximum(np.linalg.norm(skin_normals, axis=1, keepdims=True), 1e-6)
        all_normals = np.zeros((len(depth_m), 3), np.float32)
        all_normals[:, 2] = 1
        all_normals[hits.pixels] = skin_normals
        light = scene.trace_light(points_m, all_normals, parts > 0)
        linear_bgr = self._desk.lamp_bgr + self._desk.sky_bgr
        desk = scene.changed[parts[scene.changed] == 0]
        sky_light = 0.25 + 0.75 * light[desk, 1:]
        linear_bgr[desk] = self._desk.lamp_bgr[desk] * light[desk, :1] + self._desk.sky_bgr[desk] * sky_light
        linear_bgr[hits.pixels] = self._shade_skin(hits, body, points_m[hits.pixels], skin_normals, light[hits.pixels])
        return _make_buffers(linear_bgr, depth_m, parts)

    def _shade_skin(
        self, hits: Hits, body: Body, points_m: np.ndarray, normals: np.ndarray, light: np.ndarray
    ) -> np.ndarray:
        """(P, 3) linear radiance of skin at points (P, 3). light: (P, 2) as returned by RayScene.trace_light."""
        lamp_bgr, sky_bgr = self._lighting.lamp_bgr, self._lighting.sky_bgr
        to_lamp = self._lighting.lamp_m - points_m
        square_m2 = (to_lamp * to_lamp).sum(1, keepdims=True)
        to_lamp /= np.sqrt(square_m2)
        facing = (normals * to_lamp).sum(1, keepdims=True)
        wrapped = np.maximum((facing + _WRAP_BGR) / (1 + _WRAP_BGR), 0)
        diffuse = wrapped * self._lighting.falloff(square_m2) * lamp_bgr * light[:, :1]
        # The desk reflects light from below, less for points near the desk.
        up = 0.5 + 0.5 * normals[:, 2:]
        from_desk = (1 - up) * 0.28 * (sky_bgr + lamp_bgr) * np.clip(points_m[:, 2:] / 0.025, 0.2, 1)
        ambient = (up * sky_bgr + from_desk) * (0.2 + 0.8 * light[:, 1:])
        nail = hits.interpolate(body.nail)
        albedo = self._skin.albedo(hits.interpolate(body.rest_m), nail, hits.interpolate(body.crease))
        to_camera = -hits.rays / np.linalg.norm(hits.rays, axis=1, keepdims=True)
        half = to_lamp + to_camera
        half /= np.linalg.norm(half, axis=1, keepdims=True)
        shine = np.maximum((half * normals).sum(1, keepdims=True), 0) ** 18
        return albedo * (diffuse + ambient) + shine * (0.05 + 0.06 * nail[:, None]) * light[:, :1] * lamp_bgr


def _make_buffers(linear_bgr: np.ndarray, depth_m: np.ndarray, parts: np.ndarray) -> RenderBuffers:
    shape = (HEIGHT_PX, WIDTH_PX)
    return RenderBuffers(linear_bgr.reshape(*shape, 3), depth_m.reshape(shape), parts.reshape(shape))
