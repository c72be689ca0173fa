"""A listener in a thread, for programs that are not nodes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from fingertip_research.ros.topic_recorder import ReceivedMessages, TopicRecorder

SPIN_PERIOD_S = 0.1


@contextmanager
def record_topics(camera_info_topic: str) -> Iterator[ReceivedMessages]:
    """Everything that is published while the block runs. Ctrl-C stays the caller's."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    recorder = TopicRecorder(camera_info_topic)
    executor = SingleThreadedExecutor()
    executor.add_node(recorder)
    done = threading.Event()

    def spin() -> None:
        while not done.is_set():
            executor.spin_once(timeout_sec=SPIN_PERIOD_S)

    thread = threading.Thread(target=spin, name="topic recorder", daemon=True)
    thread.start()
    try:
        yield recorder.received
    finally:
        done.set()
        thread.join()
        executor.shutdown()
        recorder.destroy_node()
        rclpy.shutdown()
