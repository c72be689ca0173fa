"""Messages of several topics that carry the same stamp, exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any


class StampPairer:
    """Collects messages until every topic has one of the same stamp; nothing falls back to "the latest".

    Each topic delivers in the order it was sent, so once a stamp is complete, what came before it on any topic can no
    longer be. Stamps are only compared for equality: a clock that jumps or a bag that loops needs no special care. At
    most `capacity` messages of a topic wait. `dropped` counts the messages of the first topic that went unpaired.
    """

    def __init__(self, topics: Iterable[str], capacity: int = 30) -> None:
        self._waiting: dict[str, deque[tuple[int, Any]]] = {topic: deque() for topic in topics}
        self._first_topic = next(iter(self._waiting))
        self._capacity = capacity
        self.dropped = 0

    def add(self, topic: str, stamp_ns: int, message: Any) -> dict[str, Any] | None:
        """The messages of all topics by topic, once the last one of a stamp is here, else None."""
        self._waiting[topic].append((stamp_ns, message))
        if all(any(stamp == stamp_ns for stamp, _ in queue) for queue in self._waiting.values()):
            return {name: self._pop(name, stamp_ns) for name in self._waiting}
        if len(self._waiting[topic]) > self._capacity:
            self._drop_oldest(topic)
        return None

    def _pop(self, topic: str, stamp_ns: int) -> Any:
        queue = self._waiting[topic]
        while queue[0][0] != stamp_ns:
            self._drop_oldest(topic)
        return queue.popleft()[1]

    def _drop_oldest(self, topic: str) -> None:
        self._waiting[topic].popleft()
        self.dropped += topic == self._first_topic
