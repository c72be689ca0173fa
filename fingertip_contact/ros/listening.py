"""A listener in a thread, for programs that are not nodes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from fingertip_contact.ros.listener import Heard, Listener

WAKE_UP_S = 0.1


@contextmanager
def listening(camera_info_topic: str) -> Iterator[Heard]:
    """Everything that is said while the block runs. Ctrl-C stays the caller's."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    listener = Listener(camera_info_topic)
    executor = SingleThreadedExecutor()
    executor.add_node(listener)
    done = threading.Event()

    def spin() -> None:
        while not done.is_set():
            executor.spin_once(timeout_sec=WAKE_UP_S)

    thread = threading.Thread(target=spin, name="listener", daemon=True)
    thread.start()
    try:
        yield listener.heard
    finally:
        done.set()
        thread.join()
        executor.shutdown()
        listener.destroy_node()
        rclpy.shutdown()
