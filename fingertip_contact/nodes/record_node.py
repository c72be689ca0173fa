"""record_node: writes serialised messages of topics to an MCAP recording.

The recording appears under its name when the node ends (Ctrl-C); an incomplete file never does. Where it cannot be
written, e.g. on a full disk, the node ends with exit code 2.
"""

from __future__ import annotations

import math
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rosbags.interfaces import Qos

from fingertip_contact.recordings.bag import CAMERA_INFO
from fingertip_contact.recordings.bag_writer import RELIABLE_QOS, BagWriter, can_write
from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import qos
from fingertip_contact.ros.camera_input import choose_transports
from fingertip_contact.ros.image_transport import RAW, name_topic
from fingertip_contact.ros.parameter_tables import RecordSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.ros.process import EXIT_USAGE, ShutdownEvent, run_node
from fingertip_contact.ros.topic_recorder import TopicRecorder
from fingertip_contact.ros.worker import FrameWorker
from fingertip_contact.transports.any_image import COMPRESSED_IMAGE, IMAGE

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
# With the parameter `infra`.
INFRA_TOPICS = {
    "infra1/image": "sensor_msgs/msg/Image",
    "infra1/camera_info": "sensor_msgs/msg/CameraInfo",
    "infra2/image": "sensor_msgs/msg/Image",
    "infra2/camera_info": "sensor_msgs/msg/CameraInfo",
}
# Two seconds of a colour and a depth camera at 30 Hz, one with both imagers: the maximum lag of a slow disk.
QUEUE_SIZE = 240
DISCOVERY_PERIOD_S = 0.2
POLL_S = 0.01


@dataclass(frozen=True)
class SerializedMessage:
    """A serialised message with its time of arrival, and what the publishers of its topic offer."""

    topic: str
    type_name: str
    stamp_ns: int
    cdr: bytes
    offered: tuple[Qos, ...]


class RecordNode(Node):
    def __init__(self, shutdown_event: ShutdownEvent) -> None:
        """Raises ValueError if `output` is empty, FileExistsError if it exists."""
        super().__init__("record_node", namespace=PACKAGE)
        self._shutdown_event = shutdown_event
        self._writer: BagWriter | None = None
        settings = NodeParameters(self, RecordSettings).snapshot()
        if not settings.output:
            raise ValueError("no recording to write: set the parameter `output` to a name that ends in .mcap")
        types = DEFAULT_TOPICS | INFRA_TOPICS
        topics = {topic: types.get(topic, "") for topic in filter(None, settings.topics)} or dict(DEFAULT_TOPICS)
        if settings.infra:
            topics |= INFRA_TOPICS
        self._pending_topics = dict(self._apply_transport(*topic, settings) for topic in topics.items())
        self._count = 0
        self._write_error: Exception | None = None
        self._held = ExitStack()
        self._writer = self._held.enter_context(BagWriter(Path(settings.output)))
        self._worker: FrameWorker[SerializedMessage] = FrameWorker(
            self._write, self._on_write_error, depth=QUEUE_SIZE, max_wait_s=math.inf, max_lag_s=math.inf
        )
        self._held.callback(self._flush)
        self._recorders: list[TopicRecorder] = []
        self._discover_topics()
        # While simulated time stands still, too.
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = self.create_timer(DISCOVERY_PERIOD_S, self._discover_topics, clock=clock)

    def destroy_node(self) -> None:
        """Complete the recording, or remove one that could not be written."""
        if self._writer is not None:
            self._finish(self._writer.path)
        super().destroy_node()

    def _finish(self, path: Path) -> None:
        try:
            with self._held:
                if self._write_error is not None:
                    raise self._write_error
        except (ValueError, OSError) as error:
            self.get_logger().error(f"nothing was recorded: {error}")
            self._shutdown_event.exit_code = EXIT_USAGE
            return
        self.get_logger().info(f"{path}: {self._count} messages, {self._worker.dropped} dropped")
        if not self._count:
            self.get_logger().warning("no message was received: are the topics remapped to the camera's?")
        if self._pending_topics:
            self.get_logger().warning(f"no publisher of {', '.join(self._pending_topics)}")

    def _apply_transport(self, topic: str, type_name: str, settings: RecordSettings) -> tuple[str, str]:
        """Name and type of a camera's topic in the transport that is to be recorded; others as they are."""
        transport = choose_transports(settings).get(topic, RAW) if type_name == IMAGE else RAW
        return name_topic(self, topic, transport), type_name if transport == RAW else COMPRESSED_IMAGE

    def _flush(self) -> None:
        while self._worker.pending_count:
            time.sleep(POLL_S)
        self._worker.close()

    def _discover_topics(self) -> None:
        """Subscribe to the pending topics whose type is known; another topic gets its type from its publisher. Those
        that are subscribed follow their publishers."""
        types = dict(self.get_topic_names_and_types())
        for topic in list(self._pending_topics):
            name = self.resolve_topic_name(topic)
            type_name = self._pending_topics[topic] or next(iter(types.get(name, [])), "")
            if type_name:
                del self._pending_topics[topic]
                try:
                    self._subscribe(name, type_name)
                except ValueError as error:
                    self.get_logger().warning(f"{name} is not recorded: {error}")
        for recorder in self._recorders:
            recorder.follow()

    def _subscribe(self, topic: str, type_name: str) -> None:
        """Raises ValueError where the definition of the type is not installed."""

        def receive(message: bytes) -> None:
            stamp_ns = self.get_clock().now().nanoseconds
            self._worker.offer(SerializedMessage(topic, type_name, stamp_ns, message, recorder.offered))

        if not can_write(type_name):
            raise ValueError(f"the definition of its type {type_name} is not known")
        # Cameras may offer only best effort.
        profile = qos.RECORD if type_name in (IMAGE, COMPRESSED_IMAGE, CAMERA_INFO) else qos.EVENT
        recorder = TopicRecorder(self, topic, type_name, profile, receive)
        self._recorders.append(recorder)

    def _write(self, received: SerializedMessage) -> None:
        assert self._writer is not None
        offered = received.offered or (RELIABLE_QOS,)
        self._writer.write(received.topic, received.type_name, received.stamp_ns, received.cdr, offered)
        self._count += 1

    def _on_write_error(self, error: Exception) -> None:
        """End the process: a recording with missing messages is useless."""
        self._write_error = self._write_error or error
        self._shutdown_event.set()


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(RecordNode)
