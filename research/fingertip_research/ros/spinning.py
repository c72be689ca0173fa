"""Runs a ROS node in a thread, for programs that are not nodes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

SPIN_PERIOD_S = 0.1

NodeT = TypeVar("NodeT", bound=Node)


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


@contextmanager
def run_in_thread(make_node: Callable[[], NodeT]) -> Iterator[NodeT]:
    """A node, and rclpy itself, for the duration of the block. Ctrl-C is left to the caller."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = make_node()
    try:
        with spin_in_thread(node):
            yield node
    finally:
        node.destroy_node()
        rclpy.shutdown()
