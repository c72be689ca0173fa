"""What stands around the sheet: where it may stand, and how rays meet it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.appearance import make_desk_texture
from fingertip_research.simulation.camera_rays import CameraRays
from fingertip_research.simulation.camera_view import VIEWS
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.scene import Scene, make_scene
from fingertip_research.simulation.scene_look import PLAIN_DESKS
from fingertip_research.simulation.solids import Finish, make_box
from fingertip_research.simulation.surroundings import CLUTTERS, Surroundings, make_surroundings

BOX_M = np.array([0.20, 0.20, 0.0]), np.array([0.06, 0.06, 0.04])
GREY = Finish(np.full(3, 0.3), 0.0, 0.005)


def draw(scene: Scene, clutter: str, seed: int) -> Surroundings:
    return make_surroundings(np.random.default_rng(seed), scene.view, clutter, scene.camera_from_sheet)


def small(scene: Scene) -> CameraRays:
    """The rays of the colour camera, every eighth in both directions."""
    camera = scene.color_camera
    scaled = replace(
        camera,
        fx=camera.fx / 8,
        fy=camera.fy / 8,
        cx=camera.cx / 8,
        cy=camera.cy / 8,
        width=camera.width // 8,
        height=camera.height // 8,
        distortion=(),
    )
    return CameraRays(scaled, scene.camera_from_sheet)


def make_background(scene: Scene, surroundings: Surroundings) -> Background:
    layout = load_layout("qwerty")
    return Background(
        desk_bgr=np.full((100, 100, 3), 0.5, np.float32),
        sheet=np.full((210, 297), 255, np.uint8),
        sheet_size_m=layout.sheet_size_m,
        backdrop_bgr=np.full(3, 0.2, np.float32),
        surroundings=surroundings,
        light=scene.light,
    )


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("angle_deg", [30.0, 60.0, 90.0])
def test_nothing_hides_the_sheet(view: str, angle_deg: float) -> None:
    """With any clutter the camera sees the whole sheet, and nothing stands where hands type."""
    for seed in range(6):
        scene = make_scene(seed, angle_deg, "hard", 0.36, view=view)
        rays = small(scene)
        background = make_background(scene, draw(scene, "much", seed))
        points_m = rays.origin_m + rays.directions * background.trace_depth_m(rays).reshape(-1, 1)
        level_m = rays.origin_m - rays.directions * (rays.origin_m[2] / np.minimum(rays.directions[:, 2:], -1e-6))
        on_sheet = (np.abs(level_m[:, 0]) < 0.145) & (np.abs(level_m[:, 1]) < 0.10) & (rays.directions[:, 2] < 0)
        assert on_sheet.sum() > 100
        assert np.abs(points_m[on_sheet, 2]).max() < 1e-5
        in_the_way = (np.abs(points_m[:, 0]) < 0.2) & (points_m[:, 1] > -0.4) & (points_m[:, 1] < 0.12)
        assert points_m[in_the_way, 2].max() < 1e-5


def test_clutter_grows() -> None:
    """Without clutter a facing camera sees a desk without end and nothing else; much clutter is more than some."""
    scene = make_scene(1, 60.0)
    none, some, much = (draw(scene, clutter, 5) for clutter in CLUTTERS)
    assert none == Surroundings()
    assert some.furniture is not None
    assert much.furniture is not None
    assert len(much.furniture.triangles) > 1.5 * len(some.furniture.triangles)
    assert np.isfinite(much.desk_x_m).all()


def test_the_desk_ends_before_a_wall() -> None:
    """From the typist's own side the desk ends on its far side, and every ray meets something in the room."""
    scene = make_scene(2, 30.0, "calm", view="own_side")
    around = draw(scene, "none", 1)
    assert 0.3 < around.desk_y_m[1] < 1.0
    assert around.backdrop_m >= around.desk_y_m[1]
    depth_m = make_background(scene, around).trace_depth_m(small(scene))
    assert depth_m.max() < 4.9


def test_a_box_has_exact_depth_and_a_shadow() -> None:
    """The top of a box is at its height, to ten micrometres; the desk beside it is darker away from the lamp."""
    scene = make_scene(5, 90.0, "calm", 0.45, view="own_side")
    scene = replace(scene, light=replace(scene.light, position_m=np.array([-0.8, 0.2, 0.9])))
    background = make_background(scene, Surroundings(furniture=make_box(*BOX_M, 0.0, GREY)))
    rays = small(scene)
    ground = background.render_ground(rays)
    points_m = (rays.origin_m + rays.directions * ground.depth_m.reshape(-1, 1)).reshape(*rays.shape, 3)
    on_top = np.all(np.abs(points_m[..., :2] - BOX_M[0][:2]) < 0.025, axis=-1) & (points_m[..., 2] > 0.01)
    assert on_top.sum() > 10
    assert np.abs(points_m[on_top][:, 2] - BOX_M[1][2]).max() < 1e-5
    beside, opposite = (
        np.all(np.abs(points_m - (BOX_M[0][0] + x_m, 0.2, 0.0)) < 0.011, axis=-1) for x_m in (0.063, -0.05)
    )
    assert beside.any()
    assert opposite.any()
    assert ground.albedo_bgr[beside].mean() < 0.8 * ground.albedo_bgr[opposite].mean()


def test_furniture_needs_light() -> None:
    """Without light there is an error, not a flat picture."""
    scene = make_scene(5, 60.0)
    background = replace(make_background(scene, draw(scene, "some", 1)), light=None)
    with pytest.raises(ValueError, match="needs its light"):
        background.render_ground(small(scene))


@pytest.mark.parametrize("desk", PLAIN_DESKS)
def test_plain_desks_have_little_texture(desk: str) -> None:
    """A plain desk has a fifth of the contrast of the one it is made from, and the same colour."""
    names = desk, desk.removeprefix("plain_")
    plain, textured = (make_desk_texture(name, np.random.default_rng(3)).astype(float) for name in names)
    assert plain.std(axis=(0, 1)) == pytest.approx(0.2 * textured.std(axis=(0, 1)), rel=0.02)
    assert plain.mean(axis=(0, 1)) == pytest.approx(textured.mean(axis=(0, 1)), rel=0.01)


def test_harder_scenes_have_plainer_desks_rings_and_tinted_light() -> None:
    """Over a hundred seeds calm scenes have no rings; in hard ones rings, plain desks and tints are frequent."""
    calm, hard = ([make_scene(seed, 60.0, level) for seed in range(100)] for level in ("calm", "hard"))
    assert not any(scene.appearance.rings for scene in calm)
    assert sum(bool(scene.appearance.rings) for scene in hard) > 30
    plain = [sum(scene.appearance.desk in PLAIN_DESKS for scene in scenes) for scenes in (calm, hard)]
    assert 5 < plain[0] < plain[1] < 70
    tints = [[scene.light.lamp_bgr[2] / scene.light.lamp_bgr[0] for scene in scenes] for scenes in (calm, hard)]
    assert np.ptp(tints[1]) > 2 * np.ptp(tints[0])
