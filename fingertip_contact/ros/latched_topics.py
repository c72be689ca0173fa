"""Messages that were published once, before a node began."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy
from rclpy.subscription import Subscription

from fingertip_contact.ros import qos

PERIOD_S = 0.5


def follow_latched(node: Node, subscription: Subscription, receive: Callable[[Any], None], active: ExitStack) -> None:
    """Deliver what was latched on a subscription's topic as well, until `active` is closed.

    A volatile subscription does not get it; a transient-local one gets nothing from volatile publishers, and both sides
    warn of that. So publishers are asked what they offer, until one is found that latches.
    """
    found: list[Subscription] = []

    def look() -> None:
        if found:
            return
        publishers = node.get_publishers_info_by_topic(subscription.topic_name)
        if any(entry.qos_profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL for entry in publishers):
            found.append(node.create_subscription(subscription.msg_type, subscription.topic_name, receive, qos.LATCHED))
            active.callback(node.destroy_subscription, found[0])

    # While simulated time stands still, too.
    timer = node.create_timer(PERIOD_S, look, clock=Clock(clock_type=ClockType.STEADY_TIME))
    active.callback(node.destroy_timer, timer)
