"""What nodes publish on /diagnostics, as numbers of a run are noted."""

from __future__ import annotations

import time
from collections.abc import Iterator

from diagnostic_msgs.msg import DiagnosticArray


def list_diagnostics(message: DiagnosticArray) -> Iterator[tuple[int, str, dict[str, str]]]:
    """Of each status: when it arrived, that is now, in nanoseconds; its node's name; its values."""
    for status in message.status:
        values = {entry.key: entry.value for entry in status.values}
        yield time.time_ns(), status.name.rsplit("/", 1)[-1], values
