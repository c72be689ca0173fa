"""A thread that reads a camera for as long as a node is active."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from rclpy.node import Node


def start_capture(
    capture: Callable[[threading.Event], None], node: Node, camera: str, join_timeout_s: float, active: ExitStack
) -> None:
    """Calls `capture` in a thread, with an event that is set when `active` is closed; it has to return then.

    camera: its name, for the log. join_timeout_s: a driver that does not return for longer is left to itself.
    """
    stop = threading.Event()
    thread = threading.Thread(target=capture, args=(stop,), name="capture", daemon=True)

    def end() -> None:
        stop.set()
        thread.join(join_timeout_s)
        if thread.is_alive():
            node.get_logger().warning(f"{camera} does not answer; it is left to itself")

    active.callback(end)
    thread.start()
