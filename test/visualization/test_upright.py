"""Rules of the overlay that is turned for the typist."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli_harness import run
from contact_world import CAMERA
from fingertip_contact.cameras.rotation import rotate_image, rotate_pixels
from fingertip_contact.datatypes import ContactEvent, Fingertip, Frame, FrameResult, Hand, KeyEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.visualization.overlay import BANNER_PX, KEY_COLOR_BGR, Overlay, compute_key_corners_m
from fingertip_contact.visualization.upright import UprightTurn, find_upright_deg, turn_result
from fingertip_contact.visualization.video import open_overlay_video

LAYOUT = load_layout("qwerty")
STAMP_NS = 1_700_000_000_000_000_000


def see_sheet(turned_deg: float, tilt_deg: float = 40.0) -> RigidTransform:
    """camera_from_sheet of a camera that looks down at a sheet whose top points up in the image, and is then turned
    clockwise in it. tilt_deg: from straight above."""
    # Straight above: x right, y up in the image, z towards the camera.
    above = np.diag([1.0, -1.0, -1.0])
    tilt = cv2.Rodrigues(np.radians([tilt_deg, 0.0, 0.0]))[0]
    turn = cv2.Rodrigues(np.radians([0.0, 0.0, turned_deg]))[0]
    return RigidTransform(turn @ tilt @ above, np.array([0.0, 0.0, 0.4]))


def make_result(pose: RigidTransform | None, text: str = "") -> FrameResult:
    """A hand and a fingertip, as pixels."""
    landmarks_px = np.linspace([100, 80], [220, 200], 21).astype(np.float32)
    tip = Fingertip(0, "right", "index", (220.0, 150.0), np.zeros(3), 0.004, 0.0, 1.0, "contact")
    return FrameResult(STAMP_NS, (Hand(0, "right", 1.0, 1.0, landmarks_px),), (tip,), (), (), text, None, pose)


@pytest.mark.parametrize(("turned_deg", "turn_deg"), [(0, 0), (180, 180), (90, 270), (270, 90), (170, 180), (300, 90)])
@pytest.mark.parametrize("tilt_deg", [-50, 0, 50])
def test_the_sheet_is_upright_after_the_turn(turned_deg, turn_deg, tilt_deg):
    """Seen from above, from the typist's side and facing the typist: 180 degrees."""
    pose = see_sheet(turned_deg, tilt_deg)
    assert UprightTurn("auto").update(CAMERA, pose) == turn_deg
    turned, camera = turn_result(make_result(pose), CAMERA, turn_deg)
    near_px, far_px = camera.project(turned.camera_from_sheet.apply(np.array([[0, 0, 0], [0, 0.05, 0]])))
    assert far_px[1] < near_px[1] - 10


def test_a_camera_that_faces_the_typist_turns_by_180():
    """The camera of the documentation: its up is the typist's down."""
    camera_from_sheet = RigidTransform(np.array([[-1.0, 0, 0], [0, 0.8, -0.6], [0, -0.6, -0.8]]), np.array([0, 0, 0.4]))
    assert np.linalg.det(camera_from_sheet.rotation) == pytest.approx(1.0)
    assert find_upright_deg(CAMERA, camera_from_sheet) == pytest.approx(180.0)


def test_a_turn_stays_until_another_is_much_nearer():
    """Within 15 degrees of the middle between two, either stays; an unknown sheet changes nothing."""
    turn = UprightTurn("auto")
    assert turn.update(CAMERA, None) == 0
    found = [turn.update(CAMERA, see_sheet(-angle)) for angle in (0, 50, 58, 62, 50, 40, 32, 28)]
    assert found == [0, 0, 0, 90, 90, 90, 90, 0]
    assert [turn.update(CAMERA, pose) for pose in (see_sheet(180), None)] == [180, 180]


def test_a_given_turn_stays():
    """Whatever the sheet does; another one is refused with those that are known."""
    turn = UprightTurn("90")
    assert turn.update(CAMERA, see_sheet(180)) == 90
    with pytest.raises(ValueError, match="one of auto, 0, 90, 180, 270 degrees, not by '45'"):
        UprightTurn("45")


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_all_that_is_drawn_turns_with_the_image(degrees):
    """Keys by the turned camera and pose, also with distortion, hands and fingertips by their pixels: each where the
    image's own content goes."""
    camera = replace(CAMERA, distortion=(0.05, -0.02, 0.004, -0.003, 0.0))
    result = make_result(see_sheet(170))
    turned, turned_camera = turn_result(result, camera, degrees)
    corners_m = np.concatenate([compute_key_corners_m(key) for key in LAYOUT.keys])
    pixels = camera.project(result.camera_from_sheet.apply(corners_m))
    assert turned_camera.project(turned.camera_from_sheet.apply(corners_m)) == pytest.approx(
        rotate_pixels(pixels, camera, degrees), abs=1e-6
    )
    image = np.zeros((camera.height, camera.width), np.uint8)
    image[150, 220] = 255
    ((row, column),) = np.argwhere(rotate_image(image, degrees))
    assert turned.fingertips[0].pixel == (column, row)
    assert turned.hands[0].landmarks_px.dtype == np.float32
    assert turned.hands[0].landmarks_px[-1] == pytest.approx(
        rotate_pixels(np.array([[220.0, 200.0]]), camera, degrees)[0]
    )


def test_what_is_written_is_upright():
    """The text at the bottom is the same, and keys are where the turned sheet is; the image under it is turned."""
    image = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    image[:100, :100] = 255
    upright, turned = see_sheet(0), see_sheet(180)
    plain = Overlay(LAYOUT).draw(image, make_result(upright, "hello"), CAMERA)
    overlay = Overlay(LAYOUT, "auto")
    found = overlay.draw(image, make_result(turned, "hello"), CAMERA)
    assert overlay.turn_deg == 180
    assert np.array_equal(found[-BANNER_PX + 8 :, :200], plain[-BANNER_PX + 8 :, :200])
    assert found[CAMERA.height - 50, CAMERA.width - 50].max() > 40 > found[20, 20].max()
    corner = compute_key_corners_m(LAYOUT.keys[0])[:1]
    u, v = CAMERA.project(see_sheet(0).apply(corner))[0]
    # The principal point is near the middle, not in it.
    near = found[int(v) - 6 : int(v) + 7, int(u) - 8 : int(u) + 9].reshape(-1, 3).astype(int)
    assert np.abs(near - KEY_COLOR_BGR).sum(axis=1).min() < 40


def test_a_quarter_turn_has_another_size():
    """Width and height are swapped; the frame's image is not changed."""
    image = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    found = Overlay(LAYOUT, "auto").draw(image, make_result(see_sheet(90)), CAMERA)
    assert found.shape == (CAMERA.width, CAMERA.height, 3)
    assert not image.any()


def test_a_video_keeps_its_size(tmp_path: Path):
    """An image on its side is whole in it, smaller, with black beside it."""
    path = tmp_path / "out.mp4"
    frame = Frame(STAMP_NS, "camera", CAMERA, np.full((CAMERA.height, CAMERA.width, 3), 255, np.uint8), None)
    with open_overlay_video(path, LAYOUT, CAMERA, 30.0, name=path) as draw:
        images = [draw(frame, make_result(pose)) for pose in (None, see_sheet(90))]
    assert {image.shape for image in images} == {(CAMERA.height, CAMERA.width, 3)}
    assert not images[1][:, : CAMERA.width // 2 - 200].any()
    assert images[1][5, CAMERA.width // 2].min() > 200
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FRAME_WIDTH) == CAMERA.width
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 2


def test_an_unknown_turn_of_the_video_is_refused(tmp_path: Path, capsys):
    """Before anything is read or written."""
    video = tmp_path / "out.mp4"
    arguments = ("process", tmp_path / "none.mcap", "--out", tmp_path / "out.jsonl", "--video", video)
    assert run(*arguments, "--overlay-rotate", "45") != 0
    assert "one of auto, 0, 90, 180, 270" in capsys.readouterr().err


def test_keys_that_came_up_unseen_are_not_drawn_as_held():
    """Nobody watched while the press ended."""
    contact = ContactEvent(STAMP_NS, STAMP_NS, "press", 1, 0, "right", "index", np.zeros(3), 0.9)
    press, release = (
        replace(make_result(None), key_events=(KeyEvent(replace(contact, type=kind), "qwerty", "j", ""),))
        for kind in ("press", "release")
    )
    overlay = Overlay(LAYOUT)
    overlay.draw(np.zeros((480, 640, 3), np.uint8), press, CAMERA)
    assert overlay._held.keys == {"j"}
    overlay.follow(release)
    assert not overlay._held.keys
