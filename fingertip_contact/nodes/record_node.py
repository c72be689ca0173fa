"""record_node: writes topics to an MCAP recording, as they come off the wire.

The recording appears under its name when the node ends (Ctrl-C); nothing half-written is ever left there. Where it
cannot be written, a full disk for one, the node ends with exit code 2.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rclpy.node import Node

from fingertip_contact.recordings.bag import CAMERA_INFO, IMAGE, BagWriter, can_write
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import qos
from fingertip_contact.ros.message_types import message_class
from fingertip_contact.ros.parameter_tables import TABLES
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import WRONG_USE, Ending, run
from fingertip_contact.ros.worker import FrameWorker

# Relative names; launch files remap them to the camera's.
DEFAULT_TOPICS = {
    "color/image": "sensor_msgs/msg/Image",
    "color/camera_info": "sensor_msgs/msg/CameraInfo",
    "depth/image": "sensor_msgs/msg/Image",
    "depth/camera_info": "sensor_msgs/msg/CameraInfo",
    "hands": "sensor_msgs/msg/PointCloud2",
    "fingertips": "sensor_msgs/msg/PointCloud2",
    "contact_events": "visualization_msgs/msg/InteractiveMarkerFeedback",
    "key_events": "visualization_msgs/msg/InteractiveMarkerFeedback",
    "typed_text": "std_msgs/msg/String",
}
# Two seconds of a colour and a depth camera at 30 Hz: what a slow disk may lag behind.
QUEUE = 240
LOOK_AGAIN_S = 1.0
POLL_S = 0.01


@dataclass(frozen=True)
class Received:
    """A serialised message and when it came."""

    topic: str
    kind: str
    stamp_ns: int
    cdr: bytes


class RecordNode(Node):
    def __init__(self, ending: Ending) -> None:
        """Raises ValueError without a name to write to, FileExistsError where that is taken."""
        super().__init__("record_node", namespace=PACKAGE)
        self._ending = ending
        self._writer: BagWriter | None = None
        parameters = NodeParameters(self, TABLES["record_node"]).snapshot()
        if not parameters.output:
            raise ValueError("nowhere to record to: set the parameter `output` to a name that ends in .mcap")
        self._wanted = {topic: DEFAULT_TOPICS.get(topic, "") for topic in filter(None, parameters.topics)}
        self._wanted = self._wanted or dict(DEFAULT_TOPICS)
        self._count = 0
        self._failure: Exception | None = None
        self._held = ExitStack()
        self._writer = self._held.enter_context(BagWriter(Path(parameters.output)))
        self._worker: FrameWorker[Received] = FrameWorker(self._write, self._fail, depth=QUEUE, patience_s=math.inf)
        self._held.callback(self._write_the_rest)
        self._look()
        self._timer = self.create_timer(LOOK_AGAIN_S, self._look)

    def destroy_node(self) -> None:
        """The recording appears under its name, or nothing is left of one that could not be written."""
        if self._writer is not None:
            self._end(self._writer.path)
        super().destroy_node()

    def _end(self, path: Path) -> None:
        try:
            with self._held:
                if self._failure is not None:
                    raise self._failure
        except (ValueError, OSError) as error:
            self.get_logger().error(f"nothing was recorded: {error}")
            self._ending.exit_code = WRONG_USE
            return
        self.get_logger().info(f"{path}: {self._count} messages, {self._worker.dropped} dropped")
        if not self._count:
            self.get_logger().warning("nobody sent anything: are the topics remapped to the camera's?")
        if self._wanted:
            self.get_logger().warning(f"nobody published {', '.join(self._wanted)}")

    def _write_the_rest(self) -> None:
        while self._worker.waiting:
            time.sleep(POLL_S)
        self._worker.close()

    def _look(self) -> None:
        """Subscribes to what has a known type by now; a named topic has one once somebody publishes it."""
        types = dict(self.get_topic_names_and_types())
        for topic in list(self._wanted):
            name = self.resolve_topic_name(topic)
            kind = self._wanted[topic] or next(iter(types.get(name, [])), "")
            if kind:
                del self._wanted[topic]
                try:
                    self._subscribe(name, kind)
                except ValueError as error:
                    self.get_logger().warning(f"{name} is left out: {error}")

    def _subscribe(self, topic: str, kind: str) -> None:
        """Raises ValueError where messages of the type cannot be received or written here."""

        def receive(message: bytes) -> None:
            self._worker.offer(Received(topic, kind, self.get_clock().now().nanoseconds, message))

        if not can_write(kind):
            raise ValueError(f"the definition of its type {kind} is not known")
        # What a camera sends may be offered as best effort.
        profile = qos.RECORD if kind in (IMAGE, CAMERA_INFO) else qos.EVENT
        self.create_subscription(message_class(kind), topic, receive, profile, raw=True)

    def _write(self, received: Received) -> None:
        assert self._writer is not None
        self._writer.write(received.topic, received.kind, received.stamp_ns, received.cdr)
        self._count += 1

    def _fail(self, error: Exception) -> None:
        """A recording with a hole in it is worth nothing: ends the process."""
        self._failure = self._failure or error
        self._ending.set()


def main() -> None:
    """Entry point."""
    run(RecordNode)


if __name__ == "__main__":
    main()
