"""What stands still around the sheet: where the desk ends, what lies beyond it, and the clutter on it.

The plane of the sheet stays z = 0; nothing stands where hands type, and nothing hides the sheet from the camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.camera_view import View
from fingertip_research.simulation.solids import Finish, Solid, join_solids, make_box, make_cable, make_mug, make_quad

Clutter = Literal["none", "some", "much"]
CLUTTERS: tuple[Clutter, ...] = ("none", "some", "much")

# The typist's side: the desk's edge and the typist's body, y.
NEAR_EDGE_M, BODY_M = -0.42, -0.55
_FLOOR_HEIGHT_M = -0.72
_ROOM_M = 3.0
# Where hands and arms are: nothing lies there. Things higher than the limit also stay clear of hands that come in over
# the sides or the far edge of the desk.
_HANDS_X_M, _HANDS_Y_M = 0.21, 0.13
_LOW_M, _TALL_X_M, _TALL_Y_M = 0.03, 0.22, 0.10
_CAMERA_CLEARANCE_M = 0.06
# The area that the camera has to see: the sheet and the hands over it.
_SEEN_X_M, _SEEN_Y_M, _SEEN_Z_M = (-0.15, 0.0, 0.15), (-0.12, 0.0, 0.105), (0.0, 0.07)
_MAX_TRIES = 40


@dataclass(frozen=True)
class Surroundings:
    """desk_x_m, desk_y_m: (low, high) edges of the desk. backdrop_m: y of the upright plane that ends the view: the
    typist's body or a wall. furniture: everything else that stands still, or None."""

    desk_x_m: tuple[float, float] = (-math.inf, math.inf)
    desk_y_m: tuple[float, float] = (NEAR_EDGE_M, math.inf)
    backdrop_m: float = BODY_M
    furniture: Solid | None = None


def parse_clutter(name: str) -> Clutter:
    """Raises ValueError for a name that is not one of CLUTTERS."""
    for clutter in CLUTTERS:
        if clutter == name:
            return clutter
    raise ValueError(f"clutter is {name}: choose one of {', '.join(CLUTTERS)}")


def make_surroundings(
    random: np.random.Generator, view: View, clutter: Clutter, camera_from_sheet: RigidTransform
) -> Surroundings:
    """The surroundings of a scene.

    Seen from the typist's own side the desk ends before a wall, with the floor between; with clutter it also ends at
    the left or right, before a second table of another height or the floor.
    """
    far_edge_m = random.uniform(0.40, 0.80)
    wall_m = far_edge_m + random.choice([random.uniform(0.0, 0.05), random.uniform(0.3, 1.5)])
    desk_x_m = _sample_side_edges(random, clutter)
    is_own_side = view == "own_side"
    desk_y_m = (NEAR_EDGE_M, far_edge_m if is_own_side else math.inf)
    things = _sample_things(random, clutter, (desk_x_m, desk_y_m), camera_from_sheet.inverse.translation_m)
    second_table = _sample_second_table(random, desk_x_m)
    floor = _make_floor(random)
    if clutter == "none":
        desk_x_m, second_table, things = (-math.inf, math.inf), [], []
    if is_own_side or clutter != "none":
        things = [floor, *second_table, *things]
    return Surroundings(
        desk_x_m=desk_x_m,
        desk_y_m=desk_y_m,
        backdrop_m=wall_m if is_own_side else BODY_M,
        furniture=join_solids(things) if things else None,
    )


def _sample_side_edges(random: np.random.Generator, clutter: Clutter) -> tuple[float, float]:
    """The desk's left and right edges: with some clutter it may end at one side, with much at both."""
    left_m, right_m = random.uniform(0.24, 0.50, 2)
    side = random.integers(3) if clutter == "some" else 3
    return (-left_m if side in (0, 3) else -math.inf, right_m if side in (1, 3) else math.inf)


def _sample_second_table(random: np.random.Generator, desk_x_m: tuple[float, float]) -> list[Solid]:
    """A slab beside one of the desk's edges, higher or lower than the desk."""
    gap_m, height_m, width_m = random.uniform(0.01, 0.08), random.uniform(-0.25, 0.05), random.uniform(0.3, 0.6)
    finish = _sample_finish(random, contrast=(0.02, 0.15))
    edges = [(edge, side) for edge, side in zip(desk_x_m, (-1.0, 1.0), strict=True) if math.isfinite(edge)]
    choice, is_present = random.random(), random.random() < 0.75
    if not edges or not is_present:
        return []
    edge_m, side = edges[int(choice * len(edges))]
    middle = np.array([edge_m + side * (gap_m + width_m / 2), random.uniform(-0.1, 0.2), height_m - 0.03])
    return [make_box(middle, np.array([width_m, random.uniform(0.5, 0.9), 0.03]), 0.0, finish)]


def _make_floor(random: np.random.Generator) -> Solid:
    """A carpet or boards, as large as the room."""
    corners = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
    finish = _sample_finish(random, contrast=(0.1, 0.4))
    return make_quad(np.array(corners) * _ROOM_M + (0.0, 0.0, _FLOOR_HEIGHT_M), finish)


def _sample_things(
    random: np.random.Generator, clutter: Clutter, desk_m: tuple[tuple[float, float], ...], camera_m: np.ndarray
) -> list[Solid]:
    """Boxes, mugs and cables at random places; things that find no place are left out."""
    things: list[Solid] = []
    boxes, mugs, cables = {"none": (0, 0, 0), "some": (1, 1, 1), "much": (4, 2, 3)}[clutter]
    for _ in range(boxes):
        size_m = random.uniform([0.05, 0.08, 0.01], [0.16, 0.24, 0.07])
        yaw_rad, finish = random.uniform(0, math.pi), _sample_finish(random, contrast=(0.0, 0.3))
        place_m = _find_place(random, (float(np.hypot(*size_m[:2])) / 2, size_m[2]), desk_m, camera_m)
        if place_m is not None:
            things.append(make_box(place_m, size_m, yaw_rad, finish))
    for _ in range(mugs):
        radius_m, height_m = random.uniform(0.035, 0.045), random.uniform(0.08, 0.11)
        finish, content = _sample_finish(random, contrast=(0.0, 0.05)), _sample_finish(random, contrast=(0.0, 0.0))
        place_m = _find_place(random, (radius_m, height_m), desk_m, camera_m)
        if place_m is not None:
            things.append(make_mug(place_m, radius_m, height_m, finish, content))
    for _ in range(cables):
        path_m = _sample_cable_path(random, desk_m)
        finish = Finish(np.full(3, random.choice([0.03, 0.6])), 0.02, 0.005)
        if path_m is not None:
            things.append(make_cable(path_m, random.uniform(0.0015, 0.003), finish))
    return things


def _find_place(
    random: np.random.Generator,
    size_m: tuple[float, float],
    desk_m: tuple[tuple[float, float], ...],
    camera_m: np.ndarray,
) -> np.ndarray | None:
    """(3,) a place on the desk where a thing disturbs neither the hands nor the camera; None if none was found.

    size_m: radius and height. desk_m: the desk's edges.
    """
    radius_m, height_m = size_m
    for _ in range(_MAX_TRIES):
        x_m, y_m = random.uniform([-0.45, -0.30], [0.45, 0.45])
        away_m = np.array([abs(x_m), y_m]) - radius_m
        clear_of_hands = away_m[0] > _HANDS_X_M or away_m[1] > _HANDS_Y_M
        if height_m > _LOW_M:
            clear_of_hands = clear_of_hands and away_m[0] > _TALL_X_M and away_m[1] > _TALL_Y_M
        middle_m = np.array([x_m, y_m, height_m / 2])
        on_desk = _is_on_desk(np.array([[x_m, y_m]]), radius_m, desk_m)
        if on_desk and clear_of_hands and not _blocks_camera(middle_m, math.hypot(radius_m, height_m / 2), camera_m):
            return np.array([x_m, y_m, 0.0])
    return None


def _is_on_desk(points_m: np.ndarray, margin_m: float, desk_m: tuple[tuple[float, float], ...]) -> bool:
    """Whether all points (N, 2) lie on the desk, at least margin_m from its edges."""
    low_m, high_m = np.array(desk_m).T
    return bool(np.all((points_m > low_m + margin_m) & (points_m < high_m - margin_m)))


def _blocks_camera(middle_m: np.ndarray, radius_m: float, camera_m: np.ndarray) -> bool:
    """Whether a ball is close to the camera or to a line from the camera to the sheet and the hands."""
    if np.linalg.norm(middle_m - camera_m) < radius_m + _CAMERA_CLEARANCE_M:
        return True
    seen = np.array([(x, y, z) for x in _SEEN_X_M for y in _SEEN_Y_M for z in _SEEN_Z_M])
    lines = seen - camera_m
    along = np.clip((lines @ (middle_m - camera_m)) / (lines * lines).sum(axis=1), 0, 1)
    nearest = camera_m + along[:, None] * lines
    return bool((np.linalg.norm(nearest - middle_m, axis=1) < radius_m).any())


def _sample_cable_path(random: np.random.Generator, desk_m: tuple[tuple[float, float], ...]) -> np.ndarray | None:
    """(N, 2) a winding path beside or beyond the hands."""
    u = np.linspace(0, 1, 60)
    for _ in range(_MAX_TRIES):
        ends = random.uniform([-0.5, 0.0], [0.5, 0.5], (2, 2))
        bends = random.normal(0, 0.05, (3, 2))
        waves = np.stack([np.sin(math.pi * (wave + 1) * u) for wave in range(len(bends))], axis=1)
        path_m = ends[0] + u[:, None] * (ends[1] - ends[0]) + waves @ bends
        is_clear = (np.abs(path_m[:, 0]) > _HANDS_X_M) | (path_m[:, 1] > _HANDS_Y_M)
        if is_clear.all() and _is_on_desk(path_m, 0.0, desk_m):
            return path_m
    return None


def _sample_finish(random: np.random.Generator, contrast: tuple[float, float]) -> Finish:
    """Any colour, from dark to light."""
    brightness = random.uniform(0.04, 0.75)
    tint = random.uniform(0.75, 1.0, 3)
    return Finish(brightness * tint, random.uniform(*contrast), random.uniform(0.002, 0.008))
