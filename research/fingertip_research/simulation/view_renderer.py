"""The image of the scene from one camera: the desk is lit once, per frame only what bodies and their shadows change.

Shadows and ambient occlusion use one ray per pixel each, its direction from a 4x4 pattern, and a filter of the same
size ("interleaved sampling", Keller and Heidrich 2001): soft, free of noise, and deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_research.simulation.bodies import BodyScene, RayHits, interpolate, sample_texture
from fingertip_research.simulation.camera_rays import CameraRays
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.lighting import PATTERN, Lighting, Surface, normalise
from fingertip_research.simulation.motion_blur import blur_motion

_PATTERN_FILTER = np.array([0.5, 1.0, 1.0, 1.0, 0.5], dtype=np.float32)
_AMBIENT_OCCLUSION_RANGE_M = 0.08  # maximum distance at which an object dims the light of the sky
_RAY_OFFSET_M = 0.0006  # distance of a ray's start from its surface
_HULL_MARGIN_PX = 28
_MAX_OUTLINE_PX = 4000  # outlines are clipped to this distance from the image's origin


@dataclass(frozen=True)
class ViewImage:
    """radiance_bgr: (H, W, 3) float32, linear. segments: (H, W) uint8, DESK or `bodies.finger_segment`."""

    radiance_bgr: np.ndarray
    segments: np.ndarray


class ViewRenderer:
    """Renders for one camera."""

    def __init__(self, camera_rays: CameraRays, background: Background, lighting: Lighting, atlas: np.ndarray) -> None:
        self.camera_rays = camera_rays
        self.lighting = lighting
        self.atlas = atlas
        self.ground = background.render_ground(camera_rays)
        points = camera_rays.origin_m + camera_rays.directions * self.ground.depth_m.reshape(-1, 1)
        self.lamp_on_ground, self.sky_on_ground = lighting.compute_ground_irradiance(points.astype(np.float32))
        light = self.ground.albedo_bgr.reshape(-1, 3) * (self.lamp_on_ground + self.sky_on_ground)
        self.empty = ViewImage(light.reshape(*camera_rays.shape, 3), np.zeros(camera_rays.shape, dtype=np.uint8))

    def render(self, body_scene: BodyScene | None) -> ViewImage:
        """The scene with bodies; the empty desk if there are none."""
        return self.empty if body_scene is None else _FrameRender(self, body_scene).render()


def trace_depth_m(camera_rays: CameraRays, ground_depth_m: np.ndarray, body_scene: BodyScene | None) -> np.ndarray:
    """Exact depth: (H, W) float32, metres. ground_depth_m: (H, W) of the empty desk; it is not changed."""
    if body_scene is None:
        return ground_depth_m
    depth_m = ground_depth_m.copy()
    outlines = [body_scene.vertices_m[part] for part in body_scene.parts]
    inside = np.flatnonzero(_fill_hulls(camera_rays, outlines, 2))
    hits = body_scene.trace(camera_rays.origin_m, camera_rays.directions[inside])
    on_body = np.where(hits.triangle >= 0, hits.distance, np.inf)
    depth_m.reshape(-1)[inside] = np.minimum(depth_m.reshape(-1)[inside], on_body)
    return depth_m


class _FrameRender:
    """Renders one frame."""

    def __init__(self, view: ViewRenderer, body_scene: BodyScene) -> None:
        self._view = view
        self._body_scene = body_scene
        self._rays = view.camera_rays

    def render(self) -> ViewImage:
        view, camera_rays = self._view, self._rays
        region = self._find_affected_region()
        active = np.flatnonzero(region)
        ground_m = view.ground.depth_m.reshape(-1)[active]
        hits, on_body = self._trace_bodies(camera_rays.directions[active], ground_m)
        body = active[on_body]
        surface = self._make_surface(camera_rays.directions[body], hits, on_body)
        segments = view.empty.segments.copy()
        segments.reshape(-1)[body] = self._body_scene.segments[hits.triangle[on_body]]

        points = camera_rays.origin_m + camera_rays.directions[active] * ground_m[:, None]
        normals = np.zeros_like(points)
        normals[:, 2] = 1
        points[on_body], normals[on_body] = surface.points_m, surface.normals
        fade = np.minimum(cv2.distanceTransform(region, cv2.DIST_L2, 3) / _HULL_MARGIN_PX, 1)
        lamp_visibility, sky_visibility = self._trace_light(active, points, normals, on_body, fade.reshape(-1)[active])

        radiance = view.empty.radiance_bgr.copy()
        flat = radiance.reshape(-1, 3)
        desk = active[~on_body]
        flat[desk] = self._shade_desk(desk, lamp_visibility.desk, sky_visibility.desk)
        flat[body] = view.lighting.shade_skin(surface, lamp_visibility.body[body], sky_visibility.body[body])
        self._smooth_edges(radiance, segments, lamp_visibility, sky_visibility)
        self._blur_motion(radiance, body, hits, on_body)
        return ViewImage(radiance, segments)

    def _blur_motion(self, radiance: np.ndarray, body: np.ndarray, hits: RayHits, on_body: np.ndarray) -> None:
        """Smears what moves while the image is exposed. body: pixels on bodies; hits: of all active pixels."""
        displacement_m = self._body_scene.displacement_m
        if displacement_m is None or not len(body):
            return
        corners = self._body_scene.triangles[hits.triangle[on_body]]
        moved_m = interpolate(hits.weights[on_body], displacement_m[corners])
        flow_px = np.zeros((*self._rays.shape, 2), dtype=np.float32)
        depth_m = hits.distance[on_body]
        flow_px.reshape(-1, 2)[body] = self._rays.project_displacements(body, depth_m, moved_m)
        blur_motion(radiance, flow_px)

    def _find_affected_region(self) -> np.ndarray:
        """The region that can differ from the empty desk, around the bodies and their shadows: (H, W) uint8."""
        lamp = self._view.lighting.lamp_points
        extremes = lamp.min(axis=0), lamp.max(axis=0)
        parts = [self._body_scene.vertices_m[part] for part in self._body_scene.parts]
        spread = [np.concatenate([part, *(_project_shadow(part, point) for point in extremes)]) for part in parts]
        return _fill_hulls(self._rays, spread, _HULL_MARGIN_PX)

    def _trace_bodies(self, directions: np.ndarray, ground_m: np.ndarray) -> tuple[RayHits, np.ndarray]:
        """The hits of the camera's rays, and which rays meet a body before the ground."""
        hits = self._body_scene.trace(self._rays.origin_m, directions)
        return hits, (hits.triangle >= 0) & (hits.distance < ground_m)

    def _make_surface(self, directions: np.ndarray, hits: RayHits, chosen: np.ndarray) -> Surface:
        body_scene, camera_rays = self._body_scene, self._rays
        corners = body_scene.triangles[hits.triangle[chosen]]
        weights = hits.weights[chosen]
        normals = normalise(interpolate(weights, body_scene.normals[corners]))
        texels = sample_texture(self._view.atlas, interpolate(weights, body_scene.uv[corners]))
        to_camera = normalise(-directions)
        points = camera_rays.origin_m + directions * hits.distance[chosen][:, None]
        return Surface(points, normals, to_camera, texels[:, :3], texels[:, 3])

    def _trace_light(
        self, active: np.ndarray, points_m: np.ndarray, normals: np.ndarray, on_body: np.ndarray, fade: np.ndarray
    ) -> tuple[_UnoccludedLighting, _UnoccludedLighting]:
        """Visibility of the lamp and of the sky from each active pixel.

        fade: factor on the ambient occlusion, so that it ends softly at the border of the region.
        """
        lighting, body_scene = self._view.lighting, self._body_scene
        row, column = np.divmod(active, self._rays.shape[1])
        place = (row % PATTERN) * PATTERN + column % PATTERN
        start = points_m + normals * _RAY_OFFSET_M
        lamp = body_scene.are_unoccluded(start, lighting.lamp_points[place] - start)
        towards = _AMBIENT_OCCLUSION_RANGE_M * normalise(normals + 0.98 * lighting.sky_directions[place])
        sky = 1 - fade * (1 - body_scene.are_unoccluded(start, towards))
        shape = self._rays.shape
        return _UnoccludedLighting.from_samples(active, lamp, on_body, shape), _UnoccludedLighting.from_samples(
            active, sky, on_body, shape
        )

    def _shade_desk(self, pixels: np.ndarray, lamp_visibility: np.ndarray, sky_visibility: np.ndarray) -> np.ndarray:
        view = self._view
        light = view.lamp_on_ground[pixels] * lamp_visibility[pixels, None]
        light += view.sky_on_ground[pixels] * sky_visibility[pixels, None]
        return view.ground.albedo_bgr.reshape(-1, 3)[pixels] * light

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
        ground_m = self._view.ground.depth_m.reshape(-1)[edges]
        desk = self._shade_desk(edges, lamp_visibility.desk, sky_visibility.desk)
        for dx, dy in ((-0.375, -0.125), (0.125, -0.375), (0.375, 0.125), (-0.125, 0.375)):
            directions = self._rays.compute_directions(np.column_stack([column + dx, row + dy]))
            hits, on_body = self._trace_bodies(directions, ground_m)
            surface = self._make_surface(directions[on_body], hits, on_body)
            color = desk.copy()
            body = edges[on_body]
            color[on_body] = self._view.lighting.shade_skin(
                surface, lamp_visibility.body[body], sky_visibility.body[body]
            )
            total += color
        radiance.reshape(-1, 3)[edges] = total / 4


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


def _project_shadow(points_m: np.ndarray, lamp_m: np.ndarray) -> np.ndarray:
    """The shadows of points on the desk, clipped to 1 m from the sheet's centre: (N, 3)."""
    height = np.clip(points_m[:, 2:], 0, lamp_m[2] * 0.8)
    along = height / (lamp_m[2] - height)
    shadow = points_m - along * (lamp_m - points_m)
    shadow[:, 2] = 0
    return np.clip(shadow, -1, 1)
