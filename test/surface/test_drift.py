"""When the surface is said to have moved: never by noise, soon by movement."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.geometry import Camera, Plane
from fingertip_contact.surface.surface_tracker import SurfaceTracker
from stereo_depth import NoisyDepth, Patch, make_plane, make_rectangle_px

CAMERA = Camera(391.76, 390.61, 322.81, 239.81, 640, 480)
COLOR = np.zeros((480, 640, 3), np.uint8)
FRAME_NS = 200_000_000


class Session:
    """A tracker that has found the desk, fed at five frames per second: few frames make a mean uncertain."""

    def __init__(self, patches: list[Patch | Plane], seed: int = 0, scale: float = 1.0) -> None:
        self._world = NoisyDepth(CAMERA, seed, scale)
        self._tracker = SurfaceTracker(ContactParameters())
        self._index = 0
        self.show(patches, 1.2)
        assert self._tracker.reason == ""

    def show(self, patches: list[Patch | Plane], seconds: float) -> list[str]:
        """The tracker's reasons, frame by frame."""
        reasons = []
        for _ in range(round(seconds * 1e9 / FRAME_NS)):
            self.surface = self._tracker.update(self._make_frame(self._world.render(patches)), ())
            reasons.append(self._tracker.reason)
        return reasons

    def _make_frame(self, depth: DepthImage) -> Frame:
        self._index += 1
        return Frame(self._index * FRAME_NS, "camera", CAMERA, COLOR, depth)


@pytest.mark.parametrize(("distance_m", "scale"), [(0.3, 1.0), (0.45, 2.0), (0.6, 1.0)])
def test_noise_is_no_movement(distance_m: float, scale: float) -> None:
    """Five minutes of a still desk at 30 to 60 cm, of print or (twice the noise) plain paper: never a word, and the
    plane stays the one that contact heights are learnt over."""
    session = Session([make_plane(60, distance_m)], scale=scale)
    first = session.surface
    assert set(session.show([make_plane(60, distance_m)], 300.0)) == {""}
    assert session.surface.plane is first.plane
    assert session.surface.stamp_ns > first.stamp_ns


def lift(plane: Plane, height_m: float) -> Plane:
    return Plane(plane.normal, plane.offset_m - height_m)


def tilt(plane: Plane, axis: int, angle_deg: float) -> Plane:
    """Turned about one of the image's axes through its middle."""
    middle_m = plane.intersect(np.array([[0.0, 0.0, 1.0]]))[0]
    angle, rotation = np.radians(angle_deg), np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    rotation[first, first] = rotation[second, second] = np.cos(angle)
    rotation[first, second], rotation[second, first] = -np.sin(angle), np.sin(angle)
    normal = rotation @ plane.normal
    return Plane(normal, -float(normal @ middle_m))


@pytest.mark.parametrize("distance_m", [0.3, 0.45, 0.6])
@pytest.mark.parametrize("movement", ["8 mm up", "8 mm down", "2 degrees about x", "2 degrees about y"])
def test_movement_is_noticed_within_three_seconds(distance_m: float, movement: str) -> None:
    """8 mm or 2 degrees; two seconds later the surface is the new one and nothing is complained about."""
    before = make_plane(60, distance_m)
    after = {
        "8 mm up": lift(before, 0.008),
        "8 mm down": lift(before, -0.008),
        "2 degrees about x": tilt(before, 0, 2.0),
        "2 degrees about y": tilt(before, 1, 2.0),
    }[movement]
    session = Session([before], seed=1)
    assert any("moved" in reason for reason in session.show([after], 3.0))
    assert session.show([after], 2.0)[-1] == ""
    middle_m = after.intersect(np.array([[0.0, 0.0, 1.0]]))
    assert abs(float(session.surface.plane.height_m(middle_m)[0])) < 0.001
    assert np.degrees(np.arccos(min(1.0, session.surface.plane.normal @ after.normal))) < 0.2


def test_objects_on_the_desk_are_no_movement() -> None:
    """A book and an arm over a third of the desk leave the surface where it is; so does a lid that hides nearly all of
    it for a while."""
    desk = make_plane(60, 0.4)
    book = Patch(lift(desk, 0.03), make_rectangle_px(0, 0, 300, 250))
    arm = Patch(make_plane(50, 0.3), make_rectangle_px(450, 200, 600, 480))
    session = Session([desk])
    first = session.surface
    assert set(session.show([desk, book, arm], 20.0)) == {""}
    hidden = Patch(make_plane(30, 0.2), make_rectangle_px(0, 0, 640, 400))
    assert set(session.show([desk, hidden], 1.0)) == {""}
    assert session.show([desk], 5.0)[-1] == ""
    assert session.surface.plane is first.plane
