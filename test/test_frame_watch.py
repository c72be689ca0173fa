"""Each cause of silence is told once it has lasted, and no longer than it lasts."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fingertip_contact import advice as advice_module
from fingertip_contact.advice import Advice
from fingertip_contact.datatypes import DepthImage, Frame, Hand
from fingertip_contact.frame_watch import FrameWatch
from fingertip_contact.geometry import Camera, RigidTransform
from repository import ROOT

CAMERA = Camera(80.0, 80.0, 32.0, 24.0, 64, 48)
COLOR = np.full((48, 64, 3), 150, np.uint8)
POSE = RigidTransform(np.eye(3), np.zeros(3))
HAND = Hand(1, "left", 1.0, 1.0, np.zeros((21, 2), np.float32))


def watch(seconds, *, rate_hz=30, depth=None, hands=(HAND,), pose=POSE, watch=None):
    watch = watch or FrameWatch()
    start_ns = 0 if watch._last_ns is None else watch._last_ns + 1
    image = None if depth is None else DepthImage(np.full((48, 64), depth, np.float32), 1.0)
    for index in range(round(seconds * rate_hz)):
        watch.update(Frame(start_ns + round(index * 1e9 / rate_hz), "", CAMERA, COLOR, image), hands, pose)
    return watch


def list_codes(watch):
    return [advice.code for advice in watch.advice]


CAUSES = {
    "slow_frames": ({"rate_hz": 5}, {"rate_hz": 15}, 4),
    "no_sheet": ({"pose": None}, {"pose": POSE}, 4),
    "no_hands": ({"hands": ()}, {"hands": (HAND,)}, 11),
    "depth_invalid": ({"depth": np.nan}, {"depth": 0.3}, 2),
}


@pytest.mark.parametrize("code", CAUSES)
def test_a_lasting_cause_is_told_until_it_ends(code):
    """Not at once, alone, and no longer when it is over."""
    bad, good, seconds = CAUSES[code]
    assert list_codes(watch(0.5, **bad)) == []
    bad_watch = watch(seconds, **bad)
    assert list_codes(bad_watch) == [code]
    assert list_codes(watch(2, watch=bad_watch, **good)) == []


def look_down(elevation_deg, roll_deg):
    """camera_from_sheet of a camera that is rolled clockwise, seen from behind it: its image turns the other way."""
    down, roll = np.radians(elevation_deg), np.radians(roll_deg)
    normal = np.array([0.0, -np.cos(down), -np.sin(down)])
    right = np.array([1.0, 0.0, 0.0])
    upright = np.column_stack([right, np.cross(normal, right), normal])
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return RigidTransform(turn @ upright, np.array([0.0, 0.0, 0.35]))


@pytest.mark.parametrize(("roll_deg", "rotate_deg"), [(90, 90), (180, 180), (-90, 270), (150, 180), (-70, 270)])
def test_a_camera_that_is_not_upright_is_told(roll_deg, rotate_deg):
    """With the angle that turns its images; not of one that is tilted a little, or looks straight down."""
    turned_watch = watch(2, pose=look_down(45, roll_deg))
    (advice,) = turned_watch.advice
    assert advice.code == "camera_turned"
    assert f"--rotate {rotate_deg}" in advice.message
    assert list_codes(watch(2, pose=look_down(85, roll_deg))) == []
    assert list_codes(watch(2, watch=turned_watch, pose=look_down(45, 30))) == []


@pytest.mark.parametrize("depth", [0.0, np.inf, -1.0])
def test_every_kind_of_invalid_depth_is_told(depth):
    """Zero, infinite, negative."""
    assert list_codes(watch(2, depth=depth)) == ["depth_invalid"]


def test_hands_that_rest_elsewhere_are_no_news():
    """Whoever has been seen may leave."""
    assert list_codes(watch(20, hands=(), watch=watch(1))) == []


def test_each_advice_has_a_code_of_its_own_and_a_text():
    """Codes are for programs."""
    advice = [value for value in vars(advice_module).values() if isinstance(value, Advice)]
    assert len({item.code for item in advice}) == len(advice) >= 8
    for item in advice:
        assert item.code.replace("_", "").isalpha()
        assert item.message.startswith(item.text or "no text")
        assert item.message.endswith(item.remedy)


def test_every_code_is_documented():
    """In the table of docs/ros.md."""
    source = "".join(path.read_text() for path in (ROOT / "fingertip_contact").rglob("*.py"))
    codes = set(re.findall(r'Advice\(\s*"(\w+)"', source))
    table = (ROOT / "docs" / "ros.md").read_text().split("## Advice")[1].split("\n## ")[0]
    assert codes
    assert {code for code in codes if f"`{code}`" not in table} == set()
