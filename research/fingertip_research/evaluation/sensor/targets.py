"""The still scenes in which the simulated sensor is measured: boards, fingers of known size, a typing hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.sensor.boards import BOARD_SIZE_M, Surface, draw_board
from fingertip_research.evaluation.sensor.fingers import Capsule, make_capsule
from fingertip_research.evaluation.sensor.profiles import Strip
from fingertip_research.simulation.ground_plane import Background
from fingertip_research.simulation.rendered_typing import simulate_typing
from fingertip_research.simulation.renderer import RenderBuffers, Renderer
from fingertip_research.simulation.scene import Scene, SensorKind, make_scene
from fingertip_research.simulation.scene_builder import HandSceneRenderer

SEED = 405
# A board held by hand or stand is never exactly square to the camera; a disparity that is the same everywhere would
# hide or exaggerate the steps of the matching.
_BOARD_ANGLE_DEG = 86.0
_HAND_ANGLE_DEG = 75.0
_HAND_DESK = "speckled"  # textured, as the desks that real figures are of
# Exposure follows the mean albedo, as automatic exposure does, up to this factor.
_MAX_EXPOSURE_FACTOR = 4.0
_EXPOSURE: dict[Surface, float] = {"print": 1.0, "white": 0.8, "black": _MAX_EXPOSURE_FACTOR}
_GREY_BGR = np.full(3, 0.3, dtype=np.float32)

FINGER_TOP_M = 0.018
_FINGER_PX = 11.8  # the blur of lens and pixels makes 12 of it
# Many, since the fixed errors of depth at one place are as large as a fifth of a finger.
_FINGERS_X_M, _FINGERS_Y_M = (-0.14, -0.09, -0.04, 0.04, 0.09, 0.14), (-0.1, 0.0, 0.1)
_GAP_M = 0.003
_STRIP_LENGTH_M, _STRIP_REACH_M = 0.035, 0.034
_TYPED_TEXT = "the fox"


@dataclass(frozen=True)
class Target:
    """A scene to measure. name: of its figures. distance_m: from the camera to the desk or board. sensor: that the
    scene is made for. resolution: of all images. groups: of fingers side by side on the board, all groups alike: their
    profiles are averaged. has_hand: typing hands instead of a board."""

    name: str
    distance_m: float
    sensor: SensorKind
    surface: Surface = "print"
    resolution: tuple[int, int] = (848, 480)
    groups: tuple[tuple[Capsule, ...], ...] = ()
    has_hand: bool = False

    @cached_property
    def scene(self) -> Scene:
        angle_deg = _HAND_ANGLE_DEG if self.has_hand else _BOARD_ANGLE_DEG
        scene = make_scene(SEED, angle_deg, "normal", sensor=self.sensor, resolution=self.resolution)
        return replace(
            scene,
            appearance=replace(scene.appearance, desk=_HAND_DESK),
            camera_from_sheet=_look_down(angle_deg, self.distance_m),
            exposure=_EXPOSURE[self.surface],
        )

    def render(self) -> RenderBuffers:
        """The scene before any sensor."""
        fingers = [finger for group in self.groups for finger in group]
        return _render_hand(self.scene) if self.has_hand else _render_board(self.scene, self.surface, fingers)

    def make_strips(self) -> list[Strip]:
        """For each group of fingers the strip of the colour image across their middle, all of one size."""
        focal_px = self.scene.color_camera.focal_px / (self.distance_m - FINGER_TOP_M)
        strips = []
        for group in self.groups:
            first, last = self._project_axes(group).mean(axis=0)
            along = (last - first) / np.linalg.norm(last - first)
            spread_m = max(finger.center_m[0] for finger in group) - min(finger.center_m[0] for finger in group)
            strips.append(
                Strip(
                    centre_px=(float((first + last)[0] / 2), float((first + last)[1] / 2)),
                    along=(float(along[0]), float(along[1])),
                    length_px=focal_px * _STRIP_LENGTH_M,
                    reach_px=focal_px * (_STRIP_REACH_M + spread_m / 2),
                )
            )
        return strips

    def find_fingers(self) -> list[int]:
        """The places of the fingers' axes in the profile of a group, in ascending order."""
        strip, axes_px = self.make_strips()[0], self._project_axes(self.groups[0]).mean(axis=1)
        offsets = (axes_px - strip.centre_px) @ np.array([-strip.along[1], strip.along[0]])
        return sorted(round(float(offset) + len(strip.offsets_px) // 2) for offset in offsets)

    def _project_axes(self, fingers: Sequence[Capsule]) -> np.ndarray:
        """The ends of each finger's highest line in the colour image: (F, 2, 2) pixels."""
        ends_m = np.concatenate([finger.ends_m for finger in fingers])
        points_m = self.scene.camera_from_sheet.apply(ends_m)
        return self.scene.color_camera.project(points_m).reshape(-1, 2, 2)


def make_targets(sensor: SensorKind) -> dict[str, Target]:
    """All targets by name. Distances of boards are those of the published measurements; two fingers are 14 mm wide and
    3 mm apart; one finger is as wide as 12 pixels of the colour image."""
    boards: Mapping[Surface, tuple[float, ...]] = {
        "print": (0.294, 0.352, 0.411, 0.486),
        "white": (0.238, 0.288, 0.400),
        "black": (0.273, 0.344),
    }
    targets = [
        Target(f"{surface}_{round(1000 * distance_m)}mm", distance_m, sensor, surface)
        for surface, distances_m in boards.items()
        for distance_m in distances_m
    ]
    far_m, small = 0.45, (640, 480)
    focal_px = make_scene(SEED, _BOARD_ANGLE_DEG, resolution=small).color_camera.fx
    radius_m = _FINGER_PX / 2 / focal_px * (far_m - 0.012)
    singles = tuple(_place_fingers(x, y, 1, radius_m) for x in _FINGERS_X_M for y in _FINGERS_Y_M)
    # On the axis, where the camera looks straight into the gap.
    pairs = tuple(_place_fingers(0.0, y, 2, 0.007) for y in (-0.045, 0.045))
    targets += [
        Target("finger_450mm", far_m, sensor, resolution=small, groups=singles),
        Target("fingers_250mm", 0.25, sensor, groups=pairs),
        Target("fingers_450mm", far_m, sensor, groups=pairs),
        Target("hand_450mm", far_m, sensor, resolution=small, has_hand=True),
    ]
    return {target.name: target for target in targets}


def _place_fingers(x_m: float, y_m: float, count: int, radius_m: float) -> tuple[Capsule, ...]:
    """Fingers side by side, _GAP_M apart, around a point of the desk."""
    spacing_m = 2 * radius_m + _GAP_M
    return tuple(
        Capsule((x_m + (index - (count - 1) / 2) * spacing_m, y_m), radius_m, FINGER_TOP_M) for index in range(count)
    )


def _look_down(angle_deg: float, distance_m: float) -> RigidTransform:
    """camera_from_sheet: distance_m from the sheet's centre, angle_deg above it, facing the typist."""
    elevation = math.radians(angle_deg)
    towards_camera = np.array([0.0, math.cos(elevation), math.sin(elevation)])
    right = np.array([-1.0, 0.0, 0.0])
    rotation = np.vstack([right, np.cross(-towards_camera, right), -towards_camera])
    return RigidTransform(rotation, -rotation @ (distance_m * towards_camera))


def _render_board(scene: Scene, surface: Surface, fingers: Sequence[Capsule]) -> RenderBuffers:
    random = np.random.default_rng(SEED)
    background = Background(
        desk_bgr=np.broadcast_to(_GREY_BGR, (8, 8, 3)).copy(),
        sheet=draw_board(surface, random),
        sheet_size_m=BOARD_SIZE_M,
        backdrop_bgr=_GREY_BGR,
    )
    # A renderer has at least one body; a board without fingers shows none of them.
    meshes = [make_capsule(finger, random) for finger in fingers or (Capsule((0.0, 0.0), 0.007, FINGER_TOP_M),)]
    renderer = Renderer(scene, background, {f"finger {index}": body for index, (body, _) in enumerate(meshes)})
    return renderer.render({f"finger {index}": meshes[index][1] for index in range(len(fingers))})


def _render_hand(scene: Scene) -> RenderBuffers:
    layout = load_layout("qwerty")
    typing = simulate_typing(_TYPED_TEXT, layout, SEED, scene.difficulty)
    renderer = HandSceneRenderer(scene, layout, typing.models)
    # In the middle of the text both hands are over the keys.
    return renderer.render(typing.poses[2 * len(typing.poses) // 3])
