"""Where frames are lost on their way: before a node, between its topics, or in it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from fingertip_contact.stamps import MAX_LATENESS_NS

# The camera's period is the lower quartile of this many intervals: right while fewer than two frames in five are lost.
INTERVALS = 15
# A longer pause is a camera that had stopped.
MAX_GAP_NS = 1_000_000_000

# The counters of /diagnostics that count lost frames, in the order of the frames' way.
LOSS_COUNTERS = {
    "lost_before": "before this node, by camera or DDS",
    "repeated": "that came twice",
    "late": "whose stamps ran backwards",
    "unpaired": "for want of the other messages of their stamp",
    "dropped": "here, this node is too slow",
}


class StampGaps:
    """Counts the frames that are missing between the stamps of those that came: `missing_count`.

    A camera whose rate changes, e.g. by its exposure, is followed within some frames.
    """

    def __init__(self) -> None:
        self.missing_count = 0
        self._last_ns: int | None = None
        self._intervals_ns: deque[int] = deque(maxlen=INTERVALS)

    def add(self, stamp_ns: int) -> None:
        """The stamp of the next frame, nanoseconds."""
        interval_ns = 0 if self._last_ns is None else stamp_ns - self._last_ns
        if self._last_ns is not None and -MAX_LATENESS_NS <= interval_ns <= 0:
            return  # Repeated or late: it is left out.
        self._last_ns = stamp_ns
        if not 0 < interval_ns <= MAX_GAP_NS:
            self._intervals_ns.clear()
            return
        self._intervals_ns.append(interval_ns)
        if len(self._intervals_ns) == INTERVALS:
            # The nearest whole number: jitter of less than half a period is no loss.
            period_ns = sorted(self._intervals_ns)[INTERVALS // 4]
            self.missing_count += max(round(interval_ns / period_ns) - 1, 0)


def describe_losses(before: Mapping[str, object], now: Mapping[str, object]) -> str:
    """What was lost between two reports, in words; empty where nothing was. before, now: values of /diagnostics."""
    words = []
    for name, place in LOSS_COUNTERS.items():
        last, current = before.get(name, 0), now.get(name, 0)
        if isinstance(last, int) and isinstance(current, int) and current > last:
            words.append(f"{current - last} {place}")
    return f"frames lost: {'; '.join(words)}" if words else ""
