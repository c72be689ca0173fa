"""The stamps of a stream of images, which have to advance."""

from __future__ import annotations

from typing import Any

# Messages of one stream are late by less; a larger step back is a clock that was set, or a recording that begins anew.
MAX_LATENESS_NS = 1_000_000_000
# So many late images in a row, each later than the one before, are a short recording that begins anew.
MAX_LATE_IN_A_ROW = 10


class StampOrder:
    """Tells which images of a stream to use: those whose stamps advance.

    An image that comes twice (two publishers, two recorders) or late (a swapped pair) is left out and counted in
    `repeated_count` or `late_count`: processed, it would end every press. After a step back of more than
    MAX_LATENESS_NS, or after MAX_LATE_IN_A_ROW late images, the stream begins anew.
    """

    def __init__(self) -> None:
        self.repeated_count = self.late_count = 0
        self._newest_ns: int | None = None
        self._late_ns: list[int] = []

    def accept(self, stamp_ns: int) -> bool:
        """Whether to use the next image to arrive. stamp_ns: nanoseconds."""
        lateness_ns = -1 if self._newest_ns is None else self._newest_ns - stamp_ns
        if 0 < lateness_ns <= MAX_LATENESS_NS:
            self._late_ns = [*self._late_ns, stamp_ns] if self._late_ns and stamp_ns > self._late_ns[-1] else [stamp_ns]
        if 0 <= lateness_ns <= MAX_LATENESS_NS and len(self._late_ns) <= MAX_LATE_IN_A_ROW:
            self.repeated_count += lateness_ns == 0
            self.late_count += lateness_ns > 0
            return False
        self._newest_ns = stamp_ns
        self._late_ns = []
        return True


def header_stamp_ns(message: Any) -> int:
    """The stamp of a message with a header, integer nanoseconds."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
