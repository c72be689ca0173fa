"""The clock by which a camera has been silent for too long."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node


def choose_timeout_clock(node: Node) -> Callable[[], float]:
    """Seconds of simulated time where the node follows /clock (use_sim_time), which may be slow or stand still; else of
    a steady clock, because the system's jumps when it is set."""
    clock = node.get_clock()

    def read_simulated_s() -> float:
        return clock.now().nanoseconds * 1e-9

    return read_simulated_s if node.get_parameter("use_sim_time").value else time.monotonic
