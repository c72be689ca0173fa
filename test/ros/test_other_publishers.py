"""A second instance of a node is told."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from fingertip_contact.ros.other_publishers import find_other_publishers
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
