"""Ray-traced images of hands over a desk: linear colour, exact depth, and the segment of each pixel.

The desk is lit once; per frame only the region of the hands and their shadows is traced (Embree). Shadows and ambient
occlusion use one ray per pixel each, its direction from a 4x4 pattern, and a filter of the same size ("interleaved
sampling", Keller and Heidrich 2001): soft, free of noise, and deterministic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_research.simulation.camera_rays import MIN_PROJECTION_DEPTH_M, CameraRays
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.scene import Light, Scene

# Segments of an image: the desk, and per hand the fingers (in the order of FINGERS), the arm and the palm.
DESK = 0
_SEGMENTS_PER_HAND = 2 + len(FINGERS)

_PATTERN = 4
_PATTERN_FILTER = np.array([0.5, 1.0, 1.0, 1.0, 0.5], dtype=np.float32)
_AMBIENT_OCCLUSION_RANGE_M = 0.08  # maximum distance at which an object dims the light of the sky
_RAY_OFFSET_M = 0.0006  # distance of a ray's start from its surface
_HULL_MARGIN_PX = 28
_MAX_OUTLINE_PX = 4000  # outlines are clipped to this distance from the image's origin
_SKIN_DEPTH_M = 0.012  # a point this far under its own skin still counts as visible

# Subsurface scattering carries light across the terminator, red farthest: wrap ratios of blue, green, red.
_WRAP_BGR = np.array([0.10, 0.16, 0.30], dtype=np.float32)
_SHININESS = 24.0


def finger_segment(hand: Handedness, finger: int) -> int:
    """The number of a hand's finger (index into FINGERS), or of its palm (-1), in RenderBuffers.segments."""
    return 1 + HANDS.index(hand) * _SEGMENTS_PER_HAND + (finger if finger >= 0 else len(FINGERS) + 1)


def arm_segment(hand: Handedness) -> int:
    """The number of a hand's arm in RenderBuffers.segments."""
    return 1 + HANDS.index(hand) * _SEGMENTS_PER_HAND + len(FINGERS)


@dataclass(frozen=True)
class Body:
    """A moving body: its mesh without positions.

    triangles: (T, 3) int32. uv: (V, 2) float32 in texture pixels. texture: (H, W, 4) float32, linear BGR albedo and
    gloss. segments: (T,) uint8.
    """

    triangles: np.ndarray
    uv: np.ndarray
    texture: np.ndarray
    segments: np.ndarray


@dataclass(frozen=True)
class Shape:
    """The positions of a body: vertices_m (V, 3) and unit normals (V, 3), float32, sheet frame."""

    vertices_m: np.ndarray
    normals: np.ndarray


@dataclass(frozen=True)
class RenderBuffers:
    """A frame before any sensor.

    radiance_bgr: (H, W, 3) float32, linear. segments: (H, W) uint8, DESK or `finger_segment`. depth_m: (H, W)
    float32 along the optical axis, on the depth camera's own grid.
    """

    radiance_bgr: np.ndarray
    segments: np.ndarray
    depth_m: np.ndarray


class Renderer:
    """Renders bodies over the scene's desk."""

    def __init__(self, scene: Scene, background: Background, bodies: Mapping[str, Body]) -> None:
        self._scene = scene
        self._bodies = dict(bodies)
        self._atlas, self._atlas_uv = _build_atlas(self._bodies)
        self._color_rays = CameraRays(scene.color_camera, scene.camera_from_sheet)
        self._depth_rays = CameraRays(scene.depth_camera, scene.camera_from_sheet)
        self._ground = background.render_ground(self._color_rays)
        self._ground_depth_m = background.trace_depth_m(self._depth_rays)
        lighting = _Lighting(scene.light)
        self._lighting = lighting
        points = self._color_rays.origin_m + self._color_rays.directions * self._ground.depth_m.reshape(-1, 1)
        self._lamp_on_ground, self._sky_on_ground = lighting.compute_ground_irradiance(points.astype(np.float32))
        full = self._ground.albedo_bgr.reshape(-1, 3) * (self._lamp_on_ground + self._sky_on_ground)
        self._empty = RenderBuffers(
            radiance_bgr=full.reshape(*self._color_rays.shape, 3),
            segments=np.zeros(self._color_rays.shape, dtype=np.uint8),
            depth_m=self._ground_depth_m,
        )

    def render(self, shapes: Mapping[str, Shape]) -> RenderBuffers:
        """The scene with the named bodies in their `shapes`; the empty desk if there are none."""
        if not shapes:
            return self._empty
        return _FrameRender(self, _BodyScene(self._bodies, self._atlas_uv, shapes)).render()

    def are_visible(self, shapes: Mapping[str, Shape], points_m: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """Whether the colour camera sees points (N, 3), sheet frame, of the given segments (N,): (N,) bool.

        A point just under the skin counts as visible if only the skin of its own segment lies in front of it.
        """
        camera_rays = self._color_rays
        camera_points = camera_rays.camera_from_sheet.apply(points_m)
        in_front = camera_points[:, 2] > MIN_PROJECTION_DEPTH_M
        pixels = camera_rays.camera.project(np.where(in_front[:, None], camera_points, (0.0, 0.0, 1.0)))
        inside = in_front & np.all((pixels > -0.5) & (pixels < np.array(camera_rays.shape[::-1]) - 0.5), axis=1)
        body_scene = _BodyScene(self._bodies, self._atlas_uv, shapes)
        directions = (points_m - camera_rays.origin_m) / np.maximum(camera_points[:, 2:], MIN_PROJECTION_DEPTH_M)
        hit = body_scene.trace(camera_rays.origin_m, directions.astype(np.float32))
        own = (body_scene.segments[hit.triangle] == segments) & (hit.distance > camera_points[:, 2] - _SKIN_DEPTH_M)
        return inside & ((hit.triangle < 0) | (hit.distance > camera_points[:, 2]) | own)


@dataclass(frozen=True)
class _RayHits:
    """triangle: (N,) -1 for rays without a hit. distance: (N,) in lengths of the direction. weights: (N, 3)."""

    triangle: np.ndarray
    distance: np.ndarray
    weights: np.ndarray


class _BodyScene:
    """All shapes of one frame as one mesh in an Embree scene."""

    def __init__(self, bodies: Mapping[str, Body], atlas_uv: Mapping[str, np.ndarray], shapes: Mapping[str, Shape]):
        starts = np.cumsum([0] + [len(shape.vertices_m) for shape in shapes.values()])
        names = list(shapes)
        self.vertices_m = np.concatenate([shapes[name].vertices_m for name in names])
        self.normals = np.concatenate([shapes[name].normals for name in names])
        self.uv = np.concatenate([atlas_uv[name] for name in names])
        self.parts = [slice(first, last) for first, last in pairwise(starts)]
        triangles = [bodies[name].triangles + start for name, start in zip(names, starts, strict=False)]
        self.triangles = np.concatenate(triangles).astype(np.int32)
        self.segments = np.concatenate([bodies[name].segments for name in names])
        self._scene = EmbreeScene()
        self._mesh = TriangleMesh(self._scene, self.vertices_m, self.triangles)

    def trace(self, origin_m: np.ndarray, directions: np.ndarray) -> _RayHits:
        """The first triangle on each ray from one point."""
        origins = np.ascontiguousarray(np.broadcast_to(origin_m, directions.shape), dtype=np.float32)
        hit = self._scene.run(origins, np.ascontiguousarray(directions), query="INTERSECT", output=True)
        u, v = hit["u"], hit["v"]
        return _RayHits(hit["primID"], hit["tfar"], np.stack([1 - u - v, u, v], axis=1))

    def are_unoccluded(self, origins_m: np.ndarray, directions: np.ndarray) -> np.ndarray:
        """Whether nothing lies between an origin and origin + direction: (N,) float32, 1 or 0."""
        max_distance = np.ones(len(origins_m), dtype=np.float32)
        blocked = self._scene.run(origins_m, directions, dists=max_distance, query="OCCLUDED")
        return (blocked < 0).astype(np.float32)


class _Lighting:
    """Light of the lamp and the sky at points with normals."""

    def __init__(self, light: Light) -> None:
        self._light = light
        self.position_m = light.position_m.astype(np.float32)
        self._reference = float(self.position_m[2] / np.linalg.norm(self.position_m) ** 3)
        self.lamp_points = self._sample_lamp_points()
        self.sky_directions = _make_sphere_points(_PATTERN**2)

    def _sample_lamp_points(self) -> np.ndarray:
        """Points on the lamp's disc, one per position in the pattern: (16, 3)."""
        count = _PATTERN**2
        radius = np.sqrt((np.arange(count) + 0.5) / count) * self._light.radius_m
        angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
        axis = self.position_m / np.linalg.norm(self.position_m)
        side = np.cross(axis, [0.0, 1.0, 0.1])
        side /= np.linalg.norm(side)
        other = np.cross(axis, side)
        spread = radius[:, None] * (np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other)
        order = np.array([0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5])
        return (self.position_m + spread)[order].astype(np.float32)

    def compute_lamp_factor(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Unit directions to the lamp (N, 3), and the irradiance of a surface that faces it (N, 1), relative to a
        level surface at the sheet's centre."""
        to_lamp = self.position_m - points_m
        square = _dot(to_lamp, to_lamp)
        return to_lamp / np.sqrt(square), 1 / (square * self._reference)

    def compute_ground_irradiance(self, points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Irradiance of the lamp and of the sky on the level desk, without occluders: (N, 3) each."""
        direction, factor = self.compute_lamp_factor(points_m)
        lamp = np.maximum(direction[:, 2:], 0) * factor * self._light.lamp_bgr
        return lamp.astype(np.float32), np.broadcast_to(self._light.sky_bgr, lamp.shape).astype(np.float32)

    def shade_skin(self, surface: _Surface, lamp_visibility: np.ndarray, sky_visibility: np.ndarray) -> np.ndarray:
        """Radiance of skin towards the camera: (N, 3)."""
        direction, factor = self.compute_lamp_factor(surface.points_m)
        facing = _dot(surface.normals, direction)
        wrapped = np.maximum((facing + _WRAP_BGR) / (1 + _WRAP_BGR), 0)
        # Light also scatters into the skin at the edge of a shadow: red fades last.
        bled = lamp_visibility[:, None] ** np.array([1.0, 0.9, 0.65], dtype=np.float32)
        lamp = wrapped * factor * bled * self._light.lamp_bgr
        up = 0.5 + 0.5 * surface.normals[:, 2:]
        sky = (up * sky_visibility[:, None]) * self._light.sky_bgr
        # The desk reflects light upwards; close to it the finger's own shadow removes that light.
        height = np.clip(surface.points_m[:, 2:] / 0.03, 0.15, 1)
        bounce = (1 - up) * height * 0.35 * (self._light.sky_bgr + self._light.lamp_bgr)
        half = _normalise(direction + surface.to_camera)
        shine = np.maximum(_dot(surface.normals, half), 0) ** _SHININESS
        gloss = 0.16 * surface.gloss[:, None] * shine * factor * lamp_visibility[:, None] * self._light.lamp_bgr
        return surface.albedo_bgr * (lamp + sky + bounce) + gloss


@dataclass(frozen=True)
class _Surface:
    """Points on bodies: points_m, normals, unit to_camera, albedo_bgr (N, 3); gloss (N,)."""

    points_m: np.ndarray
    normals: np.ndarray
    to_camera: np.ndarray
    albedo_bgr: np.ndarray
    gloss: np.ndarray


class _FrameRender:
    """Renders one frame."""

    def __init__(self, renderer: Renderer, body_scene: _BodyScene) -> None:
        self._renderer = renderer
        self._body_scene = body_scene
        self._rays = renderer._color_rays

    def render(self) -> RenderBuffers:
        renderer, camera_rays = self._renderer, self._rays
        region = self._find_affected_region()
        active = np.flatnonzero(region)
        ground_m = renderer._ground.depth_m.reshape(-1)[active]
        hits, on_body = self._trace_bodies(camera_rays.directions[active], ground_m)
        body = active[on_body]
        surface = self._make_surface(camera_rays.directions[body], hits, on_body)
        segments = renderer._empty.segments.copy()
        segments.reshape(-1)[body] = self._body_scene.segments[hits.triangle[on_body]]

        points = camera_rays.origin_m + camera_rays.directions[active] * ground_m[:, None]
        normals = np.zeros_like(points)
        normals[:, 2] = 1
        points[on_body], normals[on_body] = surface.points_m, surface.normals
        fade = np.minimum(cv2.distanceTransform(region, cv2.DIST_L2, 3) / _HULL_MARGIN_PX, 1)
        lamp_visibility, sky_visibility = self._trace_light(active, points, normals, on_body, fade.reshape(-1)[active])

        radiance = renderer._empty.radiance_bgr.copy()
        flat = radiance.reshape(-1, 3)
        desk = active[~on_body]
        flat[desk] = self._shade_desk(desk, lamp_visibility.desk, sky_visibility.desk)
        flat[body] = renderer._lighting.shade_skin(surface, lamp_visibility.body[body], sky_visibility.body[body])
        self._smooth_edges(radiance, segments, lamp_visibility, sky_visibility)
        return RenderBuffers(radiance, segments, self._render_depth())

    def _find_affected_region(self) -> np.ndarray:
        """The region that can differ from the empty desk, around the bodies and their shadows: (H, W) uint8."""
        lamp = self._renderer._lighting.lamp_points
        extremes = lamp.min(axis=0), lamp.max(axis=0)
        parts = [self._body_scene.vertices_m[part] for part in self._body_scene.parts]
        spread = [np.concatenate([part, *(_project_shadow(part, point) for point in extremes)]) for part in parts]
        return _fill_hulls(self._rays, spread, _HULL_MARGIN_PX)

    def _trace_bodies(self, directions: np.ndarray, ground_m: np.ndarray) -> tuple[_RayHits, np.ndarray]:
        """The hits of the camera's rays, and which rays meet a body before the ground."""
        hits = self._body_scene.trace(self._rays.origin_m, directions)
        return hits, (hits.triangle >= 0) & (hits.distance < ground_m)

    def _make_surface(self, directions: np.ndarray, hits: _RayHits, chosen: np.ndarray) -> _Surface:
        body_scene, camera_rays = self._body_scene, self._rays
        corners = body_scene.triangles[hits.triangle[chosen]]
        weights = hits.weights[chosen]
        normals = _normalise(_interpolate(weights, body_scene.normals[corners]))
        texels = _sample_texture(self._renderer._atlas, _interpolate(weights, body_scene.uv[corners]))
        to_camera = _normalise(-directions)
        points = camera_rays.origin_m + directions * hits.distance[chosen][:, None]
        return _Surface(points, normals, to_camera, texels[:, :3], texels[:, 3])

    def _trace_light(
        self, active: np.ndarray, points_m: np.ndarray, normals: np.ndarray, on_body: np.ndarray, fade: np.ndarray
    ) -> tuple[_UnoccludedLighting, _UnoccludedLighting]:
        """Visibility of the lamp and of the sky from each active pixel.

        fade: factor on the ambient occlusion, so that it ends softly at the border of the region.
        """
        lighting, body_scene = self._renderer._lighting, self._body_scene
        row, column = np.divmod(active, self._rays.shape[1])
        place = (row % _PATTERN) * _PATTERN + column % _PATTERN
        start = points_m + normals * _RAY_OFFSET_M
        lamp = body_scene.are_unoccluded(start, lighting.lamp_points[place] - start)
        towards = _AMBIENT_OCCLUSION_RANGE_M * _normalise(normals + 0.98 * lighting.sky_directions[place])
        sky = 1 - fade * (1 - body_scene.are_unoccluded(start, towards))
        shape = self._rays.shape
        return _UnoccludedLighting.from_samples(active, lamp, on_body, shape), _UnoccludedLighting.from_samples(
            active, sky, on_body, shape
        )

    def _shade_desk(self, pixels: np.ndarray, lamp_visibility: np.ndarray, sky_visibility: np.ndarray) -> np.ndarray:
        renderer = self._renderer
        light = renderer._lamp_on_ground[pixels] * lamp_visibility[pixels, None]
        light += renderer._sky_on_ground[pixels] * sky_visibility[pixels, None]
        return renderer._ground.albedo_bgr.reshape(-1, 3)[pixels] * light

    def _smooth_edges(
        self,
        radiance: np.ndarray,
        segments: np.ndarray,
        lamp_visibility: _UnoccludedLighting,
        sky_visibility: _UnoccludedLighting,
    ) -> None:
        """Uses four rays per pixel instead of one where two segments meet."""
        lowest = cv2.erode(segments, np.ones((3, 3), np.uint8))
        highest = cv2.dilate(segments, np.ones((3, 3), np.uint8))
        edges = np.flatnonzero(lowest != highest)
        row, column = np.divmod(edges, segments.shape[1])
        total = np.zeros((len(edges), 3), dtype=np.float32)
        ground_m = self._renderer._ground.depth_m.reshape(-1)[edges]
        desk = self._shade_desk(edges, lamp_visibility.desk, sky_visibility.desk)
        for dx, dy in ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375)):
            directions = self._rays.compute_directions(np.column_stack([column + dx, row + dy]))
            hits, on_body = self._trace_bodies(directions, ground_m)
            surface = self._make_surface(directions[on_body], hits, on_body)
            color = desk.copy()
            body = edges[on_body]
            color[on_body] = self._renderer._lighting.shade_skin(
                surface, lamp_visibility.body[body], sky_visibility.body[body]
            )
            total += color
        radiance.reshape(-1, 3)[edges] = total / 4

    def _render_depth(self) -> np.ndarray:
        """Depth on the depth camera's grid."""
        camera_rays = self._renderer._depth_rays
        depth_m: np.ndarray = self._renderer._ground_depth_m.copy()
        inside = np.flatnonzero(
            _fill_hulls(camera_rays, [self._body_scene.vertices_m[part] for part in self._body_scene.parts], 2)
        )
        hits = self._body_scene.trace(camera_rays.origin_m, camera_rays.directions[inside])
        on_body = np.where(hits.triangle >= 0, hits.distance, np.inf)
        depth_m.reshape(-1)[inside] = np.minimum(depth_m.reshape(-1)[inside], on_body)
        return depth_m


@dataclass(frozen=True)
class _UnoccludedLighting:
    """The visible fraction of a light for pixels of the desk and for pixels of bodies, each extended slightly beyond
    its own pixels: (H * W,) float32, 0..1."""

    desk: np.ndarray
    body: np.ndarray

    @classmethod
    def from_samples(
        cls, active: np.ndarray, visibility: np.ndarray, on_body: np.ndarray, shape: tuple[int, int]
    ) -> _UnoccludedLighting:
        # Shadows of hands high above the desk are wide: one period of the pattern is not enough.
        return cls(
            _masked_mean(active, visibility, ~on_body, shape, 2), _masked_mean(active, visibility, on_body, shape, 1)
        )


def _masked_mean(
    active: np.ndarray, visibility: np.ndarray, chosen: np.ndarray, shape: tuple[int, int], passes: int
) -> np.ndarray:
    """`visibility` of the selected pixels, averaged `passes` times over the pattern; 1 far from selected pixels."""
    layers = np.zeros((shape[0] * shape[1], 2), dtype=np.float32)
    layers[active[chosen], 0] = visibility[chosen]
    layers[active[chosen], 1] = 1
    image: np.ndarray = layers.reshape(*shape, 2)
    for _ in range(passes):
        image = cv2.sepFilter2D(image, -1, _PATTERN_FILTER, _PATTERN_FILTER)
    sums = image.reshape(-1, 2)
    return np.where(sums[:, 1] > 0, sums[:, 0] / np.maximum(sums[:, 1], 1e-6), 1).astype(np.float32)


def _fill_hulls(camera_rays: CameraRays, parts: list[np.ndarray], margin_px: int) -> np.ndarray:
    """The region inside the convex hulls of sets of points, widened by margin_px: (H, W) uint8."""
    region = np.zeros(camera_rays.shape, dtype=np.uint8)
    for part in parts:
        pixels = np.clip(camera_rays.project_outline(part), -_MAX_OUTLINE_PX, _MAX_OUTLINE_PX).astype(np.float32)
        if len(pixels):
            cv2.fillConvexPoly(region, np.rint(cv2.convexHull(pixels)).astype(np.int32), 1)
    side = 2 * margin_px + 1
    return cv2.dilate(region, np.ones((side, side), np.uint8))


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, 3) and (N, 3) -> (N, 1)."""
    return np.einsum("nd,nd->n", a, b)[:, None]


def _normalise(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.sqrt(np.maximum(_dot(vectors, vectors), 1e-12))


def _interpolate(weights: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Weights (N, 3) of a triangle's corners, values at the corners (N, 3, D) -> interpolated values (N, D)."""
    return np.einsum("nk,nkd->nd", weights, corners)


def _project_shadow(points_m: np.ndarray, lamp_m: np.ndarray) -> np.ndarray:
    """The shadows of points on the desk, clipped to 1 m from the sheet's centre: (N, 3)."""
    height = np.clip(points_m[:, 2:], 0, lamp_m[2] * 0.8)
    along = height / (lamp_m[2] - height)
    shadow = points_m - along * (lamp_m - points_m)
    shadow[:, 2] = 0
    return np.clip(shadow, -1, 1)


def _make_sphere_points(count: int) -> np.ndarray:
    """Directions spread evenly over the sphere, neighbours in the pattern far apart: (N, 3) float32."""
    place = np.arange(count)
    z = 1 - 2 * (place + 0.5) / count
    angle = place * np.pi * (3 - np.sqrt(5))
    flat = np.sqrt(1 - z**2)
    points = np.column_stack([flat * np.cos(angle), flat * np.sin(angle), z])
    return points[(place * 7) % count].astype(np.float32)


def _build_atlas(bodies: Mapping[str, Body]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """All textures side by side, and each body's uv in it."""
    height = max(body.texture.shape[0] for body in bodies.values())
    columns, uv, left = [], {}, 0
    for name, body in bodies.items():
        texture = body.texture
        columns.append(np.pad(texture, ((0, height - texture.shape[0]), (0, 0), (0, 0)), mode="edge"))
        uv[name] = (body.uv + np.array([left, 0])).astype(np.float32)
        left += texture.shape[1]
    return np.ascontiguousarray(np.concatenate(columns, axis=1)), uv


def _sample_texture(texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
    """Bilinear samples of a texture (H, W, C) at texture pixels (N, 2): (N, C)."""
    width = 256  # cv2.remap requires maps of two dimensions, each at most 32767
    rows = max(1, -(-len(uv) // width))
    padded = np.zeros((2, rows * width), dtype=np.float32)
    padded[:, : len(uv)] = uv.T - 0.5
    column, row = padded.reshape(2, rows, width)
    image = cv2.remap(texture, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return image.reshape(-1, texture.shape[2])[: len(uv)]
