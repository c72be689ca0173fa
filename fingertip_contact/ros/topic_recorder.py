"""A subscription that follows what the publishers of its topic offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from rosbags.interfaces import Qos

from fingertip_contact.ros.message_types import load_message_class
from fingertip_contact.ros.recorded_qos import adapt_request, store_profile

# More than this many different messages are not remembered.
MAX_REMEMBERED = 200
_KEY_BYTES = 1024


class DuplicateFilter:
    """Tells which messages have come before, over another one of several subscriptions to the same topic."""

    def __init__(self) -> None:
        # By subscription: how often each message came over it and not yet over another one.
        self._only_over: dict[int, Counter[int]] = {}

    def is_new(self, subscription: int, message: bytes) -> bool:
        """Call once for each message of each subscription."""
        # Of an image, what tells it from others: the whole of it would take a millisecond.
        key = hash((len(message), message[:_KEY_BYTES], message[-_KEY_BYTES:]))
        for other, counts in self._only_over.items():
            if other != subscription and counts[key] > 0:
                counts[key] -= 1
                return False
        counts = self._only_over.setdefault(subscription, Counter())
        counts[key] += 1
        while len(counts) > MAX_REMEMBERED:
            del counts[next(iter(counts))]
        return True


class TopicRecorder:
    """Receives the serialised messages of a topic, also those that were latched before it began.

    While nobody publishes, the subscription is as `profile` says. `follow` adapts it to the publishers by the rules of
    `ros2 bag` (recorded_qos.adapt_request); the former one stays until the next call, so that no message is lost, and
    none is received twice. offered: the profiles of all publishers that have been seen.
    """

    def __init__(
        self, node: Node, topic: str, type_name: str, profile: QoSProfile, receive: Callable[[bytes], None]
    ) -> None:
        """Raises ValueError if the message type is not installed."""
        self.topic = topic
        self.type_name = type_name
        self.offered: tuple[Qos, ...] = ()
        self._message_class = load_message_class(type_name)
        self._node = node
        self._depth = profile.depth
        self._receive = receive
        self._filter = DuplicateFilter()
        self._number = 0
        self._former: list[Subscription] = []
        self._subscribe(profile)

    def follow(self) -> None:
        """Look at the publishers, and subscribe anew where they offer something else."""
        while self._former:
            self._node.destroy_subscription(self._former.pop())
        offers = [entry.qos_profile for entry in self._node.get_publishers_info_by_topic(self.topic)]
        stored = (*self.offered, *map(store_profile, offers))
        self.offered = tuple(dict.fromkeys(stored))
        if not offers:
            return
        profile = adapt_request(offers, self._depth)
        if (profile.reliability, profile.durability) != (self._profile.reliability, self._profile.durability):
            self._former.append(self._subscription)
            self._subscribe(profile)

    def _subscribe(self, profile: QoSProfile) -> None:
        self._number += 1
        number = self._number
        self._profile = profile

        def receive(message: Any) -> None:
            if self._filter.is_new(number, message):
                if not self.offered:
                    self.follow()
                self._receive(message)

        self._subscription = self._node.create_subscription(self._message_class, self.topic, receive, profile, raw=True)
