"""Stamps of a camera's own clock as times of the computer's."""

from __future__ import annotations

from collections import deque

# Of so many images the one that arrived soonest tells the offset between both clocks.
WINDOW_NS = 10_000_000_000
# Before that many images no stamp is known well enough: a stream's first ones arrive late.
SETTLING_COUNT = 5
# Crystals part by less than 0.1 ms per second. The offset follows no faster than this, so that intervals between stamps
# are exact to a thousandth.
MAX_SLEW = 0.001
# The computer's clock was set if the offset changes by more.
MAX_CHANGE_NS = 500_000_000


class DeviceClock:
    """Follows the offset between the camera's clock and the computer's.

    An image arrives some time after its stamp, seldom at once and sometimes much later: the smallest difference in
    WINDOW_NS counts. What the fastest transfer takes stays in the stamps, some milliseconds.
    """

    def __init__(self) -> None:
        self._differences: deque[tuple[int, int]] = deque()
        self._count = 0
        self._last_ns = 0
        self._offset_ns = 0

    @property
    def is_settled(self) -> bool:
        """Whether the stamps returned by `convert` are to be trusted."""
        return self._count >= SETTLING_COUNT

    def convert(self, device_ns: int, arrival_ns: int) -> int:
        """The computer's time at a stamp of the camera's clock. arrival_ns: when the image arrived."""
        if self._differences and device_ns < self._last_ns:  # The camera was reset, or its counter has wrapped round.
            self._differences.clear()
            self._count = 0
        elapsed_ns, self._last_ns = device_ns - self._last_ns, device_ns
        self._differences.append((device_ns, arrival_ns - device_ns))
        while self._differences[0][0] < device_ns - WINDOW_NS:
            self._differences.popleft()
        smallest_ns = min(difference for _, difference in self._differences)
        change_ns = smallest_ns - self._offset_ns
        if self.is_settled and abs(change_ns) <= MAX_CHANGE_NS:
            limit_ns = int(MAX_SLEW * elapsed_ns)
            change_ns = max(-limit_ns, min(limit_ns, change_ns))
        self._offset_ns += change_ns
        self._count += 1
        return device_ns + self._offset_ns
