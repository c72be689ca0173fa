"""What the nodes publish that viewers show, asked of the ROS graph. Import after importorskip("rclpy")."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from rclpy.node import Node

from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.results import ResultPublisher
from ros_harness import ros_node


@contextmanager
def publish_what_is_shown() -> Iterator[tuple[Node, dict[str, list[str]]]]:
    """A node with the publishers of contact_node, in its namespace, and topic -> types of all that it publishes."""
    with ros_node() as node, ExitStack() as held:
        ResultPublisher(node, load_layout("qwerty"), 10.0, held)
        Diagnostics(node, held)
        yield node, dict(node.get_publisher_names_and_types_by_node(node.get_name(), node.get_namespace()))
