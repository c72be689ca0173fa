"""Users choose the policies of topics by ROS's own parameters `qos_overrides`, but not against what is promised."""

from __future__ import annotations

import re
import subprocess
import sys
from copy import copy

import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSReliabilityPolicy
from std_msgs.msg import String

from fingertip_contact.nodes.contact_node import ContactStage
from fingertip_contact.ros import qos
from fingertip_contact.ros.parameter_tables import ContactSettings
from managed_nodes import managed_node
from repository import ROOT
from ros_harness import COLOR, INFO, ros_node

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE
NS = "/fingertip_contact"
RELIABLE, BEST_EFFORT = QoSReliabilityPolicy.RELIABLE, QoSReliabilityPolicy.BEST_EFFORT
REMAPS = ["-r", f"color/image:={COLOR}", "-r", f"color/camera_info:={INFO}"]


def write_overrides(folder, topics):
    path = folder / "qos.yaml"
    path.write_text(yaml.safe_dump({"/**": {"ros__parameters": {"qos_overrides": topics}}}))
    return ["--ros-args", "--params-file", str(path), *REMAPS]


def contact_node(folder, topics):
    arguments = write_overrides(folder, topics)
    return managed_node(ContactStage, ContactSettings, name="contact_node", arguments=arguments)


def change(profile, **policies):
    changed = copy(profile)
    for name, value in policies.items():
        setattr(changed, name, value)
    return changed


@pytest.mark.parametrize(
    ("default", "policies", "reason"),
    [
        (qos.EVENT, {"reliability": BEST_EFFORT}, "reliability has to be reliable"),
        (qos.EVENT, {"durability": QoSDurabilityPolicy.TRANSIENT_LOCAL}, "durability has to be volatile"),
        (qos.EVENT, {"history": QoSHistoryPolicy.KEEP_ALL}, "history has to be keep_last"),
        (qos.EVENT, {"depth": 49}, "choose 50 or more"),
        (qos.EVENT, {"depth": 51}, ""),
        (qos.LATCHED, {"durability": QoSDurabilityPolicy.VOLATILE}, "durability has to be transient_local"),
        (qos.LATCHED, {"depth": 2}, ""),
        (qos.RESULT, {"reliability": BEST_EFFORT, "depth": 1}, ""),
        (qos.IMAGE_IN, {"reliability": RELIABLE, "depth": -1}, "choose 1 or more"),
        (qos.IMAGE_IN, {"history": QoSHistoryPolicy.KEEP_ALL, "depth": 0}, ""),
    ],
)
def test_events_and_latched_topics_keep_their_promises(default, policies, reason):
    """Longer queues are allowed, and everything to images and results."""
    found = qos.find_broken_promise(default, change(default, **policies))
    assert reason in found
    assert bool(found) == bool(reason)


def test_overrides_take_effect(tmp_path):
    """By the topic's full name after remapping, through activation, clean-up and changes of parameters, at this topic
    only; `ros2 param list` names the policies."""
    overrides = {
        COLOR: {"subscription": {"reliability": "reliable", "depth": 3}},
        f"{NS}/markers": {"publisher": {"reliability": "best_effort"}},
        f"{NS}/key_events": {"publisher": {"depth": 200}},
    }
    with contact_node(tmp_path, overrides) as node:
        for rate_hz in (5.0, 6.0):
            assert node.trigger_configure() == node.trigger_activate() == SUCCESS
            (result,) = node.set_parameters([Parameter("marker_rate_hz", value=rate_hz)])
            assert result.successful
            (color,) = node.get_subscriptions_info_by_topic(COLOR)
            (info,) = node.get_subscriptions_info_by_topic(INFO)
            assert [entry.qos_profile.reliability for entry in (color, info)] == [RELIABLE, BEST_EFFORT]
            (markers,) = node.get_publishers_info_by_topic(f"{NS}/markers")
            (fingertips,) = node.get_publishers_info_by_topic(f"{NS}/fingertips")
            assert [entry.qos_profile.reliability for entry in (markers, fingertips)] == [BEST_EFFORT, RELIABLE]
            assert node.trigger_deactivate() == node.trigger_cleanup() == SUCCESS
        assert node.get_parameter(f"qos_overrides.{COLOR}.subscription.depth").value == 3
        assert node.get_parameter(f"qos_overrides.{NS}/key_events.publisher.depth").value == 200
        assert node.get_parameter(f"qos_overrides.{NS}/open_presses.publisher.durability").value == "transient_local"
    assert (qos.IMAGE_IN.depth, qos.EVENT.depth, qos.RESULT.reliability) == (10, 50, RELIABLE)


@pytest.mark.parametrize(
    ("topic", "policies", "reason"),
    [
        ("key_events", {"reliability": "best_effort"}, "reliability has to be reliable"),
        ("key_events", {"reliability": "certainly"}, "certainly"),
        ("markers", {"reliability": "unknown"}, "reliability is unknown"),
        ("key_events", {"depth": "many"}, "many"),
        ("markers", {"depth": -1}, "depth is -1"),
    ],
)
def test_a_refused_override_is_one_error(tmp_path, capfd, topic, policies, reason):
    """`configure` fails with one line that names topic, policy and remedy; no topic stays."""
    with contact_node(tmp_path, {f"{NS}/{topic}": {"publisher": policies}}) as node:
        before = list(node.publishers)
        assert node.trigger_configure() == FAILURE
        assert list(node.publishers) == before
    log = [line for line in capfd.readouterr().err.splitlines() if "ERROR" in line or "Traceback" in line]
    assert len(log) == 1
    assert f"cannot configure: qos_overrides.{NS}/{topic}" in log[0]
    assert reason in log[0]
    assert "correct it and start the node again" in log[0]


def test_the_example_of_the_manual_takes_effect(tmp_path):
    """docs/ros.md, word for word."""
    manual = (ROOT / "docs" / "ros.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(/\*\*:.*?)^```", manual, re.MULTILINE | re.DOTALL)
    with contact_node(tmp_path, yaml.safe_load(example)["/**"]["ros__parameters"]["qos_overrides"]) as node:
        assert node.trigger_configure() == node.trigger_activate() == SUCCESS
        (color,) = node.get_subscriptions_info_by_topic(COLOR)
        (markers,) = node.get_publishers_info_by_topic(f"{NS}/markers")
        assert (color.qos_profile.reliability, markers.qos_profile.reliability) == (RELIABLE, BEST_EFFORT)


def test_a_node_that_is_no_lifecycle_node_ends_with_one_line(tmp_path):
    """Exit code 2."""
    topics = {f"{NS}/key_events": {"subscription": {"reliability": "best_effort"}}}
    command = [sys.executable, "-m", "fingertip_contact.start", "web_node", *write_overrides(tmp_path, topics)]
    done = subprocess.run(
        [*command, "-p", "port:=0"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"qos_overrides.{NS}/key_events" in done.stderr


def test_a_topic_can_be_left_and_taken_again():
    """Its parameters stay declared."""
    name = f"qos_overrides.{NS}/text.subscription.durability"
    with ros_node(parameter_overrides=[Parameter(name, value="transient_local")]) as node:
        for _ in range(2):
            subscription = qos.create_subscription(node, String, "text", print, qos.RESULT)
            assert subscription.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL
            node.destroy_subscription(subscription)


def test_a_subscription_that_asks_for_more_logs_what_it_does_not_get(tmp_path):
    """rclpy's own handlers of incompatible policies cost time with every message: a subscription that takes what every
    publisher offers has none, one that asks for more has them, and so has every reliable one."""

    def count_handlers(node):
        node.autostart()
        by_topic = {entry.topic_name: len(entry.event_handlers) for entry in node.subscriptions}
        return by_topic[COLOR], by_topic[INFO]

    with contact_node(tmp_path, {COLOR: {"subscription": {"reliability": "reliable"}}}) as node:
        color, info = count_handlers(node)
        assert color > 0 == info
        hands = next(entry for entry in node.subscriptions if entry.topic_name == f"{NS}/hands")
        assert len(hands.event_handlers) > 0
