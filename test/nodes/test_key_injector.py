"""key_injector_node: from topics to keys, into a sink of the test's."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy")

import rclpy
from sensor_msgs.msg import PointCloud2
from std_msgs.msg import Bool
from visualization_msgs.msg import InteractiveMarkerFeedback, InteractiveMarkerInit

from fingertip_contact.datatypes import ContactEvent, KeyEvent
from fingertip_contact.nodes import key_injector_node
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.process import ShutdownEvent
from key_sinks import LOG_VARIABLE
from repository import ROOT
from ros_harness import START_NS, NodeProcess, RosTestNode, launch_nodes, ros_node

KEEP_ALIVE_S = 0.1
NOTES = "sheet: {width: 200, height: 100}\nkeys: [{name: c4, center: [0, 0], size: [20, 40]}]\n"


@pytest.fixture
def start(tmp_path):
    """Starts the injector; the file of its sink is tmp_path/keys."""
    environment = {LOG_VARIABLE: str(tmp_path / "keys"), "PYTHONPATH": f"{ROOT}:{ROOT / 'test' / 'support'}"}
    with launch_nodes(tmp_path) as start:
        yield lambda **parameters: start(
            "key_injector_node", environment, **{"sink": "key_sinks:FileSink", "layout": "qwerty_full", **parameters}
        )


def make_message(event_type: str, finger: str, key: str, stamp_ns: int) -> InteractiveMarkerFeedback:
    """Of a touch 60 ms before the stamp."""
    contact = ContactEvent(stamp_ns, stamp_ns - 60_000_000, event_type, 1, 1, "right", finger, np.zeros(3), 1.0)
    return messages.make_key_event("camera", KeyEvent(contact, "qwerty_full", key, ""))


class ContactNode:
    """What the contact node sends, and the deadman's hand."""

    def __init__(self, node: RosTestNode, read_keys: Callable[[], str]) -> None:
        self.node = node
        self.read_keys = read_keys
        self.is_alive = True
        self.deadman: bool | None = None
        self.stamp_ns = START_NS
        self.events = node.create_publisher(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        self.presses = node.create_publisher(InteractiveMarkerInit, "open_presses", qos.LATCHED)
        self.fingertips = node.create_publisher(PointCloud2, "fingertips", qos.RESULT)
        self.deadman_topic = node.create_publisher(Bool, "/deadman", 1)
        node.create_timer(KEEP_ALIVE_S, self.publish)

    def publish(self) -> None:
        if self.is_alive:
            self.fingertips.publish(PointCloud2())
        if self.deadman is not None:
            self.deadman_topic.publish(Bool(data=self.deadman))

    def wait_for_subscriptions(self) -> None:
        topics = ("key_events", "open_presses", "fingertips")
        self.node.wait_until(lambda: all(map(self.node.count_subscribers, topics)), "the node's subscriptions")
        self.node.wait_until(lambda: self.events.get_subscription_count() == 1, "key_events to be matched")

    def send(self, event_type: str, finger: str, key: str) -> None:
        self.stamp_ns += 100_000_000
        self.events.publish(make_message(event_type, finger, key, self.stamp_ns))

    def expect(self, keys: str) -> None:
        """All that the sink was told until now."""
        self.node.wait_until(lambda: len(self.read_keys().split()) >= len(keys.split()), f"keys {keys}")
        assert self.read_keys() == keys


@pytest.fixture
def contact_node(tmp_path):
    log = tmp_path / "keys"

    def read_keys() -> str:
        return " ".join(log.read_text().split()) if log.exists() else ""

    with ros_node() as node:
        yield ContactNode(node, read_keys)


def test_keys_follow_the_deadman_topic(start, contact_node):
    """Shift and a letter go down and up while it says true. A cancel is a release, a latched list that lacks a press
    ends it, a message of another program is left out; SIGTERM lifts what is down."""
    node: NodeProcess = start(deadman_topic="/deadman")
    contact_node.wait_for_subscriptions()
    contact_node.send("press", "index", "x")
    node.wait_for_log("keys are not injected: /deadman")
    # After it on the same topic: then the press has been heard, and left out.
    contact_node.events.publish(InteractiveMarkerFeedback(client_id="rviz"))
    contact_node.node.wait_until(lambda: "a message was left out" in node.log_text, "the press to be heard")
    contact_node.deadman = True
    contact_node.node.wait_until(lambda: "keys are injected" in node.log_text, "the deadman to be heard")
    contact_node.send("press", "thumb", "shift_right")
    contact_node.send("press", "index", "a")
    contact_node.send("cancel", "index", "a")
    contact_node.expect("+RIGHTSHIFT +A -A")
    contact_node.presses.publish(InteractiveMarkerInit(seq_num=contact_node.stamp_ns))
    contact_node.expect("+RIGHTSHIFT +A -A -RIGHTSHIFT")
    contact_node.send("press", "ring", "b")
    contact_node.expect("+RIGHTSHIFT +A -A -RIGHTSHIFT +B")
    assert node.stop() == 0
    assert contact_node.read_keys() == "+RIGHTSHIFT +A -A -RIGHTSHIFT +B -B closed"
    assert "a message was left out" in node.log_text
    assert "Traceback" not in node.log_text


def test_keys_come_up_without_the_deadman_and_without_the_contact_node(start, contact_node):
    """Within the time-outs, in turn: the deadman says no more, the contact node says no more, the kill key."""
    node = start(deadman_topic="/deadman", kill_key="escape", silence_timeout_s=0.5)
    contact_node.wait_for_subscriptions()

    def press_while_allowed(key: str, expected: str) -> None:
        contact_node.is_alive, contact_node.deadman = True, True
        log_length = len(node.log_text)
        contact_node.node.wait_until(lambda: "keys are injected" in node.log_text[log_length:], "the permission")
        contact_node.send("press", "index", key)
        contact_node.expect(expected)

    press_while_allowed("a", "+A")
    contact_node.deadman, stopped_s = None, time.monotonic()
    contact_node.expect("+A -A")
    assert time.monotonic() - stopped_s < 5.0
    press_while_allowed("b", "+A -A +B")
    contact_node.is_alive = False
    contact_node.expect("+A -A +B -B")
    press_while_allowed("c", "+A -A +B -B +C")
    contact_node.send("press", "ring", "escape")
    contact_node.expect("+A -A +B -B +C -C")
    node.wait_for_log("kill key escape was pressed; start the node again")


def test_a_key_of_a_real_keyboard_ends_it_all(monkeypatch):
    """At the next look at the keyboards, for ever; the node goes on, and says so."""
    keyboards = SimpleNamespace(was_pressed=lambda: True, close=lambda: None)
    monkeypatch.setattr(key_injector_node, "PhysicalKey", {"KEY_PAUSE": keyboards}.__getitem__)
    given = {"allow": "true", "sink": "key_sinks:RecordingSink", "physical_kill_key": "KEY_PAUSE"}
    rclpy.init(args=["--ros-args", *(text for name in given for text in ("-p", f"{name}:={given[name]}"))])
    try:
        node = key_injector_node.KeyInjectorNode(ShutdownEvent())
        node._take_event(make_message("press", "index", "a", START_NS))
        node._report(None)
        node._take_event(make_message("press", "ring", "b", START_NS))
        assert node._sink.text == "+A -A"
        assert "on a keyboard" in node._obstacle
        node.destroy_node()
    finally:
        rclpy.shutdown()


def test_a_keyboard_that_is_gone_ends_the_node(start, contact_node):
    """Exit code 2, and one line."""
    node = start(allow=True, sink="key_sinks:BrokenSink")
    contact_node.wait_for_subscriptions()
    contact_node.send("press", "index", "a")
    assert node.wait_for_exit() == 2
    assert "a keyboard is gone: No such device" in node.log_text
    assert "Traceback" not in node.log_text


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({}, "deadman_topic, deadman_key, or allow"),
        ({"allow": True, "kill_key": "nowhere"}, "kill_key is 'nowhere'"),
        ({"deadman_topic": "the deadman"}, "deadman_topic is 'the deadman': Invalid topic name"),
        ({"allow": True, "layout": "notes.yaml"}, "no key of the layout notes has a key code"),
    ],
    ids=["off by default", "no such key", "no topic's name", "no keys"],
)
def test_what_cannot_be_is_refused(start, tmp_path, parameters, text):
    """Exit code 2, and one line; nothing allows keys by default."""
    if "layout" in parameters:
        parameters = {**parameters, "layout": tmp_path / parameters["layout"]}
        parameters["layout"].write_text(NOTES, encoding="utf-8")
    node = start(**parameters)
    assert node.wait_for_exit() == 2
    assert text in node.log_text
    assert node.log_text.count("error:") == 1
    assert "Traceback" not in node.log_text
