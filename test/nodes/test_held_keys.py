"""Nothing is decided across a jump of time. The rows of `selftest faults` hold a key through everything else."""

from __future__ import annotations

import os
import runpy
import time
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time
from rosgraph_msgs.msg import Clock
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.ros import messages, qos
from held_finger import HeldFingerCamera, write_parameters
from repository import ROOT
from ros_harness import COLOR, INFO, extract_key_transitions, launch_nodes, ros_node

NS = "/fingertip_contact"
PYTHONPATH = os.pathsep.join([str(Path(__file__).parents[1] / "support"), os.environ.get("PYTHONPATH", "")])
TEN_YEARS_NS = 10 * 365 * 86_400 * 10**9
# No press is decided later than this after its touch-down.
MAX_DECISION_S = 1.0
PERIOD_S = 1 / 30


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
        """Frames at 30 Hz until the key is down."""
        due_s = [time.monotonic()]

        def step():
            if time.monotonic() >= due_s[0]:
                due_s[0] = time.monotonic() + PERIOD_S
                self.camera.send()
            return bool(self.events)

        self.test_node.wait_until(step, "the press")

    @property
    def transitions(self):
        return extract_key_transitions(self.events)


def test_a_paused_clock_holds_a_key(start, tmp_path):
    """The camera's time-out is of the node's clock: with /clock it lasts as long as simulated time needs for it."""
    with ros_node() as test_node:
        held = HeldKey(test_node, start, tmp_path, use_sim_time=True, camera_timeout_s=0.3)
        clock = test_node.create_publisher(Clock, "/clock", qos.CLOCK)
        test_node.wait_until(lambda: clock.get_subscription_count() > 0, "the node's clock")

        def tick(elapsed_ns):
            clock.publish(Clock(clock=messages.make_header(10**9 + elapsed_ns, "").stamp))
            return elapsed_ns

        # Messages of different topics may overtake one another: the clock first.
        for index in range(3):
            tick(index * 10**7)
            test_node.spin_for(0.1)
            held.camera.send(10**9 + index * 10**7)
        test_node.wait_until(lambda: len(held.events) == 1, "the press")
        # Paused, and then slower than real time: 0.2 s of simulated time pass in more than a second.
        test_node.spin_for(0.6)
        for index in range(3, 20):
            tick(index * 10**7)
            test_node.spin_for(0.03)
        assert held.transitions == [("down", "h")]
        elapsed_ns = [2 * 10**8]

        def advance():
            elapsed_ns[0] = tick(elapsed_ns[0] + 10**7)
            return len(held.events) == 2

        test_node.wait_until(advance, "the end of the press")
        assert held.transitions == [("down", "h"), ("up", "h")]
        assert elapsed_ns[0] >= 3 * 10**8


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
