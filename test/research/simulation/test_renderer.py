"""Depth, segments and shadows of the renderer."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from fingertip_research.simulation.bodies import Body, Shape, finger_segment
from fingertip_research.simulation.camera_rays import pixel_grid
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.renderer import RenderBuffers, Renderer
from fingertip_research.simulation.scene import Scene, make_scene

RADIUS_M = 0.03
CENTER_M = np.array([0.02, 0.01, 0.06])
BALL = finger_segment("right", 1)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """A scene with the lamp to the left, so that shadows are visible to the camera."""
    scene = make_scene(5, 60.0, "calm")
    return replace(scene, light=replace(scene.light, position_m=np.array([-0.8, 0.2, 0.9])))


@pytest.fixture(scope="module")
def renderer(scene: Scene) -> Renderer:
    background = Background(
        desk_bgr=np.full((100, 100, 3), 0.5, np.float32),
        sheet=np.full((210, 297), 255, np.uint8),
        sheet_size_m=(0.297, 0.210),
        backdrop_bgr=np.full(3, 0.2, np.float32),
    )
    return Renderer(scene, background, {"ball": ball_body()})


@pytest.fixture(scope="module")
def buffers(renderer: Renderer) -> RenderBuffers:
    return renderer.render({"ball": ball_shape()})


def ball_grid() -> tuple[np.ndarray, int]:
    """Unit normals of a fine sphere, row by row, and the length of a row."""
    columns = 400
    polar, around = np.meshgrid(np.linspace(0, np.pi, 201), np.arange(columns) * 2 * np.pi / columns, indexing="ij")
    normals = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)], axis=-1)
    return normals.reshape(-1, 3), columns


def ball_body() -> Body:
    normals, columns = ball_grid()
    row, column = np.divmod(np.arange(len(normals) - columns), columns)
    a, b = row * columns + column, row * columns + (column + 1) % columns
    triangles = np.concatenate([np.stack([a, a + columns, b], 1), np.stack([b, a + columns, b + columns], 1)])
    texture = np.full((8, 8, 4), 0.4, np.float32)
    uv = np.full((len(normals), 2), 4, np.float32)
    return Body(triangles.astype(np.int32), uv, texture, np.full(len(triangles), BALL, np.uint8))


def ball_shape(center_m: np.ndarray = CENTER_M) -> Shape:
    normals, _ = ball_grid()
    return Shape((center_m + RADIUS_M * normals).astype(np.float32), normals.astype(np.float32))


def deproject_points(scene: Scene, buffers: RenderBuffers) -> np.ndarray:
    """The point of each pixel of the depth image, sheet frame: (H, W, 3)."""
    rays = scene.depth_camera.rays(pixel_grid(scene.depth_camera))
    points = scene.camera_from_sheet.inverse.apply(rays * buffers.depth_m.reshape(-1, 1))
    return points.reshape(*buffers.depth_m.shape, 3)


def test_the_desk_is_a_plane(scene: Scene, renderer: Renderer) -> None:
    """Every pixel of the empty desk deprojects to height 0 within two micrometres."""
    points = deproject_points(scene, renderer.render({}))
    desk = points[..., 1] > -0.41
    assert desk.mean() > 0.5
    assert np.abs(points[desk][:, 2]).max() < 2e-6


def test_a_ball_has_exact_depth(scene: Scene, buffers: RenderBuffers, renderer: Renderer) -> None:
    """Pixels of the ball lie on its surface; their number is that of its projected disc."""
    ball = buffers.depth_m < renderer.render({}).depth_m - 1e-5
    distance_m = np.linalg.norm(deproject_points(scene, buffers)[ball] - CENTER_M, axis=1)
    assert np.abs(distance_m - RADIUS_M).max() < 1e-5
    depth_m = scene.camera_from_sheet.apply(CENTER_M)[2]
    assert ball.sum() == pytest.approx(np.pi * (RADIUS_M * scene.depth_camera.fx / depth_m) ** 2, rel=0.1)


def test_segment_ids_mark_the_ball(scene: Scene, buffers: RenderBuffers) -> None:
    """The projection of the ball's centre has the ball's number; there are only the ball's and the desk's numbers."""
    column, row = np.rint(scene.color_camera.project(scene.camera_from_sheet.apply(CENTER_M)[None])[0]).astype(int)
    assert buffers.segments[row, column] == BALL
    assert set(np.unique(buffers.segments)) == {0, BALL}


def test_geometry_below_the_desk_is_hidden(renderer: Renderer) -> None:
    """A body below the desk's surface changes neither depth nor segments."""
    buried = renderer.render({"ball": ball_shape(np.array([0.0, 0.0, -0.05]))})
    assert (buried.depth_m == renderer.render({}).depth_m).all()
    assert not buried.segments.any()


def test_the_ball_casts_a_shadow(scene: Scene, buffers: RenderBuffers, renderer: Renderer) -> None:
    """The desk is much darker in the ball's shadow, and unchanged far from it."""
    lamp_m = scene.light.position_m
    shadow_m = lamp_m + (CENTER_M - lamp_m) * lamp_m[2] / (lamp_m[2] - CENTER_M[2])
    ratio = buffers.radiance_bgr / renderer.render({}).radiance_bgr
    column, row = np.rint(scene.color_camera.project(scene.camera_from_sheet.apply(shadow_m)[None])[0]).astype(int)
    around = ratio[row - 8 : row + 9, column - 8 : column + 9]
    desk = buffers.segments[row - 8 : row + 9, column - 8 : column + 9] == 0
    assert desk.any()
    assert around[desk].min() < 0.75
    assert (ratio[-60:, :60] == 1).all()


def test_ambient_occlusion_darkens_the_desk_near_contact(scene: Scene, renderer: Renderer) -> None:
    """Near a body on the desk the light of the sky is dimmed, also on the side away from the shadow."""
    resting = np.array([0.0, 0.0, RADIUS_M])
    buffers = renderer.render({"ball": ball_shape(resting)})
    ratio = buffers.radiance_bgr.mean(axis=2) / renderer.render({}).radiance_bgr.mean(axis=2)
    towards_lamp = scene.light.position_m * (1, 1, 0) / np.linalg.norm(scene.light.position_m[:2])
    near, far = (resting * (1, 1, 0) + reach * towards_lamp for reach in (0.032, 0.12))
    pixels = scene.color_camera.project(scene.camera_from_sheet.apply(np.stack([near, far])))
    (column, row), (far_column, far_row) = np.rint(pixels).astype(int)
    patch = (slice(row - 3, row + 4), slice(column - 3, column + 4))
    visible = ratio[patch][buffers.segments[patch] == 0]
    assert visible.mean() < 0.98 * ratio[far_row, far_column]


def test_edges_are_antialiased(buffers: RenderBuffers) -> None:
    """Pixels along the silhouette have a brightness between the ball's and the desk's."""
    light = buffers.radiance_bgr[..., 1]
    edge = cv2.morphologyEx(buffers.segments, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    lowest, highest = (function(light, np.ones((5, 5), np.uint8)) for function in (cv2.erode, cv2.dilate))
    ratio = (light - lowest)[edge] / np.maximum(highest - lowest, 1e-6)[edge]
    assert ((ratio > 0.2) & (ratio < 0.8)).mean() > 0.25


def test_occluded_points_are_not_visible(scene: Scene, renderer: Renderer) -> None:
    """The ball's side towards the camera is visible; its far side and a point outside the image are not."""
    camera_m = scene.camera_from_sheet.inverse.translation_m
    towards = (camera_m - CENTER_M) / np.linalg.norm(camera_m - CENTER_M)
    points = np.stack([CENTER_M + RADIUS_M * towards, CENTER_M - RADIUS_M * towards, [2.0, 0.0, 0.0]])
    visible = renderer.are_visible({"ball": ball_shape()}, points, np.full(3, BALL))
    assert visible.tolist() == [True, False, False]


def test_renderer_is_deterministic(renderer: Renderer, buffers: RenderBuffers) -> None:
    """Rendering twice gives identical images."""
    again = renderer.render({"ball": ball_shape()})
    assert (again.radiance_bgr == buffers.radiance_bgr).all()
    assert (again.depth_m == buffers.depth_m).all()


def test_colour_and_depth_cameras_agree(scene: Scene, buffers: RenderBuffers) -> None:
    """The ball's pixels in the distorted colour image are the ball's in the rectified depth image."""
    rows, columns = np.nonzero(buffers.segments == BALL)
    rays = scene.color_camera.rays(np.column_stack([columns, rows]).astype(float))
    pixels = np.rint(scene.depth_camera.project(rays)).astype(int)
    on_desk = (
        replace(buffers, depth_m=deproject_points(scene, buffers)[..., 2]).depth_m[pixels[:, 1], pixels[:, 0]] < 1e-4
    )
    assert on_desk.mean() < 0.03
