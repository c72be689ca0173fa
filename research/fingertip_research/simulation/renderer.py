"""Ray-traced images of hands over a desk: linear colour, both imagers, exact depth, and the segment of each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.bodies import Body, BodyScene, Shape, build_atlas
from fingertip_research.simulation.camera_rays import MIN_PROJECTION_DEPTH_M, CameraRays
from fingertip_research.simulation.exact_depth import make_pixel_map
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.lighting import Lighting
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.view_renderer import ViewImage, ViewRenderer, trace_depth_m

_SKIN_DEPTH_M = 0.012  # a point this far under its own skin still counts as visible


@dataclass(frozen=True)
class RenderBuffers:
    """A frame before any sensor.

    radiance_bgr: (H, W, 3) float32, linear, of the colour camera. segments: (H, W) uint8 of the colour camera, DESK or
    `bodies.finger_segment`. depth_m: (H, W) float32 along the optical axis, on the depth camera's own grid.
    imager_radiance: (H, W) float32, grey, of the left and the right imager; None for a scene with an ideal sensor. The
    left imager is the depth camera.
    """

    radiance_bgr: np.ndarray
    segments: np.ndarray
    depth_m: np.ndarray
    imager_radiance: tuple[np.ndarray, np.ndarray] | None = None


class Renderer:
    """Renders bodies over the scene's desk."""

    def __init__(self, scene: Scene, background: Background, bodies: Mapping[str, Body]) -> None:
        self._bodies = dict(bodies)
        atlas, self._atlas_uv = build_atlas(self._bodies)
        lighting = Lighting(scene.light)
        self._color_rays = CameraRays(scene.color_camera, scene.camera_from_sheet)
        self._depth_rays = CameraRays(scene.depth_camera, scene.camera_from_sheet)
        self._ground_depth_m = background.trace_depth_m(self._depth_rays)
        self._color = ViewRenderer(self._color_rays, background, lighting, atlas)
        self._right: ViewRenderer | None = None
        if scene.sensor == "stereo":
            right_pose = _shift_right(scene.camera_from_sheet, D405.baseline_m)
            self._right = ViewRenderer(CameraRays(scene.color_camera, right_pose), background, lighting, atlas)
            self._rectification = make_pixel_map(scene.depth_camera, scene.color_camera)

    def render(self, shapes: Mapping[str, Shape]) -> RenderBuffers:
        """The scene with the named bodies in their `shapes`; the empty desk if there are none."""
        body_scene = BodyScene(self._bodies, self._atlas_uv, shapes) if shapes else None
        color = self._color.render(body_scene)
        return RenderBuffers(
            radiance_bgr=color.radiance_bgr,
            segments=color.segments,
            depth_m=trace_depth_m(self._depth_rays, self._ground_depth_m, body_scene),
            imager_radiance=self._render_imagers(color, self._right.render(body_scene)) if self._right else None,
        )

    def _render_imagers(self, left: ViewImage, right: ViewImage) -> tuple[np.ndarray, np.ndarray]:
        """Grey and rectified. Colour comes from the left imager, the right one has an equal lens."""
        left_grey, right_grey = (
            cv2.remap(
                cv2.cvtColor(view.radiance_bgr, cv2.COLOR_BGR2GRAY), *self._rectification, cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for view in (left, right)
        )  # fmt: skip
        return left_grey, right_grey

    def are_visible(self, shapes: Mapping[str, Shape], points_m: np.ndarray, segments: np.ndarray) -> np.ndarray:
        """Whether the colour camera sees points (N, 3), sheet frame, of the given segments (N,): (N,) bool.

        A point just under the skin counts as visible if only the skin of its own segment lies in front of it.
        """
        camera_rays = self._color_rays
        camera_points = camera_rays.camera_from_sheet.apply(points_m)
        in_front = camera_points[:, 2] > MIN_PROJECTION_DEPTH_M
        pixels = camera_rays.camera.project(np.where(in_front[:, None], camera_points, (0.0, 0.0, 1.0)))
        inside = in_front & np.all((pixels > -0.5) & (pixels < np.array(camera_rays.shape[::-1]) - 0.5), axis=1)
        body_scene = BodyScene(self._bodies, self._atlas_uv, shapes)
        directions = (points_m - camera_rays.origin_m) / np.maximum(camera_points[:, 2:], MIN_PROJECTION_DEPTH_M)
        hit = body_scene.trace(camera_rays.origin_m, directions.astype(np.float32))
        own = (body_scene.segments[hit.triangle] == segments) & (hit.distance > camera_points[:, 2] - _SKIN_DEPTH_M)
        return inside & ((hit.triangle < 0) | (hit.distance > camera_points[:, 2]) | own)


def _shift_right(camera_from_sheet: RigidTransform, distance_m: float) -> RigidTransform:
    """The pose of a camera at this distance to the right, with the same axes."""
    shift_m = np.array([-distance_m, 0.0, 0.0])
    return RigidTransform(camera_from_sheet.rotation, camera_from_sheet.translation_m + shift_m)
