"""Builds the scene to render: bodies with textures, the sheet on the desk, the renderer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import cv2
import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet import draw_sheet
from fingertip_research.simulation.appearance import make_desk_texture, make_skin_texture, make_sleeve_texture
from fingertip_research.simulation.bodies import Body, Shape, arm_segment, finger_segment
from fingertip_research.simulation.forearm import Forearm, compute_sleeve_start, make_forearm
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.renderer import RenderBuffers, Renderer
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.scene_look import Appearance
from fingertip_research.simulation.surroundings import make_surroundings

_SHEET_PIXELS_PER_MM = 4.0
_APPEARANCE_STREAM = 200
_ARM_TEXTURE = 256
_WALL_BGR = np.array([0.55, 0.58, 0.60], dtype=np.float32)


class HandSceneRenderer:
    """Renders two hands with arms over a desk. models: one per hand."""

    def __init__(self, scene: Scene, layout: Layout, models: Mapping[Handedness, HandModel]) -> None:
        self._models = models
        self._arms: dict[Handedness, Forearm] = {
            hand: make_forearm(models[hand], scene.appearance.bare_forearm_m) for hand in HANDS
        }
        bodies: dict[str, Body] = {}
        for hand in HANDS:
            # Both hands are one person's: they have equal random streams.
            random = np.random.default_rng([scene.seed, _APPEARANCE_STREAM])
            bodies[hand] = _make_hand_body(hand, models[hand], scene.appearance, random)
            bodies[f"{hand}_arm"] = _make_arm_body(hand, self._arms[hand], bodies[hand], scene.appearance, random)
        random = np.random.default_rng([scene.seed, _APPEARANCE_STREAM, 1])
        background = Background(
            desk_bgr=make_desk_texture(scene.appearance.desk, random),
            sheet=draw_sheet(layout, _SHEET_PIXELS_PER_MM),
            sheet_size_m=layout.sheet_size_m,
            backdrop_bgr=_choose_backdrop_bgr(scene),
            surroundings=make_surroundings(
                np.random.default_rng([scene.seed, _APPEARANCE_STREAM, 2]),
                scene.view,
                scene.clutter,
                scene.camera_from_sheet,
            ),
            light=scene.light,
        )
        self._renderer = Renderer(scene, background, bodies)

    def render(
        self,
        poses: Mapping[Handedness, HandPose],
        exposure: tuple[Mapping[Handedness, HandPose], Mapping[Handedness, HandPose], float] | None = None,
    ) -> RenderBuffers:
        """The image of the given hands, or of the empty desk.

        exposure: poses before and after this frame, and the exposure as a fraction of the time between them, for the
        motion blur; hands that are missing in either are sharp.
        """
        shapes = self._pose_bodies(poses)
        if exposure is not None:
            before, after = (self._pose_bodies(each) for each in exposure[:2])
            for name in shapes.keys() & before.keys() & after.keys():
                moved_m = exposure[2] * (after[name].vertices_m - before[name].vertices_m)
                shapes[name] = replace(shapes[name], displacement_m=moved_m)
        return self._renderer.render(shapes)

    def find_visible_fingertips(self, poses: Mapping[Handedness, HandPose]) -> dict[Handedness, np.ndarray]:
        """For each hand, which fingertips the colour camera sees, their ends or the nails above: (5,) bool."""
        if not poses:
            return {}
        points = [
            point
            for hand, pose in poses.items()
            for point in (self._fingertip_ends(hand, pose), self._tip_joints(hand, pose))
        ]
        fingers = [
            finger_segment(hand, finger) for hand in poses for _ in ("end", "tip") for finger in range(len(FINGERS))
        ]
        visible = self._renderer.are_visible(self._pose_bodies(poses), np.concatenate(points), np.array(fingers))
        ends, tips = visible.reshape(-1, 2, len(FINGERS)).swapaxes(0, 1)
        return dict(zip(poses, ends | tips, strict=True))

    def _fingertip_ends(self, hand: Handedness, pose: HandPose) -> np.ndarray:
        return self._models[hand].fingertip_ends(pose)

    def _tip_joints(self, hand: Handedness, pose: HandPose) -> np.ndarray:
        """(5, 3) the tip joints, which lie under the nails."""
        joints = self._models[hand].joints(pose)
        return np.stack([joints[f"{finger}_tip"] for finger in FINGERS])

    def _pose_bodies(self, poses: Mapping[Handedness, HandPose]) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for hand, pose in poses.items():
            vertices, normals = self._models[hand].pose_skin(pose)
            arm = self._arms[hand]
            arm_vertices, arm_normals = arm.pose_skin(vertices)
            # The flat cap that closes the mesh at the wrist distorts its normals; the skin continues into the arm.
            seam_vertex, rim = arm.seam_pairs.T
            normals[seam_vertex] = arm_normals[rim]
            shapes[hand] = Shape(vertices, normals)
            shapes[f"{hand}_arm"] = Shape(arm_vertices, arm_normals)
        return shapes


def _choose_backdrop_bgr(scene: Scene) -> np.ndarray:
    """The typist's clothes, or the wall before the typist."""
    return scene.appearance.sleeve_bgr if scene.view == "facing" else _WALL_BGR


def _make_hand_body(hand: Handedness, model: HandModel, appearance: Appearance, random: np.random.Generator) -> Body:
    rings = [finger for wearer, finger in appearance.rings if wearer == hand]
    texture = make_skin_texture(model, appearance.skin_tone, random, rings)
    fingers = model.finger_of_vertex[model.triangles]
    # A triangle between finger and palm belongs to the part with most of its corners.
    finger = np.median(fingers, axis=1).astype(int)
    segments = np.array([finger_segment(model.hand, index) for index in finger], dtype=np.uint8)
    return Body(model.triangles, (model.uv * len(texture)).astype(np.float32), texture, segments)


def _make_arm_body(
    hand: Handedness, arm: Forearm, body: Body, appearance: Appearance, random: np.random.Generator
) -> Body:
    texture = make_sleeve_texture(appearance.sleeve_bgr, random, _ARM_TEXTURE)
    columns, rows = np.rint(body.uv[arm.rim]).astype(int).T
    rows, columns = (np.clip(index, 0, len(body.texture) - 1) for index in (rows, columns))
    skin = cv2.blur(body.texture, (9, 9))[rows, columns].mean(axis=0)
    texture[: round(compute_sleeve_start(appearance.bare_forearm_m) * _ARM_TEXTURE)] = skin
    segments = np.full(len(arm.triangles), arm_segment(hand), dtype=np.uint8)
    return Body(arm.triangles, (arm.uv * _ARM_TEXTURE).astype(np.float32), texture, segments)
