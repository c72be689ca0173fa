"""Messages of several topics that carry the same stamp, exactly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class StampPairer:
    """Collects messages by stamp until every topic has one; nothing falls back to "the latest".

    Every topic delivers in order, so a complete stamp makes all older ones hopeless: they are dropped and counted. At
    most `capacity` stamps wait. A topic whose stamp goes back (a bag that loops, a clock that jumps) takes back what it
    said about later stamps and starts over; the other topics follow when their own stamps go back.
    """

    def __init__(self, topics: Iterable[str], capacity: int = 30) -> None:
        self._topics = tuple(topics)
        self._capacity = capacity
        self._last_ns: dict[str, int] = {}
        self._waiting: dict[int, dict[str, Any]] = {}
        self.dropped = 0

    def add(self, topic: str, stamp_ns: int, message: Any) -> dict[str, Any] | None:
        """The messages of all topics by topic, once the last of a stamp is here, else None."""
        if stamp_ns < self._last_ns.get(topic, stamp_ns):
            self._take_back(topic, stamp_ns)
        self._last_ns[topic] = stamp_ns
        parts = self._waiting.setdefault(stamp_ns, {})
        parts[topic] = message
        if len(parts) == len(self._topics):
            del self._waiting[stamp_ns]
            self._drop(stamp for stamp in self._waiting if stamp < stamp_ns)
            return parts
        if len(self._waiting) > self._capacity:
            self._drop([min(self._waiting)])
        return None

    def reset(self) -> None:
        """Forgets everything that waits."""
        self._last_ns.clear()
        self._waiting.clear()

    def _take_back(self, topic: str, stamp_ns: int) -> None:
        for stamp in [stamp for stamp in self._waiting if stamp > stamp_ns]:
            self._waiting[stamp].pop(topic, None)
            if not self._waiting[stamp]:
                del self._waiting[stamp]

    def _drop(self, stamps: Iterable[int]) -> None:
        for stamp in list(stamps):
            del self._waiting[stamp]
            self.dropped += 1
