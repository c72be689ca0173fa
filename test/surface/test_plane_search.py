"""Which of several planes in view is the surface, on noise like that of a real D405, and on its real frames."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import DepthImage, Frame, Hand, PlacedSheet, Surface
from fingertip_contact.geometry import Camera, Plane, RigidTransform
from fingertip_contact.surface.surface_tracker import SurfaceTracker
from repository import ROOT
from stereo_depth import NoisyDepth, Patch, make_circle_px, make_plane, make_rectangle_px

CAMERA = Camera(391.76, 390.61, 322.81, 239.81, 640, 480)
COLOR = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 66_666_667
# Frames of a real D405, not part of the repository: NAME_depth_0.1mm.png, 640x480, not aligned.
REAL_FRAMES = Path(os.environ.get("FINGERTIP_CONTACT_SHARED", ROOT.parent / "shared")) / "data" / "d405"
REAL_NAMES = ("223706", "223738", "223741")
# Their intrinsics are not recorded: between 327 px (848x480, scaled) and 391 px (640x480 colour).
REAL_CAMERA = Camera(362.0, 362.0, 320.0, 240.0, 640, 480)

BIG_TABLE, SMALL_TABLE, FLOOR = make_plane(84, 0.455), make_plane(84, 0.50), make_plane(86, 0.74)
BOX = make_plane(84, 0.43)
SCENE = (
    FLOOR,
    Patch(SMALL_TABLE, make_circle_px((60, 240), 210)),
    Patch(BIG_TABLE, make_circle_px((400, 200), 260)),
    Patch(BOX, make_rectangle_px(390, 260, 630, 470)),
)
SMALL_TABLE_PX, BIG_TABLE_PX, BOX_PX = (75.0, 300.0), (400.0, 150.0), (510.0, 365.0)


def track(depths: list[DepthImage], hands: tuple[Hand, ...] = (), sheet: PlacedSheet | None = None) -> SurfaceTracker:
    """A tracker that has seen these depths at 15 Hz."""
    tracker = SurfaceTracker(ContactParameters(calibration_seconds=FRAME_NS * (len(depths) - 1) / 1e9))
    for index, depth in enumerate(depths):
        tracker.update(make_frame(index, depth), hands, sheet)
    return tracker


def make_frame(index: int, depth: DepthImage | None, camera: Camera = CAMERA) -> Frame:
    return Frame(1_000_000_000 + index * FRAME_NS, "camera", camera, COLOR, depth)


def find_surface(
    depths: list[DepthImage], hands: tuple[Hand, ...] = (), sheet: PlacedSheet | None = None
) -> Surface | None:
    return track(depths, hands, sheet).update(make_frame(len(depths), None), hands, sheet)


def render_scene(count: int = 10, seed: int = 0) -> list[DepthImage]:
    """The scene, with a fifth of its pixels missing in patches, as over plain material."""
    world, generator = NoisyDepth(CAMERA, seed), np.random.default_rng(seed)
    depths = []
    for _ in range(count):
        depth = world.render(SCENE)
        holes = cv2.GaussianBlur(generator.normal(size=(120, 160)), (0, 0), 3.0)
        holes = (holes > np.quantile(holes, 0.8)).repeat(4, axis=0).repeat(4, axis=1)
        depths.append(DepthImage(np.where(holes, 0, depth.values).astype(np.uint16), depth.unit_m))
    return depths


def make_hand_at(pixel: tuple[float, float]) -> Hand:
    """A small hand around a pixel."""
    angles = np.linspace(0, 2 * np.pi, 21)
    return Hand(1, "right", 1.0, 1.0, (pixel + 30 * np.column_stack([np.cos(angles), np.sin(angles)])).astype("f4"))


def place_sheet(plane: Plane, pixel: tuple[float, float], seen_ns: int | None, size: float = 1.0) -> PlacedSheet:
    """A sheet of 12 x 8 cm on the plane, its pose as markers `size` times as large as they should be give it."""
    middle_m = plane.intersect(CAMERA.rays(np.array([pixel])))[0]
    right = np.cross([0.0, 1.0, 0.0], plane.normal)
    right /= np.linalg.norm(right)
    rotation = np.column_stack([right, np.cross(plane.normal, right), plane.normal])
    return PlacedSheet(RigidTransform(rotation, middle_m / size), (0.12, 0.08), seen_ns)


def assert_close(found: Plane, true: Plane, pixel: tuple[float, float], limit_m: float, limit_deg: float) -> None:
    middle_m = true.intersect(CAMERA.rays(np.array([pixel])))
    assert abs(float(found.height_m(middle_m)[0])) < limit_m
    assert np.degrees(np.arccos(min(1.0, found.normal @ true.normal))) < limit_deg


@pytest.mark.parametrize(("distance_m", "limit_m"), [(0.3, 0.0005), (0.45, 0.0008), (0.6, 0.0012)])
@pytest.mark.parametrize("elevation_deg", [45, 60, 90])
def test_noise_averages_out(elevation_deg: float, distance_m: float, limit_m: float) -> None:
    """Over one second of frames, the plane is found to 0.5 mm and 0.15 degrees at 30 cm, although each pixel is off by
    millimetres and its neighbours with it."""
    plane = make_plane(elevation_deg, distance_m)
    world = NoisyDepth(CAMERA, seed=int(elevation_deg))
    surface = find_surface([world.render([plane]) for _ in range(15)])
    assert surface is not None
    assert_close(surface.plane, plane, (320.0, 240.0), limit_m, 0.15)
    assert surface.inlier_ratio > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_largest_table_is_the_surface(seed: int) -> None:
    """Of two tables 4.5 cm apart, the floor and a box, the table that fills most of the image: to 1 mm, 0.3 degrees."""
    surface = find_surface(render_scene(seed=seed))
    assert surface is not None
    assert surface.depth_plane is surface.plane
    assert_close(surface.plane, BIG_TABLE, BIG_TABLE_PX, 0.001, 0.3)
    assert surface.inlier_ratio > 0.6


@pytest.mark.parametrize(("plane", "pixel"), [(SMALL_TABLE, SMALL_TABLE_PX), (BOX, BOX_PX), (BIG_TABLE, BIG_TABLE_PX)])
def test_surface_under_the_hands_wins(plane: Plane, pixel: tuple[float, float]) -> None:
    """Hands over the small table or a box make that the surface, although another is larger."""
    hand = make_hand_at(pixel)
    depths = render_scene()
    for depth in depths:
        middle_mm10 = 1e4 * float(plane.depth_at_m(CAMERA.rays(np.array([pixel])))[0])
        cv2.circle(depth.values, (round(pixel[0]), round(pixel[1])), 35, round(middle_mm10) - 250, -1)
    surface = find_surface(depths, (hand,))
    assert surface is not None
    assert_close(surface.plane, plane, pixel, 0.002, 1.5)


def test_surface_follows_hands_to_another_table() -> None:
    """Found on the empty desk, it becomes the small table once hands stay there for two seconds; hands that pass by,
    or leave, change nothing."""
    tracker, depths, hand = track(render_scene()), render_scene(40, seed=5), make_hand_at(SMALL_TABLE_PX)
    for depth in depths:
        cv2.circle(depth.values, (round(SMALL_TABLE_PX[0]), round(SMALL_TABLE_PX[1])), 35, 4600, -1)
    for index in range(12):
        surface = tracker.update(make_frame(11 + index, depths[index]), (hand,))
    assert surface is not None
    assert_close(surface.plane, BIG_TABLE, BIG_TABLE_PX, 0.001, 0.3)
    for index in range(12, 40):
        surface = tracker.update(make_frame(11 + index, depths[index]), (hand,))
    assert_close(surface.plane, SMALL_TABLE, SMALL_TABLE_PX, 0.002, 1.0)
    for index in range(20):
        assert tracker.update(make_frame(60 + index, depths[index]), ()).plane is surface.plane


@pytest.mark.parametrize("seen_ns", [None, 1_000_000_000])
def test_surface_under_the_sheet_wins(seen_ns: int | None) -> None:
    """A sheet on the small table makes that the surface, even if hands are elsewhere, and whether its pose is certain
    or given by a user."""
    sheet = place_sheet(SMALL_TABLE, SMALL_TABLE_PX, seen_ns)
    surface = find_surface(render_scene(), (make_hand_at(BOX_PX),), sheet)
    assert surface is not None
    assert surface.depth_plane is not None
    assert_close(surface.depth_plane, SMALL_TABLE, SMALL_TABLE_PX, 0.002, 1.0)


def test_clutter_without_a_desk_is_refused() -> None:
    """Steps and slopes everywhere: no surface, and what to do."""
    generator = np.random.default_rng(0)
    tracker = track([DepthImage(generator.integers(2000, 6000, (480, 640)).astype(np.uint16), 1e-4)])
    assert tracker.update(make_frame(1, None), ()) is None
    assert "clear the desk" in tracker.reason


@pytest.mark.parametrize("name", REAL_NAMES)
def test_real_frame_shows_the_desk(name: str) -> None:
    """On each single frame of a real D405, with a second table, the floor, a laptop and a dog, the surface is the round
    table: 45 cm away, straight below, most of the depth around it on it."""
    path = REAL_FRAMES / f"{name}_depth_0.1mm.png"
    if not path.is_file():
        pytest.skip(f"no {path}; FINGERTIP_CONTACT_SHARED names the folder with data/d405")
    values = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    tracker = SurfaceTracker(ContactParameters(calibration_seconds=0.0))
    surface = tracker.update(make_frame(0, DepthImage(values, 1e-4), REAL_CAMERA), ())
    assert surface is not None, tracker.reason
    distance_m = float(surface.plane.depth_at_m(np.array([0.0, 0.0, 1.0])))
    assert 0.448 < distance_m < 0.462
    assert surface.plane.elevation_deg > 80
    assert surface.inlier_ratio > 0.7
    assert 0.003 < surface.residual_m < 0.006
