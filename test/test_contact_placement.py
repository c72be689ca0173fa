"""Where the camera stands: told in words, and nothing read from where fingertips cannot be seen."""

from dataclasses import replace

import numpy as np
import pytest
from contact_world import CAMERA, FRAME_NS, desk, hand

from fingertip_contact.build import build_contact_pipeline
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.placement import BEHIND_HANDS_HINT, CameraPlacement
from fingertip_contact.frames import DepthImage, Frame, Hand, Surface
from fingertip_contact.keyboard.layout import load_layout

FACING = (hand(0), hand(1))


def turned(seen: Hand) -> Hand:
    """The same hand reaching in from the other side of the picture."""
    return replace(seen, landmarks_px=seen.landmarks_px * np.float32([1, -1]) + np.float32([0, CAMERA.height]))


AWAY = tuple(turned(seen) for seen in FACING)


def seen_from(elevation_deg: float, hands: tuple[Hand, ...], frames: int = 60) -> CameraPlacement:
    placement = CameraPlacement()
    for _ in range(frames):
        placement.update(CAMERA, hands, Surface(desk(elevation_deg), 0.0003, 0.95, 0))
    return placement


@pytest.mark.parametrize("elevation_deg", [45, 60, 68])
def test_a_camera_that_faces_the_typist_is_well_placed(elevation_deg: float) -> None:
    """Nothing to say, nothing refused."""
    placement = seen_from(elevation_deg, FACING)
    assert placement.is_usable
    assert placement.hint == ""


@pytest.mark.parametrize("elevation_deg", [30, 45, 60, 75])
def test_a_camera_behind_the_hands_is_refused(elevation_deg: float) -> None:
    """Within a second of hands, and in words that say where to put it; a single frame does not decide."""
    assert seen_from(elevation_deg, AWAY, frames=1).is_usable
    placement = seen_from(elevation_deg, AWAY)
    assert not placement.is_usable
    assert placement.hint == BEHIND_HANDS_HINT


def test_a_camera_that_was_moved_is_used_again() -> None:
    """Facing hands make up for those seen from behind."""
    placement = seen_from(60, AWAY)
    for _ in range(60):
        placement.update(CAMERA, FACING, Surface(desk(60), 0.0003, 0.95, 0))
    assert placement.is_usable


@pytest.mark.parametrize("hands", [FACING, AWAY])
def test_from_straight_above_there_is_advice_and_no_refusal(hands: tuple[Hand, ...]) -> None:
    """Nobody is behind the hands there, whichever way they point."""
    placement = seen_from(90, hands)
    assert placement.is_usable
    assert "90 degrees" in placement.hint
    assert "45 to 65" in placement.hint


def test_a_low_camera_gets_advice() -> None:
    """It is used all the same."""
    placement = seen_from(30, FACING)
    assert placement.is_usable
    assert "30 degrees" in placement.hint


def test_an_unknown_surface_tells_nothing() -> None:
    """Neither advice nor refusal before the desk is known."""
    placement = CameraPlacement()
    placement.update(CAMERA, AWAY, None)
    assert placement.is_usable
    assert placement.hint == ""


def test_nothing_is_read_from_behind_the_hands() -> None:
    """The pipeline measures no fingertip there, and its results say why."""
    pipeline = build_contact_pipeline(load_layout("qwerty"), ContactParameters(calibration_seconds=0.1))
    picture = np.full((CAMERA.height, CAMERA.width, 3), 200, np.uint8)
    rows, columns = np.mgrid[: CAMERA.height, : CAMERA.width]
    rays = CAMERA.rays(np.column_stack([columns.ravel(), rows.ravel()]))
    depth_m = desk(60).depth_at_m(rays).reshape(CAMERA.height, CAMERA.width)
    depth = DepthImage(np.round(depth_m * 1000).astype(np.uint16), 0.001)

    def result(number: int, hands: tuple[Hand, ...]):
        return pipeline.process(Frame(number * FRAME_NS, "camera", CAMERA, picture, depth), hands)

    for number in range(10):
        result(number, ())
    assert result(10, AWAY).fingertips
    for number in range(11, 70):
        last = result(number, AWAY)
    assert last.fingertips == ()
    assert last.hint == BEHIND_HANDS_HINT
