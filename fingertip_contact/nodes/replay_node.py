"""replay_node: plays any bag as it was recorded, with /clock, for nodes with `use_sim_time`.

Messages are published byte for byte, with the quality of service that the bag states; with `image_transport:=raw`
compressed images are decoded. A loop starts again with the first stamps.
"""

from __future__ import annotations

import math
import time

from builtin_interfaces.msg import Time
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from fingertip_contact.recordings.bag import RawMessage, open_bag
from fingertip_contact.recordings.plain_images import find_coded_topics, make_plain_image
from fingertip_contact.ros import qos
from fingertip_contact.ros.bag_reader import BagPrefetcher
from fingertip_contact.ros.image_transport import RAW
from fingertip_contact.ros.message_types import load_message_class
from fingertip_contact.ros.parameter_tables import ReplaySettings
from fingertip_contact.ros.player import PlayerNode
from fingertip_contact.ros.process import ShutdownEvent, run_node
from fingertip_contact.ros.recorded_qos import adapt_offer
from fingertip_contact.transports.any_image import IMAGE


class ReplayNode(PlayerNode[ReplaySettings]):
    def __init__(self, shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError or OSError if the bag cannot be read or has none of the topics."""
        super().__init__("replay_node", ReplaySettings, shutdown_event)
        self._clock_publisher = self.create_publisher(Clock, "/clock", qos.CLOCK)
        self._last_tick_s = -math.inf
        self._topic_publishers: dict[str, Publisher] = {}
        self._coded: dict[str, str] = {}
        self._topics: list[str] = []
        for topic, (type_name, profile) in self._select_topics().items():
            try:
                name, type_name = (self._coded[topic], IMAGE) if topic in self._coded else (topic, type_name)
                self._topic_publishers[name] = self.create_publisher(load_message_class(type_name), name, profile)
                self._topics.append(topic)
            except ValueError as error:
                self.get_logger().warning(f"{topic} is not played: {error}")
        if not self._topic_publishers:
            raise ValueError(f"{self._path} has no topic of an installed message type")
        self._delay_s = self._settings.start_delay_s
        self.start()

    def topics(self) -> list[str]:
        return self._topics

    def convert(self, message: RawMessage) -> RawMessage:
        return make_plain_image(self._path, message) if message.topic in self._coded else message

    def send(self, messages: BagPrefetcher) -> None:
        self._shutdown_event.wait(self._delay_s)
        self._delay_s = 0.0
        started_s, first_ns = time.monotonic(), None
        for message in messages:
            first_ns = message.stamp_ns if first_ns is None else first_ns
            due_s = started_s + (message.stamp_ns - first_ns) * 1e-9 / self._settings.rate
            self._tick_until(due_s, message.stamp_ns)
            if self._shutdown_event.is_set():
                return
            self._topic_publishers[message.topic].publish(bytes(message.cdr))

    def _select_topics(self) -> dict[str, tuple[str, QoSProfile]]:
        """Topics to play, with their types and what to offer; finds those whose images are to be decoded."""
        with open_bag(self._path) as bag:
            available = {
                topic: (type_name, adapt_offer(topic, bag.offered_qos[topic], bag.message_count(topic)))
                for topic, type_name in bag.topics.items()
                if topic != "/clock"
            }
            if not any(map(bag.message_count, available)):
                raise ValueError(f"{self._path} holds no message to play; record it again")
            if self._settings.image_transport == RAW:
                self._coded = find_coded_topics(bag.topics)
        requested = set(filter(None, self._settings.topics)) or set(available)
        if missing := requested - set(available):
            raise ValueError(f"{self._path} has no {', '.join(sorted(missing))}; it has {', '.join(sorted(available))}")
        return {topic: entry for topic, entry in available.items() if topic in requested}

    def _tick_until(self, due_s: float, stamp_ns: int) -> None:
        """Publish /clock until a message is due; the clock then shows its stamp."""
        period_s = 1.0 / self._settings.clock_rate_hz
        while (remaining_s := due_s - time.monotonic()) > 0 and not self._shutdown_event.wait(
            min(remaining_s, period_s)
        ):
            remaining_s = max(0.0, due_s - time.monotonic())
            self._tick(stamp_ns - round(remaining_s * self._settings.rate * 1e9))
        # The clock also advances for messages that are late, and for the first one.
        if time.monotonic() >= self._last_tick_s + period_s:
            self._tick(stamp_ns)

    def _tick(self, now_ns: int) -> None:
        self._last_tick_s = time.monotonic()
        seconds, nanoseconds = divmod(max(0, now_ns), 1_000_000_000)
        self._clock_publisher.publish(Clock(clock=Time(sec=seconds, nanosec=nanoseconds)))


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(ReplayNode)
