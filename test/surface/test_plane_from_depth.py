"""The surface: exact at any camera angle, averaged over frames, refused where it cannot be a desk."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import DepthImage, Frame, Hand
from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.surface import plane_from_depth
from fingertip_contact.surface.plane_fit import fit_plane
from fingertip_contact.surface.surface_tracker import SurfaceTracker

CAMERA = Camera(391.76, 390.61, 322.81, 239.81, 640, 480)
COLOR = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 33_333_334


def make_plane(elevation_deg: float, distance_m: float = 0.34) -> Plane:
    """The plane that a camera looks at from this elevation, its centre this far away along the optical axis."""
    angle = np.radians(elevation_deg)
    return Plane(np.array([0.0, -np.cos(angle), -np.sin(angle)]), distance_m * np.sin(angle))


def render_depth(plane: Plane, seed: int, noise_px: float = 0.08, lift_m: float = 0.0) -> DepthImage:
    """A D405's depth of a bare plane: disparity noise, whole millimetres by truncation."""
    rows, columns = np.mgrid[:480, :640]
    rays = CAMERA.rays(np.column_stack([columns.ravel(), rows.ravel()]))
    depth = np.nan_to_num(Plane(plane.normal, plane.offset_m - lift_m).depth_at_m(rays), nan=60.0)
    disparity = 391.76 * 0.018 / depth + np.random.default_rng(seed).normal(0.0, noise_px, depth.shape)
    millimetres = 391.76 * 0.018 / np.maximum(disparity, 0.001) * 1000
    return DepthImage(np.where(millimetres < 65535, millimetres, 0).astype(np.uint16).reshape(480, 640), 0.001)


def make_frame(index: int, depth: DepthImage | None) -> Frame:
    return Frame(1_000_000_000 + index * FRAME_NS, "camera", CAMERA, COLOR, depth)


def calibrate(plane: Plane, parameters: ContactParameters | None = None) -> SurfaceTracker:
    tracker = SurfaceTracker(parameters or ContactParameters(calibration_seconds=0.3))
    for index in range(11):
        tracker.update(make_frame(index, render_depth(plane, index)), ())
    return tracker


@pytest.mark.parametrize("elevation_deg", [30, 45, 60, 90])
def test_plane_fit_is_accurate_at_any_camera_angle(elevation_deg: float) -> None:
    """Heights over the fitted desk are right to 0.3 mm but for the truncation's 0.5 mm, at every camera angle."""
    plane = make_plane(elevation_deg)
    surface = calibrate(plane).update(make_frame(11, None), ())
    assert surface is not None
    true_plane = plane.intersect(CAMERA.rays(np.array([[200, 150], [320, 240], [440, 300]])))
    height_m = surface.plane.height_m(true_plane)
    assert np.abs(height_m + 0.0005 * np.sin(np.radians(elevation_deg))).max() < 0.0003
    assert surface.inlier_ratio > 0.9
    assert surface.residual_m < 0.002


@pytest.mark.parametrize("damage", ["ten times as far", "infinite", "noise"])
@pytest.mark.parametrize("damaged", [(0,), (5,), (0, 1, 6)])
def test_damaged_frames_do_not_tilt_the_surface(damage: str, damaged: tuple[int, ...]) -> None:
    """Some frames of garbage while the desk is measured: it is where it is without them."""
    plane, tracker = make_plane(60), SurfaceTracker(ContactParameters(calibration_seconds=0.3))
    for index in range(20):
        depth = render_depth(plane, index)
        if index in damaged:
            metres = {
                "ten times as far": 10 * depth.values / 1000.0,
                "infinite": np.full((480, 640), np.inf),
                "noise": np.random.default_rng(index).uniform(0.05, 5.0, (480, 640)),
            }[damage]
            depth = DepthImage(metres.astype(np.float32), 1.0)
        surface = tracker.update(make_frame(index, depth), ())
    assert surface is not None
    true_plane = plane.intersect(CAMERA.rays(np.array([[200, 150], [320, 240], [440, 300]])))
    assert np.abs(surface.plane.height_m(true_plane)).max() < 0.001


@pytest.mark.parametrize(("rate_hz", "expected"), [(30, 30), (60, 30), (90, 30)])
def test_thirty_frames_a_second_are_enough(rate_hz: int, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Depth of faster cameras is left out in between: it tells the same of a desk."""
    read: list[int] = []
    extract = plane_from_depth.extract_desk_depth
    monkeypatch.setattr(
        plane_from_depth, "extract_desk_depth", lambda depth, hands: (read.append(1), extract(depth, hands))[1]
    )
    tracker, depth = SurfaceTracker(ContactParameters(calibration_seconds=0.3)), render_depth(make_plane(60), 0)
    for index in range(rate_hz):
        surface = tracker.update(Frame(1_000_000_000 * index // rate_hz, "camera", CAMERA, COLOR, depth), ())
    assert surface is not None
    assert len(read) == expected


def test_no_surface_before_calibration_ends() -> None:
    """Until calibration_seconds of depth have passed there is no surface, and nothing to complain about."""
    tracker = SurfaceTracker(ContactParameters(calibration_seconds=1.0))
    for index in range(30):
        assert tracker.update(make_frame(index, render_depth(make_plane(45), 0)), ()) is None
    assert tracker.reason == ""
    assert tracker.update(make_frame(30, render_depth(make_plane(45), 0)), ()) is not None
    assert tracker.reason == ""


def test_hands_are_excluded_from_the_plane_fit() -> None:
    """Hands that are there from the start are left out of the fit."""
    plane, tracker = make_plane(60), SurfaceTracker(ContactParameters(calibration_seconds=0.3))
    landmarks = np.random.default_rng(0).uniform((150, 40), (450, 250), (21, 2)).astype(np.float32)
    hand = Hand(1, "left", 1.0, 1.0, landmarks)
    for index in range(11):
        values = render_depth(plane, index).values.copy()
        values[40:250, 150:450] -= 30
        surface = tracker.update(make_frame(index, DepthImage(values, 0.001)), (hand,))
    assert surface is not None
    assert np.degrees(np.arccos(surface.plane.normal @ plane.normal)) < 0.2


def test_depth_holes_give_no_surface() -> None:
    """A desk without texture, all holes: no surface, and the reason names the lack of depth."""
    tracker = SurfaceTracker(ContactParameters(calibration_seconds=0.1))
    for index in range(8):
        assert tracker.update(make_frame(index, DepthImage(np.zeros((480, 640), np.uint16), 0.001)), ()) is None
    assert "valid depth pixels" in tracker.reason


@pytest.mark.parametrize(
    ("plane", "word"),
    [(make_plane(6), "looks along"), (make_plane(45, 1.5), "cm above"), (make_plane(80, 0.06), "cm above")],
)
def test_implausible_planes_are_rejected(plane: Plane, word: str) -> None:
    """A wall, a far table, a lens cap: no surface, and the reason says what to do about it."""
    tracker = calibrate(plane)
    assert tracker.update(make_frame(12, None), ()) is None
    assert word in tracker.reason


def test_moved_camera_triggers_a_new_plane_fit() -> None:
    """A shift of 4 mm is noticed within a few checks; the old surface stays in use until the new one is there."""
    plane, tracker = make_plane(60), calibrate(make_plane(60))
    heights = []
    for index in range(11, 130):
        surface = tracker.update(make_frame(index, render_depth(plane, index, lift_m=0.004)), ())
        assert surface is not None
        heights.append(surface.plane.offset_m)
    assert heights[0] - heights[-1] == pytest.approx(0.004, abs=0.0004)
    assert tracker.reason == ""


def test_static_desk_is_not_refitted() -> None:
    """While nothing moves, noise does not replace the plane: contact heights were learnt over it."""
    tracker = calibrate(make_plane(45))
    first = tracker.update(make_frame(11, None), ())
    for index in range(12, 120):
        last = tracker.update(make_frame(index, render_depth(make_plane(45), index)), ())
    assert first is not None
    assert last is not None
    assert last.plane is first.plane
    assert last.stamp_ns > first.stamp_ns


def test_a_fit_takes_little_memory() -> None:
    """A node keeps what it once needed: the plane of a whole image's grid takes 2 MB, not 13."""
    generator = np.random.default_rng(0)
    rays = np.column_stack([generator.uniform(-0.5, 0.5, (19_200, 2)), np.ones(19_200)])
    depth_m = 1.0 / (rays @ [0.1, 0.9, 2.8])
    tracemalloc.start()
    try:
        fit_plane(rays, depth_m, tolerance_m=0.002)
        assert tracemalloc.get_traced_memory()[1] < 4e6
    finally:
        tracemalloc.stop()


def test_collinear_points_are_rejected() -> None:
    """Depth along a single line has no plane."""
    rays = CAMERA.rays(np.column_stack([np.arange(400), np.full(400, 240)]))
    with pytest.raises(ValueError, match="one line"):
        fit_plane(rays, np.full(400, 0.3), 0.004)
