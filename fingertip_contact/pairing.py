"""Pairs messages of several topics by exactly equal stamps; never falls back to "the latest"."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# A message is dropped after this many newer ones of its topic: one second at 30 Hz.
CAPACITY = 30


class StampPairer:
    """Collects messages until every topic has one of the same stamp.

    Each topic delivers in order, so once a stamp is complete, earlier messages of any topic can no longer be paired.
    Stamps are only compared for equality: a clock that jumps or a bag that loops is not a special case. At most
    `capacity` messages per topic wait. `dropped` counts the unpaired messages of the first topic; on_dropped gets each.
    """

    def __init__(
        self,
        topics: Iterable[str],
        capacity: int = CAPACITY,
        on_dropped: Callable[[Any], object] = lambda message: None,
    ) -> None:
        self._waiting: dict[str, deque[tuple[int, Any]]] = {topic: deque() for topic in topics}
        self._first_topic = next(iter(self._waiting))
        self._capacity = capacity
        self._on_dropped = on_dropped
        self.dropped = 0

    def add(self, topic: str, stamp_ns: int, message: Any) -> dict[str, Any] | None:
        """The messages of all topics, by topic, if this one completes its stamp; else None."""
        self._waiting[topic].append((stamp_ns, message))
        if all(any(stamp == stamp_ns for stamp, _ in queue) for queue in self._waiting.values()):
            return {name: self._pop(name, stamp_ns) for name in self._waiting}
        if len(self._waiting[topic]) > self._capacity:
            self._drop_oldest(topic)
        return None

    def flush(self) -> None:
        """Drop every waiting message: no more messages come."""
        for topic, queue in self._waiting.items():
            while queue:
                self._drop_oldest(topic)

    def _pop(self, topic: str, stamp_ns: int) -> Any:
        queue = self._waiting[topic]
        while queue[0][0] != stamp_ns:
            self._drop_oldest(topic)
        return queue.popleft()[1]

    def _drop_oldest(self, topic: str) -> None:
        _, message = self._waiting[topic].popleft()
        if topic == self._first_topic:
            self.dropped += 1
            self._on_dropped(message)


def pair_by_stamp(images: Iterable[tuple[bool, Any]]) -> Iterator[tuple[Any, Any | None]]:
    """(is colour, message) in order of arrival -> (colour, depth of exactly its stamp, or None)."""
    unpaired: list[Any] = []
    pairer = StampPairer(("color", "depth"), on_dropped=unpaired.append)
    for is_color, image in images:
        pair = pairer.add("color" if is_color else "depth", header_stamp_ns(image), image)
        yield from ((color, None) for color in unpaired)
        unpaired.clear()
        if pair is not None:
            yield pair["color"], pair["depth"]
    pairer.flush()
    yield from ((color, None) for color in unpaired)


def header_stamp_ns(message: Any) -> int:
    """The stamp of a message with a header, integer nanoseconds."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
