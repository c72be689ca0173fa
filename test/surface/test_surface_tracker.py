"""How the sheet's markers and depth together give the surface."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import Frame, PlacedSheet, Surface
from fingertip_contact.factory import build_contact_pipeline
from fingertip_contact.geometry import Plane, RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.surface.surface_tracker import IN_SIGHT_S, NO_SHEET_REASON, SHEET_SEARCH_S, SurfaceTracker
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view
from stereo_depth import NoisyDepth, Patch, make_plane, make_rectangle_px

COLOR = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 66_666_667
LAYOUT = load_layout("qwerty")
POSE = make_camera_pose(60, 0.3)
DESK = make_plane(60, 0.3)
# Of a D405 over print, at 30 to 41 cm.
REAL_BIAS = -0.028


class Session:
    """A tracker at 15 Hz with a sheet at `pose`; markers can be seen or hidden."""

    def __init__(self, bias: float = REAL_BIAS, size: float = 1.0) -> None:
        """size: of the print; markers of half the size look twice as far away."""
        self._world = NoisyDepth(CAMERA)
        self._bias, self._size = bias, size
        self._index, self._seen_ns = 0, None
        self.tracker = SurfaceTracker(ContactParameters())
        self.pose = POSE

    def show(
        self, patches: list[Patch | Plane] | None, seconds: float, is_seen: bool = True
    ) -> tuple[Surface | None, set[str]]:
        """The last surface and all reasons. patches: None for frames without depth."""
        reasons = set()
        for _ in range(round(seconds * 1e9 / FRAME_NS)):
            self._index += 1
            stamp_ns = self._index * FRAME_NS
            self._seen_ns = stamp_ns if is_seen else self._seen_ns
            depth = None if patches is None else self._world.render(patches, self._bias)
            pose = replace(self.pose, translation_m=self.pose.translation_m / self._size)
            sheet = PlacedSheet(pose, LAYOUT.sheet_size_m, self._seen_ns)
            surface = self.tracker.update(Frame(stamp_ns, "camera", CAMERA, COLOR, depth), (), sheet)
            reasons.add(self.tracker.reason)
        return surface, reasons


def plane_error(found: Plane, true: Plane) -> tuple[float, float]:
    """Metres at the image's middle, and degrees."""
    middle_m = true.intersect(np.array([[0.0, 0.0, 1.0]]))
    angle_deg = np.degrees(np.arccos(min(1.0, found.normal @ true.normal)))
    return abs(float(found.height_m(middle_m)[0])), float(angle_deg)


def test_markers_give_the_plane_and_depth_its_own() -> None:
    """Depth that is 2.8 % too near moves depth_plane, not plane: heights over the first are free of that bias."""
    surface, reasons = Session().show([DESK], 2.0)
    assert surface is not None
    assert surface.depth_plane is not None
    assert reasons == {""}
    assert plane_error(surface.plane, DESK) == pytest.approx((0.0, 0.0), abs=1e-6)
    biased = Plane(DESK.normal, DESK.offset_m * (1 + REAL_BIAS))
    error_m, error_deg = plane_error(surface.depth_plane, biased)
    assert error_m < 0.0005
    assert error_deg < 0.15


def test_markers_need_no_depth() -> None:
    """Without depth the plane is the sheet's from the first frame on; there is no depth_plane, and no complaint."""
    surface, reasons = Session().show(None, 0.1)
    assert surface is not None
    assert surface.depth_plane is None
    assert plane_error(surface.plane, DESK) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert reasons == {""}


def track_colour_alone(sheet: PlacedSheet | None, seconds: float) -> tuple[Surface | None, set[str]]:
    """The last surface and all reasons, from frames without depth."""
    tracker, reasons = SurfaceTracker(ContactParameters()), set()
    for index in range(round(seconds * 1e9 / FRAME_NS)):
        surface = tracker.update(Frame(index * FRAME_NS, "camera", CAMERA, COLOR, None), (), sheet)
        reasons.add(tracker.reason)
    return surface, reasons


def test_missing_sheet_is_told_without_depth() -> None:
    """Not in the first moments, while markers are searched; then one line says what to lay in view."""
    assert track_colour_alone(None, SHEET_SEARCH_S) == (None, {""})
    surface, reasons = track_colour_alone(None, 2 * SHEET_SEARCH_S)
    assert surface is None
    assert reasons == {"", NO_SHEET_REASON}
    assert "\n" not in NO_SHEET_REASON


def test_uncertain_sheet_is_the_surface_without_depth() -> None:
    """A pose from a file, whose markers are never seen: nothing better is known, and there is no complaint."""
    surface, reasons = track_colour_alone(PlacedSheet(POSE, LAYOUT.sheet_size_m, None), 2 * SHEET_SEARCH_S)
    assert surface is not None
    assert surface.depth_plane is None
    assert plane_error(surface.plane, DESK) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert reasons == {""}


def test_blind_depth_is_told() -> None:
    """A desk without texture: the plane is the sheet's, there is no depth_plane, and the reason says so."""
    session = Session()
    spot = Patch(DESK, make_rectangle_px(320, 240, 330, 250))
    surface, reasons = session.show([spot], 2.0)
    assert surface is not None
    assert surface.depth_plane is None
    assert any("valid depth pixels" in reason for reason in reasons)


@pytest.mark.parametrize("size", [0.5, 0.9, 1.1])
def test_wrong_print_size_is_told(size: float) -> None:
    """Markers printed smaller look farther away than depth says: one line names the size, and the surface is what
    depth measured."""
    surface, reasons = Session(bias=0.0, size=size).show([DESK], 2.0)
    (reason,) = reasons - {""}
    assert f"printed at about {size:.0%} of its size" in reason
    assert "\n" not in reason
    assert surface is not None
    assert surface.plane is surface.depth_plane
    assert plane_error(surface.plane, DESK)[0] < 0.0005


@pytest.mark.parametrize("bias", [REAL_BIAS, 0.0, 0.02])
def test_bias_of_a_real_camera_is_no_wrong_size(bias: float) -> None:
    """What depth of a real camera is off, or 2 % the other way, is not blamed on the print."""
    assert Session(bias=bias).show([DESK], 2.0)[1] == {""}


def test_sheet_off_the_desk_is_told() -> None:
    """A sheet on a slanted board, of which depth sees nothing: heights over the desk would be wrong, so there are
    none."""
    session = Session()
    turn = np.array([[1, 0, 0], [0, np.cos(0.2), -np.sin(0.2)], [0, np.sin(0.2), np.cos(0.2)]])
    session.pose = RigidTransform(POSE.rotation @ turn, POSE.translation_m)
    surface, reasons = session.show([DESK], 2.0)
    assert surface is not None
    assert surface.depth_plane is None
    assert any("degrees apart" in reason for reason in reasons)


def test_markers_decide_about_movement() -> None:
    """Depth that shifts by 5 mm under markers that stand still is measured again without a word; the plane stays."""
    session = Session(bias=0.0)
    before, _ = session.show([DESK], 2.0)
    assert before is not None
    after, reasons = session.show([Plane(DESK.normal, DESK.offset_m - 0.005)], 6.0)
    assert after is not None
    assert after.depth_plane is not None
    assert reasons == {""}
    assert plane_error(after.plane, before.plane) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert float(before.depth_plane.offset_m - after.depth_plane.offset_m) == pytest.approx(0.005, abs=0.0005)


def test_moved_sheet_moves_the_surface_at_once() -> None:
    """With the markers the plane moves in the same frame; depth of the old place is forgotten and measured anew."""
    session, moved = Session(bias=0.0), make_plane(50, 0.33)
    session.show([DESK], 2.0)
    session.pose = make_camera_pose(50, 0.33)
    surface, _ = session.show([moved], 0.07)
    assert surface is not None
    assert plane_error(surface.plane, moved) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert surface.depth_plane is None
    surface, reasons = session.show([moved], 2.0)
    assert surface is not None
    assert surface.depth_plane is not None
    assert plane_error(surface.depth_plane, moved)[0] < 0.0005
    assert reasons == {""}


def test_hidden_markers_do_not_hide_a_movement() -> None:
    """Where no marker has been in sight for a while, depth notices the movement; the held pose is not believed until
    markers are seen again."""
    session, moved = Session(bias=0.0), make_plane(60, 0.28)
    session.show([DESK], 2.0)
    assert session.show([DESK], IN_SIGHT_S + 3.0, is_seen=False)[1] == {""}
    surface, reasons = session.show([moved], 4.0, is_seen=False)
    assert any("moved" in reason for reason in reasons)
    assert surface is not None
    assert plane_error(surface.plane, moved)[0] < 0.0005
    session.pose = make_camera_pose(60, 0.28)
    surface, _ = session.show([moved], 0.07)
    assert surface is not None
    assert plane_error(surface.plane, moved) == pytest.approx((0.0, 0.0), abs=1e-6)


def test_pipeline_finds_the_surface_without_depth() -> None:
    """Images of the printed sheet alone, through the whole pipeline: the surface within 1 mm and 0.3 degrees."""
    pipeline, generator = build_contact_pipeline(LAYOUT, ContactParameters()), np.random.default_rng(0)
    for index in range(12):
        image = render_sheet_view(LAYOUT, POSE, generator)
        result = pipeline.process(Frame(index * FRAME_NS, "camera", CAMERA, image, None), ())
    assert result.surface is not None
    error_m, error_deg = plane_error(result.surface.plane, DESK)
    assert error_m < 0.001
    assert error_deg < 0.3
    assert result.hint == ""
