"""The end of a press reaches whoever heard its beginning: a key is held while something happens to camera or node."""

from __future__ import annotations

import math
import os
import runpy
import signal
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rosgraph_msgs.msg import Clock
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.ros import messages, qos
from held_finger import HeldFingerCamera, write_parameters
from repository import ROOT
from ros_harness import COLOR, INFO, extract_key_transitions, launch_nodes, ros_node

NS = "/fingertip_contact"
PYTHONPATH = os.pathsep.join([str(Path(__file__).parents[1] / "support"), os.environ.get("PYTHONPATH", "")])
PERIOD_S = 1 / 30
TEN_YEARS_NS = 10 * 365 * 86_400 * 10**9
# No press is decided later than this after its touch-down.
MAX_DECISION_S = 1.0


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


class HeldKey:
    """A contact_node that reads a held key, and everything that it published about it."""

    def __init__(self, test_node, start, folder, decision_delay_s=0.0, **parameters):
        self.test_node, self._start = test_node, start
        self._parameters = write_parameters(folder, decision_delay_s) | parameters
        self.events = test_node.subscribe(InteractiveMarkerFeedback, f"{NS}/key_events", qos.EVENT)
        self.presses = test_node.subscribe(InteractiveMarkerInit, f"{NS}/open_presses", qos.LATCHED)
        self.camera = HeldFingerCamera(test_node, COLOR, INFO, f"{NS}/hands")
        self.start()

    def start(self):
        self.node = self._start("contact_node", environment={"PYTHONPATH": PYTHONPATH}, **self._parameters)
        self.test_node.wait_until(lambda: self.camera.is_heard and self.presses, "the node")

    def press(self):
        self.send_until(lambda: bool(self.events), "the press")

    def send_until(self, condition, description, **fields):
        """Frames at 30 Hz until the condition holds."""
        due_s = [time.monotonic()]

        def step():
            if time.monotonic() >= due_s[0]:
                due_s[0] = time.monotonic() + PERIOD_S
                self.camera.send(**fields)
            return condition()

        self.test_node.wait_until(step, description)

    @property
    def transitions(self):
        return extract_key_transitions(self.events)

    @property
    def open_keys(self):
        """The keys of the newest list."""
        return [marker.controls[0].name for marker in self.presses[-1].markers]


def shut_down_by_service(held):
    request = ChangeState.Request(transition=Transition(id=Transition.TRANSITION_ACTIVE_SHUTDOWN))
    assert held.test_node.call_service(ChangeState, f"{NS}/contact_node/change_state", request).success
    return held.node.stop(signal.SIGINT)


ENDS = {
    "SIGINT": lambda held: held.node.stop(signal.SIGINT),
    "SIGTERM": lambda held: held.node.stop(signal.SIGTERM),
    "shutdown service, then SIGINT": shut_down_by_service,
}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_node_cancels_held_keys(start, tmp_path, end):
    """Once, heard by a subscriber, and off the list of open presses; the process ends with code 0 and no traceback."""
    with ros_node() as test_node:
        held = HeldKey(test_node, start, tmp_path, camera_timeout_s=60.0)
        assert held.open_keys == []
        held.press()
        test_node.wait_until(lambda: held.open_keys == ["h"], "the press in the list")
        assert ENDS[end](held) == 0, held.node.log_summary
        test_node.wait_until(lambda: len(held.events) == 2, "the end of the press")
        test_node.wait_until(lambda: held.open_keys == [], "the empty list")
        assert held.transitions == [("down", "h"), ("up", "h")]
        assert not held.events[1].mouse_point_valid
        assert "Traceback" not in held.node.log_text, held.node.log_summary


BAD_FRAMES = {
    "K of zeros": {"info": {"k": [0.0] * 9}},
    "K of NaN": {"info": {"k": [math.nan] * 9}},
    "another size": {"info": {"width": 320, "height": 240}},
    "unknown encoding": {"image": {"encoding": "nonsense"}},
    "short data": {"image": {"data": bytes(100)}},
}


def test_refused_frames_do_not_hold_a_key(start, tmp_path):
    """A camera that sends only frames that cannot be read is as good as gone: the key is cancelled after
    camera_timeout_s, once for each kind of bad frame."""
    with ros_node() as test_node:
        held = HeldKey(test_node, start, tmp_path, camera_timeout_s=0.3)
        for count, fields in enumerate(BAD_FRAMES.values()):
            held.send_until(lambda count=count: len(held.events) == 2 * count + 1, "a press")
            held.send_until(lambda count=count: len(held.events) == 2 * count + 2, "its end", **fields)
        assert held.transitions == [("down", "h"), ("up", "h")] * len(BAD_FRAMES)
        assert not any(event.mouse_point_valid for event in held.events[1::2])


def test_a_press_of_a_killed_node_is_off_the_list(start, tmp_path):
    """A node that is killed hard cannot cancel: the list of its successor is empty and newer than the press."""
    with ros_node() as test_node:
        held = HeldKey(test_node, start, tmp_path)
        held.press()
        pressed_ns = messages.stamp_to_ns(held.events[0].header.stamp)
        test_node.wait_until(lambda: held.open_keys == ["h"], "the press in the list")
        assert held.presses[-1].seq_num >= pressed_ns
        held.node.process.kill()
        held.node.wait_for_exit()
        assert held.open_keys == ["h"]
        held.start()
        test_node.wait_until(lambda: held.open_keys == [], "the empty list")
        assert held.presses[-1].seq_num > pressed_ns


def test_the_example_consumer_stays_right_through_a_killed_node(start, tmp_path):
    """examples/subscribe_key_events holds the key while it is down, and lets go of it once the node is back."""
    consumer_class = runpy.run_path(str(ROOT / "examples" / "subscribe_key_events" / "main.py"))["KeyPrinter"]
    with ros_node() as test_node:
        consumer = consumer_class()
        test_node.spinner.add_node(consumer)
        held = HeldKey(test_node, start, tmp_path)
        held.press()
        test_node.wait_until(lambda: len(consumer.pressed_ns) == 1, "the press at the consumer")
        held.node.process.kill()
        held.node.wait_for_exit()
        assert len(consumer.pressed_ns) == 1
        held.start()
        test_node.wait_until(lambda: not consumer.pressed_ns, "the end of the press at the consumer")
        consumer.destroy_node()


def test_time_may_jump(start, tmp_path):
    """A /clock before zero ends no node. Stamps that jump by years while a key is held cancel it, and nothing is
    decided across the jump: the time since the touch-down, `menu_entry_id`, stays that of a decision."""
    with ros_node() as test_node:
        held = HeldKey(test_node, start, tmp_path, decision_delay_s=0.06, use_sim_time=True)
        clock = test_node.create_publisher(Clock, "/clock", qos.CLOCK)
        test_node.wait_until(lambda: clock.get_subscription_count() > 0, "the node's clock")
        clock.publish(Clock(clock=Time(sec=-1)))
        test_node.wait_until(lambda: "a message was ignored" in held.node.log_text, "the warning")
        # The touch-down of the first frame is still undecided when the stamps jump, that of the third has been decided.
        for stamp_ns in (10**9, TEN_YEARS_NS, TEN_YEARS_NS + 10**8, 2 * TEN_YEARS_NS, 2 * TEN_YEARS_NS + 10**8):
            held.camera.send(stamp_ns)
            test_node.spin_for(0.05)
        test_node.wait_until(lambda: len(held.events) == 3, "two presses and the end of the first")
        assert held.transitions == [("down", "h"), ("up", "h"), ("down", "h")]
        assert not held.events[1].mouse_point_valid
        assert all(event.menu_entry_id <= MAX_DECISION_S * 1e6 for event in held.events)
        assert held.node.is_alive, held.node.log_summary
