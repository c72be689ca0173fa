"""The pictures of RViz's markers: what is in the message is drawn where RViz's view has it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from fingertip_contact.datatypes import Fingertip, FrameResult
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros.markers import make_markers
from fingertip_contact.ros.messages import make_header
from fingertip_contact.visualization.overlay import STATE_COLORS_BGR
from marker_view import draw_markers, load_view

SIZE_PX = (1200, 900)


def draw(tips: list[Fingertip], pose: RigidTransform | None = None, **changes: object) -> np.ndarray:
    result = FrameResult(0, (), tuple(tips), (), (), "", None, pose)
    message = make_markers(make_header(0, "camera"), result, load_layout("qwerty"))
    return draw_markers(message, replace(load_view(), **changes), SIZE_PX)


def make_tip(point_m: np.ndarray) -> Fingertip:
    return Fingertip(0, "right", "index", (0.0, 0.0), point_m, 0.0, 0.0, 1.0, "contact")


def find_ball(image: np.ndarray) -> np.ndarray:
    """Column and row of its middle, from that of the image."""
    is_ball = np.abs(image.astype(int) - STATE_COLORS_BGR["contact"]).sum(axis=2) < 30
    assert is_ball.any()
    return np.argwhere(is_ball).mean(axis=0)[::-1] - (SIZE_PX[0] / 2, SIZE_PX[1] / 2)


def test_a_fingertip_at_the_focal_point_is_in_the_middle():
    """In the colour of its state, as large as it is seen: 8 mm at 45 cm, with 45 degrees of view."""
    view = load_view()
    image = draw([make_tip(view.focal_m)])
    assert find_ball(image) == pytest.approx([0, 0], abs=1)
    area_px = (np.abs(image.astype(int) - view.background_bgr).sum(axis=2) > 60).sum()
    radius_px = SIZE_PX[1] / 2 / np.tan(np.radians(22.5)) * 0.004 / view.distance_m
    assert area_px == pytest.approx(np.pi * radius_px**2, rel=0.25)


def test_the_typists_right_is_right_and_away_is_up():
    """Of a camera that faces the typist, 60 degrees above the desk: its x points to the typist's left."""
    rotation = cv2.Rodrigues(np.radians([-30.0, 0.0, 0.0]))[0] @ np.diag([-1.0, 1.0, -1.0])
    pose = RigidTransform(rotation, np.array([0.0, 0.0, 0.38]))
    assert pose.rotation[1, 1] > 0.8
    right, away = (
        find_ball(draw([make_tip(pose.apply(np.array(point_m)))])) for point_m in ([0.05, 0, 0], [0, 0.05, 0])
    )
    assert right[0] > 60
    assert abs(right[1]) < 15
    assert away[1] < -60
    assert abs(away[0]) < 15


def test_keys_and_sheet_are_drawn_once_the_sheet_is_known():
    """The sheet is seen through."""
    rotation = np.diag([-1.0, 1.0, -1.0])
    empty = draw([])
    assert (empty == empty[0, 0]).all()
    sheet = draw([], RigidTransform(rotation, np.array([0.0, 0.0, 0.38])))
    middle = sheet[SIZE_PX[1] // 2 - 120 : SIZE_PX[1] // 2 + 120].reshape(-1, 3)
    assert len(np.unique(middle, axis=0)) > 10
    background = np.array(load_view().background_bgr)
    glass = 0.75 * background + 0.25 * 204
    assert (np.abs(middle - glass).max(axis=1) < 3).mean() > 0.2
