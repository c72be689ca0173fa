"""The example that gives a robot goals: run as its page says, against real messages."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import Point, PoseStamped
from std_msgs.msg import Header
from visualization_msgs.msg import InteractiveMarkerFeedback, MarkerArray

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros import qos
from fingertip_contact.ros.markers import make_surface_marker
from keyboard_images import make_camera_pose
from repository import ROOT
from ros_harness import FRAME_ID, ros_node

HEIGHT_M = 0.04


def rotate(quaternion, vector) -> np.ndarray:
    """A vector (3,) turned by a quaternion message."""
    axis = np.array([quaternion.x, quaternion.y, quaternion.z])
    return vector + 2 * np.cross(axis, np.cross(axis, vector) + quaternion.w * np.asarray(vector))


@pytest.fixture
def goal_node(tmp_path):
    """The example, in a process of its own."""
    command = [sys.executable, ROOT / "examples" / "robot_goal" / "main.py", "--height-m", str(HEIGHT_M)]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        yield process
        process.terminate()


def test_a_goal_lies_above_the_key(goal_node):
    """In the event's frame and at its stamp, as high above the touch as was asked, looking down at the desk."""
    camera_from_sheet: RigidTransform = make_camera_pose(60, 0.36)
    touch = camera_from_sheet.apply(np.array([[0.01, 0.02, 0.0]]))[0]
    header = Header(frame_id=FRAME_ID)
    header.stamp.sec = 7
    markers = MarkerArray(markers=[make_surface_marker(header, load_layout("qwerty"), camera_from_sheet)])
    press = InteractiveMarkerFeedback(header=header, event_type=InteractiveMarkerFeedback.MOUSE_DOWN, control_name="j")
    press.mouse_point = Point(**dict(zip("xyz", map(float, touch), strict=True)))
    release = InteractiveMarkerFeedback(header=header, event_type=InteractiveMarkerFeedback.MOUSE_UP)
    with ros_node() as node:
        goals = node.subscribe(PoseStamped, "/goal", qos.EVENT)
        events = node.create_publisher(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        surface = node.create_publisher(MarkerArray, "markers", qos.EVENT)
        node.wait_until(lambda: events.get_subscription_count() == surface.get_subscription_count() == 1, "the example")

        def ask() -> bool:
            # Topics are not ordered among each other: the sheet may come after the press.
            surface.publish(markers)
            events.publish(press)
            events.publish(release)
            node.spin_for(0.1)
            return bool(goals)

        node.wait_until(ask, "a goal")
        goal = goals[0]
    assert (goal.header.frame_id, goal.header.stamp.sec) == (FRAME_ID, 7)
    place = np.array([goal.pose.position.x, goal.pose.position.y, goal.pose.position.z])
    in_sheet = camera_from_sheet.inverse.apply(place[None])[0]
    assert in_sheet == pytest.approx([0.01, 0.02, HEIGHT_M], abs=1e-6)
    down, right = (camera_from_sheet.rotation @ np.array(axis) for axis in ([0, 0, -1], [1, 0, 0]))
    assert rotate(goal.pose.orientation, [0.0, 0.0, 1.0]) == pytest.approx(down, abs=1e-6)
    assert rotate(goal.pose.orientation, [1.0, 0.0, 0.0]) == pytest.approx(right, abs=1e-6)
