"""The frames of a recording as nodes get them: over topics, by the nodes' own subscriptions and decoders."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fingertip_contact.datatypes import Frame
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.plain_images import find_coded_topics, make_plain_image
from fingertip_contact.ros.environment import make_node_environment
from fingertip_contact.ros.recorded_inputs import find_recorded_inputs

DEADLINE_S = 30.0


def receive_frames(path: Path, on_frame: Callable[[Frame], None]) -> None:
    """Publish the bag's messages as replay_node does, and receive them as a node does with the transports that launch
    files pass on. on_frame: gets each frame with depth and imagers.

    Raises ValueError if a message cannot be read, RuntimeError if messages do not arrive.
    """
    os.environ.update(make_node_environment())
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from fingertip_contact.ros import qos
    from fingertip_contact.ros.camera_input import (
        CAMERA_INFO_TOPIC,
        COLOR_TOPIC,
        DEPTH_TOPIC,
        LEFT_TOPIC,
        RIGHT_INFO_TOPIC,
        RIGHT_TOPIC,
        FrameReader,
        PairedInput,
        choose_transports,
    )
    from fingertip_contact.ros.message_types import load_message_class
    from fingertip_contact.ros.parameter_tables import ContactSettings

    with open_bag_recording(path) as recording:
        inputs = find_recorded_inputs(recording)
        coded = find_coded_topics(recording.bag.topics) if inputs.is_decoded else {}
        count = recording.frame_count
    remaps = [word for name, topic in inputs.topics.items() for word in ("-r", f"{name}:={topic}")]
    reader, received, arrived, errors = FrameReader(), [], [0], []

    def on_error(error: Exception) -> None:
        errors.append(error)

    rclpy.init()
    try:
        with ExitStack() as active:
            node = rclpy.create_node("form_receiver", cli_args=["--ros-args", *remaps])
            active.callback(node.destroy_node)
            executor = SingleThreadedExecutor()
            executor.add_node(node)
            active.callback(executor.shutdown)

            def spin_until(condition: Callable[[], bool], description: str) -> None:
                expires_s = time.monotonic() + DEADLINE_S
                while not condition():
                    if time.monotonic() > expires_s:
                        raise RuntimeError(f"{path}: waited {DEADLINE_S:g} s for {description}")
                    executor.spin_once(timeout_sec=0.01)

            topics = (COLOR_TOPIC, CAMERA_INFO_TOPIC, DEPTH_TOPIC, LEFT_TOPIC, RIGHT_TOPIC, RIGHT_INFO_TOPIC)
            transports = choose_transports(ContactSettings(**inputs.transports))
            paired = PairedInput(node, topics, received.append, on_error, active, transports)
            publishers: dict[str, Any] = {}
            with open_bag(path) as bag:
                for stored in bag.messages(inputs.stored_topics):
                    message = make_plain_image(path, stored) if stored.topic in coded else stored
                    if message.topic not in publishers:
                        type_ = load_message_class(message.type)
                        publishers[message.topic] = node.create_publisher(type_, message.topic, qos.RESULT)
                        publisher = publishers[message.topic]
                        active.callback(node.destroy_publisher, publisher)
                        spin_until(lambda publisher=publisher: publisher.get_subscription_count() > 0, message.topic)
                    publishers[message.topic].publish(bytes(message.cdr))
                    executor.spin_once(timeout_sec=0.01)
                    while received:
                        on_frame(reader.read(received.pop(0)))
                        arrived[0] += 1
            spin_until(lambda: arrived[0] + len(received) == count, f"{count} frames; {paired.count_losses()}")
            for messages in received:
                on_frame(reader.read(messages))
            if errors:
                raise errors[0]
    finally:
        rclpy.shutdown()
