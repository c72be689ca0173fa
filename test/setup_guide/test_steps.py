"""What each step accepts, and what it says."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.advice import Advice, advise_print_scale
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.setup_guide.placement_step import (
    compute_elevation_deg,
    find_hidden_keys,
    find_side,
)
from fingertip_contact.setup_guide.typing_step import require_typable
from keyboard_images import CAMERA, make_camera_pose
from setup_world import ALL_FINGERS, POSE, QWERTY, make_desk

TOO_FLAT = Advice("camera_too_flat", "the camera looks down at 30 degrees", "45 to 65 degrees are best")
STEPS = ("camera", "sheet", "placement", "surface", "fingers", "typing")


def make_desk_at(name: str, **options):
    """The guide at one step, the others left out."""
    return make_desk(skipped=[other for other in STEPS if other != name], **options)


def shift(pose: RigidTransform, offset_m: tuple[float, float, float]) -> RigidTransform:
    return RigidTransform(pose.rotation, pose.translation_m + np.array(offset_m))


def test_dark_images_are_no_camera():
    """Advice on the pictures has to go before the step is done."""
    desk = make_desk_at("camera")
    desk.advice = (Advice("dark_images", "the images are very dark", "add light"),)
    desk.show(3)
    assert (desk.find("camera").state, desk.find("camera").remedy) == ("active", "add light")
    desk.advice = ()
    desk.show(1)
    assert "a camera, 30 images a second are read, with colour" in desk.find("camera").text


@pytest.mark.parametrize(
    ("turn_deg", "side"), [(0, "facing"), (180, "own"), (90, "left"), (-90, "right")], ids=lambda value: str(value)
)
def test_the_side_of_the_camera_is_seen(turn_deg, side):
    """From the sheet alone, before any hand comes; from straight above there is none."""
    pose = make_camera_pose(60, 0.36, turn_deg)
    assert find_side(pose) == side
    assert compute_elevation_deg(pose) == pytest.approx(60, abs=0.1)
    assert find_side(make_camera_pose(89, 0.36)) == "above"


def test_a_good_place_is_soon_accepted():
    """Distance, elevation and side are told."""
    desk = make_desk_at("placement")
    desk.show(1.2)
    assert desk.find("placement").state == "done"
    assert desk.find("placement").text == "36 cm away, 60 degrees above the sheet, facing the typist"


def test_the_verdict_follows_a_moving_camera():
    """While it moves nothing is decided, however good the place."""
    desk = make_desk_at("placement")
    for step in range(60):
        desk.pose = shift(POSE, (0.0, 0.0, 0.005 * (step % 2)))
        desk.show()
    assert desk.find("placement").state == "active"
    desk.pose = POSE
    desk.show(1.2)
    assert desk.find("placement").state == "done"


def test_keys_out_of_view_are_named():
    """Some of them: accepted after a while, with advice. Most of them: never."""
    desk = make_desk_at("placement", timeout_s=12.0)
    desk.pose = shift(POSE, (0.2, 0.0, 0.0))
    hidden = find_hidden_keys(QWERTY, CAMERA, desk.pose)
    assert 0 < len(hidden) < len(QWERTY.keys) / 2
    desk.show(1)
    assert f"out of view: {hidden[0]}" in desk.find("placement").text
    assert desk.find("placement").state == "active"
    desk.show(7)
    assert (desk.find("placement").state, bool(desk.find("placement").remedy)) == ("done", True)
    lost = make_desk_at("placement", timeout_s=12.0)
    lost.pose = shift(POSE, (0.4, 0.0, 0.0))
    lost.show(13)
    assert lost.find("placement").state == "failed"


def test_the_own_side_has_to_be_meant():
    """It is advised against, unless it was asked for; the same the other way round."""
    own = make_camera_pose(60, 0.36, 180)
    for user_side, pose, is_well in (("facing", own, False), ("own", own, True), ("own", POSE, False)):
        desk = make_desk_at("placement", user_side=user_side)
        desk.pose = pose
        desk.show(1.5)
        assert (desk.find("placement").state == "done") == is_well
        assert ("--user-side" in desk.find("placement").remedy) == (not is_well)


def test_an_elevation_that_can_be_used_is_not_refused():
    """The pipeline's advice is told, and accepted after the camera has stood still."""
    desk = make_desk_at("placement")
    desk.advice = (TOO_FLAT,)
    desk.show(3)
    assert (desk.find("placement").state, desk.find("placement").remedy) == ("active", TOO_FLAT.remedy)
    desk.show(4)
    assert desk.find("placement").state == "done"


def test_a_surface_that_disagrees_is_told():
    """A sheet of the wrong scale gives a surface, and advice that stays in sight."""
    desk = make_desk_at("surface")
    desk.advice = (advise_print_scale(0.9, 0.36, 0.32),)
    desk.show(2)
    assert desk.find("surface").state == "active"
    desk.show(8)
    assert desk.find("surface").state == "done"
    assert "print it at 100 %" in desk.find("surface").remedy


def test_a_finger_counts_once():
    """Ten taps of one finger are one finger."""
    desk = make_desk_at("fingers")
    for _ in range(10):
        desk.show(presses=[ALL_FINGERS[1]])
    assert desk.find("fingers").text.startswith("1 of 10 fingers are read")
    assert desk.find("fingers").remedy == ""
    desk.show(9)
    assert "lift it higher" in desk.find("fingers").remedy
    desk.show(presses=ALL_FINGERS)
    assert desk.find("fingers").state == "done"


def test_typing_is_scored():
    """Words per minute from the first press to the last, errors per character; the text of earlier taps does not
    count."""
    desk = make_desk_at("typing", target="hello world")
    desk.type("hello wurld", interval_s=0.2)
    desk.show(1.5)
    score = desk.typing.score
    assert score.read == "hello wurld"
    assert score.cer == pytest.approx(1 / 11)
    assert score.wpm == pytest.approx(11 / 5 / (10 * 0.2 / 60), rel=0.02)
    assert desk.find("typing").state == "done"
    assert "9.1% of the characters wrong" in desk.find("typing").text


def test_typing_ends_with_silence():
    """Too little was read: the errors are above the limit, so that the step has failed."""
    desk = make_desk_at("typing", target="hello world")
    desk.type("he")
    desk.show(3)
    assert desk.find("typing").state == "active"
    desk.show(2)
    assert desk.find("typing").state == "failed"
    assert "(limit 20%)" in desk.find("typing").text


def test_nobody_types():
    """The limit of the step ends it, and nothing is scored."""
    desk = make_desk_at("typing", timeout_s=5.0)
    desk.show(6)
    assert desk.find("typing").state == "failed"
    assert desk.typing.score is None


@pytest.mark.parametrize(("text", "layout"), [("  ", "qwerty"), ("naïve", "qwerty"), ("hi", "numpad"), ("hi", "piano")])
def test_a_text_has_to_be_on_the_keys(text, layout):
    """Nobody is asked to type what the sheet does not write."""
    require_typable("The quick", QWERTY)
    with pytest.raises(ValueError, match=r"give another one \(--text\).*--skip typing"):
        require_typable(text, load_layout(layout))
