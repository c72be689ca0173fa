"""The topic of an overlay that is turned for the typist: its size, its frame, and what costs nothing."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image

from fingertip_contact.datatypes import ContactEvent, Frame, FrameResult, KeyEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros import qos
from fingertip_contact.ros.results import ResultPublisher
from fingertip_contact.ros.rotated_frames import read_overlay_turn
from fingertip_contact.visualization.overlay import Overlay
from ros_harness import CAMERA, FRAME_ID, START_NS, ros_node

ABOVE = np.diag([1.0, -1.0, -1.0])


def make_result(turned_deg: float) -> FrameResult:
    """A sheet that is seen from straight above, turned clockwise."""
    turn = cv2.Rodrigues(np.radians([0.0, 0.0, turned_deg]))[0]
    pose = RigidTransform(turn @ ABOVE, np.array([0.0, 0.0, 0.4]))
    return FrameResult(START_NS, (), (), (), (), "", None, pose)


@pytest.mark.parametrize(
    ("overlay_turn", "turned_deg", "expected_deg"), [("auto", 180, 180), ("auto", 90, 270), ("0", 180, 0)]
)
def test_a_turned_overlay_has_a_frame_of_its_own(overlay_turn, turned_deg, expected_deg):
    """Which says by how much, at the image's stamp, with the size after the turn; nothing is drawn for nobody."""
    image = np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8)
    image[:60, :60] = (40, 160, 240)
    frame = Frame(START_NS, FRAME_ID, CAMERA, image, None)
    with ros_node() as node, ExitStack() as held:
        results = ResultPublisher(node, load_layout("qwerty"), 10.0, held, overlay_turn=overlay_turn)
        results.publish(frame, make_result(0))
        received = node.subscribe(Image, "overlay/image", qos.IMAGE_OUT)
        node.wait_until(lambda: results._overlay_image.get_subscription_count() == 1, "the subscription")
        results.publish(frame, replace(make_result(turned_deg), stamp_ns=START_NS + 1))
        node.wait_until(lambda: bool(received), "the overlay")
    (message,) = received
    assert message.header.stamp.nanosec == (START_NS + 1) % 1_000_000_000
    assert message.header.frame_id == (f"{FRAME_ID}_overlay_{expected_deg}" if expected_deg else FRAME_ID)
    assert read_overlay_turn(message.header.frame_id) == expected_deg
    size = (CAMERA.height, CAMERA.width) if expected_deg % 180 else (CAMERA.width, CAMERA.height)
    assert (message.width, message.height) == size
    assert message.step == 3 * message.width
    pixels = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
    # The corner, clockwise from the top left; the lower ones lie under the text, four times as dark.
    corner = {0: (30, 30), 180: (-30, -30), 270: (-30, 30)}[expected_deg]
    factor = 1 if expected_deg == 0 else 4
    assert pixels[corner] == pytest.approx(np.array([40, 160, 240]) // factor, abs=1)


def test_a_press_that_ends_without_a_frame_is_not_drawn_as_held():
    """As one that is cancelled because the camera stopped, while nobody watches or somebody does."""
    contact = ContactEvent(START_NS, START_NS, "press", 1, 0, "right", "index", np.zeros(3), 0.9)
    with ros_node() as node, ExitStack() as held:
        results = ResultPublisher(node, load_layout("qwerty"), 10.0, held)
        for kind, keys in (("press", {"j"}), ("cancel", set())):
            event = KeyEvent(replace(contact, type=kind), "qwerty", "j", "")
            results.publish_events(replace(make_result(0), key_events=(event,)))
            assert results._overlay._held.keys == keys


def test_an_overlay_that_nobody_watches_is_not_drawn(monkeypatch):
    """Nor turned."""
    monkeypatch.setattr(Overlay, "draw", lambda *given: pytest.fail("drawn for nobody"))
    frame = Frame(START_NS, FRAME_ID, CAMERA, np.zeros((CAMERA.height, CAMERA.width, 3), np.uint8), None)
    with ros_node() as node, ExitStack() as held:
        ResultPublisher(node, load_layout("qwerty"), 10.0, held).publish(frame, make_result(180))
