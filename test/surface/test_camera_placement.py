"""Where the camera stands: told in words; nothing is refused."""

from dataclasses import replace

import numpy as np
import pytest

from contact_world import CAMERA, FRAME_NS, make_desk_plane, make_hand
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import DepthImage, Frame, Hand, Surface
from fingertip_contact.factory import build_contact_pipeline
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.surface.camera_placement import BEHIND_HANDS_HINT, CameraPlacement

FACING = (make_hand(0), make_hand(1))


def turn_hand(seen: Hand) -> Hand:
    """The same hand reaching in from the other side of the image."""
    return replace(seen, landmarks_px=seen.landmarks_px * np.float32([1, -1]) + np.float32([0, CAMERA.height]))


AWAY = tuple(turn_hand(seen) for seen in FACING)


def observe_from(elevation_deg: float, hands: tuple[Hand, ...], frames: int = 60) -> CameraPlacement:
    placement, plane = CameraPlacement(), make_desk_plane(elevation_deg)
    for number in range(frames):
        placement.update(CAMERA, hands, Surface(plane, plane, 0.0003, 0.95, 0), number * FRAME_NS)
    return placement


@pytest.mark.parametrize("elevation_deg", [45, 60, 68])
def test_camera_facing_the_typist_is_accepted(elevation_deg: float) -> None:
    """Nothing to say."""
    placement = observe_from(elevation_deg, FACING)
    assert placement.is_usable
    assert placement.hint == ""


@pytest.mark.parametrize("elevation_deg", [30, 45, 60, 75])
def test_camera_behind_the_hands_gets_advice(elevation_deg: float) -> None:
    """Within a second of hands, and in words that say where it is better; a single frame does not decide."""
    assert observe_from(elevation_deg, AWAY, frames=1).hint != BEHIND_HANDS_HINT
    placement = observe_from(elevation_deg, AWAY)
    assert placement.is_usable
    assert placement.hint == BEHIND_HANDS_HINT


def test_advice_ends_after_the_camera_was_moved() -> None:
    """Facing hands make up for those seen from behind."""
    placement = observe_from(60, AWAY)
    for number in range(60, 120):
        placement.update(
            CAMERA, FACING, Surface(make_desk_plane(60), make_desk_plane(60), 0.0003, 0.95, 0), number * FRAME_NS
        )
    assert placement.hint == ""


def test_camera_along_the_desk_is_not_usable() -> None:
    """There a pixel is centimetres of the desk."""
    placement = observe_from(8, FACING)
    assert not placement.is_usable
    assert "8 degrees, along the desk: nothing can be read" in placement.hint


@pytest.mark.parametrize("hands", [FACING, AWAY])
def test_overhead_camera_gets_a_hint_but_is_accepted(hands: tuple[Hand, ...]) -> None:
    """Nobody is behind the hands there, whichever way they point."""
    placement = observe_from(90, hands)
    assert placement.is_usable
    assert "90 degrees" in placement.hint
    assert "45 to 65" in placement.hint


def test_low_camera_gets_a_hint() -> None:
    """It is used all the same."""
    placement = observe_from(30, FACING)
    assert placement.is_usable
    assert "30 degrees" in placement.hint


def test_unknown_surface_gives_no_placement_result() -> None:
    """No advice before the desk is known."""
    placement = CameraPlacement()
    placement.update(CAMERA, AWAY, None, 0)
    assert placement.is_usable
    assert placement.hint == ""


def test_camera_behind_the_hands_measures_all_the_same() -> None:
    """The pipeline measures fingertips there, and its results hold the advice."""
    pipeline = build_contact_pipeline(load_layout("qwerty"), ContactParameters(calibration_seconds=0.1))
    image = np.full((CAMERA.height, CAMERA.width, 3), 200, np.uint8)
    rows, columns = np.mgrid[: CAMERA.height, : CAMERA.width]
    rays = CAMERA.rays(np.column_stack([columns.ravel(), rows.ravel()]))
    depth_m = make_desk_plane(60).depth_at_m(rays).reshape(CAMERA.height, CAMERA.width)
    depth = DepthImage(np.round(depth_m * 1000).astype(np.uint16), 0.001)

    def result(number: int, hands: tuple[Hand, ...]):
        return pipeline.process(Frame(number * FRAME_NS, "camera", CAMERA, image, depth), hands)

    for number in range(10):
        result(number, ())
    for number in range(10, 70):
        last = result(number, AWAY)
    assert last.fingertips
    assert last.hint == BEHIND_HANDS_HINT
