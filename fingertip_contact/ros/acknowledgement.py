"""What was published last is received before its publisher disappears."""

from __future__ import annotations

import time
from collections.abc import Iterable

from rclpy.duration import Duration
from rclpy.publisher import Publisher

# A subscriber on the same machine answers within milliseconds; one that hangs must not hold up the end of a node.
MAX_WAIT_S = 1.0


def wait_until_acknowledged(publishers: Iterable[Publisher], max_wait_s: float = MAX_WAIT_S) -> None:
    """Wait until every reliable subscriber has acknowledged the messages of all publishers, or this time is over."""
    until_s = time.monotonic() + max_wait_s
    for publisher in publishers:
        # A negative time would wait for ever.
        publisher.wait_for_all_acked(Duration(seconds=max(until_s - time.monotonic(), 0.0)))
