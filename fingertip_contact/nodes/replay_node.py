"""replay_node: plays any bag as it was recorded, with /clock, for nodes with `use_sim_time`.

Messages go out as they lie in the bag, byte for byte. A loop begins again with the first stamps.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import qos
from fingertip_contact.ros.bag_reader import ReadAhead
from fingertip_contact.ros.message_types import message_class
from fingertip_contact.ros.parameter_tables import TABLES
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import run

READ_AHEAD_S = 2.0
LINGER_S = 1.0


class ReplayNode(Node):
    def __init__(self, done: threading.Event) -> None:
        """Raises ValueError or OSError where the bag cannot be read or has none of the topics."""
        super().__init__("replay_node", namespace=PACKAGE)
        self._settings = NodeParameters(self, TABLES["replay_node"]).snapshot()
        self._done = done
        self._path = Path(self._settings.recording)
        if not self._settings.recording:
            raise ValueError("no recording to play: set the parameter `recording` to a bag")
        self._clock_publisher = self.create_publisher(Clock, "/clock", qos.CLOCK)
        self._publishers_by_topic: dict[str, Publisher] = dict(self._make_publishers())
        if not self._publishers_by_topic:
            raise ValueError(f"{self._path} has nothing to play; check the parameter `topics`")
        self._thread = threading.Thread(target=self._play, name="replay", daemon=True)
        self._thread.start()

    def destroy_node(self) -> None:
        self._done.set()
        self._thread.join()
        super().destroy_node()

    def _make_publishers(self) -> list[tuple[str, Publisher]]:
        wanted = set(filter(None, self._settings.topics))
        with open_bag(self._path) as bag:
            topics = bag.topics
        if missing := wanted - set(topics):
            raise ValueError(f"{self._path} has no {', '.join(sorted(missing))}; it has {', '.join(sorted(topics))}")
        made = []
        for topic, kind in topics.items():
            if topic == "/clock" or (wanted and topic not in wanted):
                continue
            try:
                profile = qos.LATCHED if topic.endswith("/tf_static") else qos.RESULT
                made.append((topic, self.create_publisher(message_class(kind), topic, profile)))
            except ValueError as error:
                self.get_logger().warning(f"{topic} is left out: {error}")
        return made

    def _play(self) -> None:
        try:
            self._done.wait(self._settings.start_delay_s)
            while not self._done.is_set():
                self._play_once()
                if not self._settings.loop:
                    break
            self._done.wait(LINGER_S)
        except (ValueError, OSError) as error:
            self.get_logger().error(str(error))
        self._done.set()

    def _play_once(self) -> None:
        reader = ReadAhead(self._path, list(self._publishers_by_topic), READ_AHEAD_S)
        try:
            reader.wait_until_full()
            first_ns, started_s = None, time.monotonic()
            for message in reader:
                if first_ns is None:
                    first_ns = self._now_ns = message.stamp_ns
                due_s = started_s + (message.stamp_ns - first_ns) * 1e-9 / self._settings.rate
                if not self._tick_until(due_s, message.stamp_ns):
                    return
                self._publishers_by_topic[message.topic].publish(bytes(message.cdr))
        finally:
            reader.close()

    def _tick_until(self, due_s: float, stamp_ns: int) -> bool:
        """Publishes /clock until a message is due, and then its stamp. False where the node is to end."""
        while (left_s := due_s - time.monotonic()) > 0:
            if self._done.wait(min(left_s, 1.0 / self._settings.clock_rate_hz)):
                return False
            left_s = max(0.0, due_s - time.monotonic())
            self._publish_clock(stamp_ns - round(left_s * self._settings.rate * 1e9))
        return not self._done.is_set()

    def _publish_clock(self, now_ns: int) -> None:
        seconds, nanoseconds = divmod(max(now_ns, 0), 1_000_000_000)
        self._clock_publisher.publish(Clock(clock=Time(sec=seconds, nanosec=nanoseconds)))


def main() -> None:
    """Entry point."""
    run(ReplayNode)


if __name__ == "__main__":
    main()
