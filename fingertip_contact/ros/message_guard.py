"""Messages come from anybody: one that is not what it should be is left out, and told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from fingertip_contact.safe_text import to_one_line

WARNING_PERIOD_S = 5.0


def leave_out_invalid(node: Node, receive: Callable[[Any], None]) -> Callable[[Any], None]:
    """The callback, with a warning in the node's log where it raises ValueError."""

    def take(message: Any) -> None:
        try:
            receive(message)
        except ValueError as error:
            node.get_logger().warning(
                f"a message was left out: {to_one_line(str(error))}", throttle_duration_sec=WARNING_PERIOD_S
            )

    return take
