"""A second instance of a node is told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from fingertip_contact.ros import other_publishers
from fingertip_contact.ros.other_publishers import find_other_publishers, watch_other_publishers
from ros_harness import ros_node


@pytest.mark.parametrize(
    ("second", "expected"),
    [("first", "another /first"), ("web_node", "/web_node")],
)
def test_another_publisher_of_an_own_topic_is_found(second, expected):
    """By its name, also where that is the node's own; topics of others alone do not count."""
    import rclpy

    with ros_node() as watcher:
        nodes = [rclpy.create_node(name, context=watcher.context) for name in ("first", second)]
        try:
            nodes[0].create_publisher(String, "typed", 1)
            nodes[0].create_publisher(String, "alone", 1)
            assert find_other_publishers(nodes[0]) == {}
            nodes[1].create_publisher(String, "typed", 1)
            nodes[1].create_publisher(String, "unrelated", 1)
            watcher.wait_until(lambda: find_other_publishers(nodes[0]) == {expected: ["/typed"]}, "the second node")
        finally:
            for node in nodes:
                node.destroy_node()


def test_each_is_told_once(monkeypatch):
    """A warning names the node and the topic; however often it is looked at, there is one."""
    import rclpy

    monkeypatch.setattr(other_publishers, "PERIOD_S", 0.02)
    warnings: list[str] = []
    with ros_node() as watcher:
        second = rclpy.create_node("second", context=watcher.context)
        try:
            monkeypatch.setattr(watcher, "get_logger", lambda: SimpleNamespace(warning=warnings.append))
            watcher.create_publisher(String, "/typed", 1)
            watch_other_publishers(watcher)
            second.create_publisher(String, "/typed", 1)
            watcher.wait_until(lambda: bool(warnings), "the warning")
            watcher.spin_for(0.2)
        finally:
            second.destroy_node()
    assert len(warnings) == 1
    assert warnings[0].startswith("/second publishes /typed too")
