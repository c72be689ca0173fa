"""Both views: where sheet, hands and arms are in the image, and how hands come into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.datatypes import HANDS
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.simulation.camera_view import VIEWS, View
from fingertip_research.simulation.forearm import make_forearm
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.image_edges import EDGES, find_edge_offset_m
from fingertip_research.simulation.planning import CALIBRATION_S, ENTER_S, LEAVE_S
from fingertip_research.simulation.rendered_typing import plan_typing
from fingertip_research.simulation.scene import Scene, make_scene

ANGLES_DEG = {"facing": (30.0, 45.0, 60.0, 75.0, 90.0), "own_side": (30.0, 45.0, 60.0, 90.0)}
PLACEMENTS = [(view, angle_deg) for view in VIEWS for angle_deg in ANGLES_DEG[view]]
LAYOUT = load_layout("qwerty")
WRIST_M = {"left": np.array([-0.08, -0.13, 0.05]), "right": np.array([0.08, -0.13, 0.05])}


def project(scene: Scene, points_m: np.ndarray) -> np.ndarray:
    """(N, 2) pixels; NaN behind the camera. Without distortion, whose polynomial is invalid far outside the image."""
    points = scene.camera_from_sheet.apply(points_m)
    return replace(scene.color_camera, distortion=()).project(np.where(points[:, 2:] > 0.02, points, np.nan))


def is_inside(pixels: np.ndarray) -> np.ndarray:
    """(N,) whether pixels are inside the image of 640x480."""
    with np.errstate(invalid="ignore"):
        return np.all((pixels >= 0) & (pixels < (640, 480)), axis=1)


@pytest.mark.parametrize(("view", "angle_deg"), PLACEMENTS)
def test_sheet_is_upright_only_from_the_typists_side(view: View, angle_deg: float) -> None:
    """From the own side the sheet's right is to the right and its far edge up; a facing camera sees both reversed."""
    scene = make_scene(3, angle_deg, view=view)
    left, right, near, far = project(scene, np.array([[-0.1, 0, 0], [0.1, 0, 0], [0, -0.09, 0], [0, 0.09, 0.0]]))
    sign = 1 if view == "own_side" else -1
    assert sign * (right - left)[0] > 100
    assert abs((right - left)[1]) < 0.15 * abs((right - left)[0])
    assert sign * (near - far)[1] > 40


@pytest.mark.parametrize(("view", "angle_deg"), PLACEMENTS)
@pytest.mark.parametrize("distance_m", [0.25, 0.45])
def test_camera_is_where_its_view_says(view: View, angle_deg: float, distance_m: float) -> None:
    """Elevation within 3 degrees, distance within a centimetre, on the view's side of the sheet."""
    origin_m = make_scene(4, angle_deg, "normal", distance_m, view=view).camera_from_sheet.inverse.translation_m
    level_m = np.hypot(*origin_m[:2])
    assert np.rad2deg(np.arctan2(origin_m[2], level_m)) == pytest.approx(angle_deg, abs=3)
    assert np.linalg.norm(origin_m) == pytest.approx(distance_m, abs=0.01)
    if angle_deg < 85:
        assert (origin_m[1] > 0) == (view == "facing")


@pytest.mark.parametrize(("view", "angle_deg"), PLACEMENTS)
def test_arms_come_in_over_the_typists_edge(view: View, angle_deg: float) -> None:
    """Over the sheet a hand's arm reaches the image's bottom from the own side, its top when facing; fingers point the
    other way."""
    scene = make_scene(5, angle_deg, "normal", 0.36, view=view)
    for hand in HANDS:
        model = HandModel.load(hand)
        pose = HandPose(RigidTransform(np.eye(3), WRIST_M[hand]), np.zeros((5, 4)))
        joints = model.joints(pose)
        wrist, tip = project(scene, np.stack([joints["wrist"], joints["middle_tip"]]))
        arm, _ = make_forearm(model, 0.05).pose_skin(model.pose_skin(pose)[0])
        rows = project(scene, arm)[:, 1]
        if view == "own_side":
            assert tip[1] < wrist[1] < np.nanmax(rows)
            assert np.nanmin(rows) > tip[1]
        else:
            assert np.nanmin(rows) < wrist[1] < tip[1]


@pytest.mark.parametrize(("view", "angle_deg"), [(view, angle) for view, angle in PLACEMENTS if angle >= 45])
def test_hands_begin_outside_the_view(view: View, angle_deg: float) -> None:
    """Beyond each edge no part of the hand before the typist's body is in the image."""
    scene = make_scene(6, angle_deg, "normal", 0.40, view=view)
    for hand in HANDS:
        model = HandModel.load(hand)
        for edge in EDGES:
            wrist_m = WRIST_M[hand] + find_edge_offset_m(edge, hand, view)
            skin_m, _ = model.pose_skin(HandPose(RigidTransform(np.eye(3), wrist_m), np.zeros((5, 4))))
            assert not is_inside(project(scene, skin_m[skin_m[:, 1] > -0.55])).any(), edge


def test_typing_hands_come_and_go_over_different_edges() -> None:
    """Over eight seeds hands come in over bottom, left and right of the own side's image, and leave over all four."""
    scene = make_scene(7, 60.0, "normal", 0.36, view="own_side")
    entered, left = set(), set()
    for seed in range(8):
        plan = plan_typing("a", LAYOUT, seed, "calm", view="own_side")
        for hand in HANDS:
            for start_s, duration_s, edges, place in (
                (CALIBRATION_S, ENTER_S, entered, 0),
                (plan.end_s, LEAVE_S, left, -1),
            ):
                poses = plan.motions[hand].poses(np.linspace(start_s, start_s + duration_s, 28))
                pixels = project(scene, np.array([plan.models[hand].joints(pose)["middle_tip"] for pose in poses]))
                seen = is_inside(pixels)
                assert not seen[place]
                assert seen[-1 - place]
                edges.add(find_nearest_edge(pixels[seen][place]))
    assert entered == {"bottom", "left", "right"}
    assert left == {"bottom", "left", "right", "top"}


def find_nearest_edge(pixel: np.ndarray) -> str:
    u, v = pixel
    return min({"left": u, "right": 640 - u, "top": v, "bottom": 480 - v}.items(), key=lambda edge: edge[1])[0]


def test_unknown_view_is_named() -> None:
    """The error names the value and the choices."""
    with pytest.raises(ValueError, match="view is behind: choose one of facing, own_side"):
        make_scene(0, 60.0, view="behind")


def test_own_side_looks_at_the_same_person() -> None:
    """View and posture change neither the cameras nor light and appearance of a seed."""
    facing, own_side = make_scene(8, 60.0), make_scene(8, 60.0, view="own_side", posture="stretched")
    assert facing.color_camera == own_side.color_camera
    assert facing.exposure == own_side.exposure
    assert (facing.light.position_m == own_side.light.position_m).all()
    assert facing.appearance.skin_tone == own_side.appearance.skin_tone
