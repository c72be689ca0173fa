"""Spins a ROS node in a thread, for programs that are not nodes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

SPIN_PERIOD_S = 0.1


@contextmanager
def spin_in_thread(node: Node) -> Iterator[None]:
    """Calls the node's callbacks in a thread for the duration of the block."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    done = threading.Event()

    def spin() -> None:
        while not done.is_set():
            executor.spin_once(timeout_sec=SPIN_PERIOD_S)

    thread = threading.Thread(target=spin, name=node.get_name(), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        executor.shutdown()
