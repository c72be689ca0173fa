"""Tells of other nodes that publish a node's topics: a second instance that was started by mistake, mostly."""

from __future__ import annotations

from collections import Counter

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

PERIOD_S = 2.0
# Every node publishes them.
_SHARED_TOPICS = frozenset({"/diagnostics", "/parameter_events", "/rosout", "/tf", "/tf_static"})


def watch_other_publishers(node: Node) -> None:
    """Warn once of each other node that publishes a topic of this one, for as long as the node is there.

    Its subscribers would get the messages of both, mixed.
    """
    told: set[str] = set()

    def look() -> None:
        for name, topics in find_other_publishers(node).items():
            if name not in told:
                told.add(name)
                node.get_logger().warning(
                    f"{name} publishes {', '.join(topics)} too, so its messages and those of this node are mixed; "
                    "end one of the two, or give one another namespace"
                )

    # While simulated time stands still, too.
    node.create_timer(PERIOD_S, look, clock=Clock(clock_type=ClockType.STEADY_TIME))


def find_other_publishers(node: Node) -> dict[str, list[str]]:
    """Full name of each other node -> its topics that this node publishes too, sorted.

    A second instance has the name of this one: it is told by the number of publishers.
    """
    own_name = node.get_fully_qualified_name()
    own_counts = Counter(publisher.topic_name for publisher in list(node.publishers))
    found: dict[str, list[str]] = {}
    for topic in sorted(own_counts.keys() - _SHARED_TOPICS):
        entries = node.get_publishers_info_by_topic(topic)
        counts = Counter(f"{entry.node_namespace.rstrip('/')}/{entry.node_name}" for entry in entries)
        counts[own_name] -= own_counts[topic]
        for name, count in counts.items():
            if count > 0:
                found.setdefault(f"another {name}" if name == own_name else name, []).append(topic)
    return found
