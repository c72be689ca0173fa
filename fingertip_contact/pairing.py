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


def pair_by_stamp(messages: Iterable[tuple[str, Any]], first: str, others: Iterable[str]) -> Iterator[dict[str, Any]]:
    """(topic, message) in order of arrival -> each message of the first topic, in order, with those of the other topics
    that have exactly its stamp, by topic. A topic without one is missing."""
    # Each partner is looked for on its own: where one is missing, the others are still found.
    partners = {topic: _Partners(first, topic) for topic in others}
    waiting: deque[Any] = deque()
    for topic, message in messages:
        if topic == first:
            waiting.append(message)
        for other, found in partners.items():
            if topic in (first, other):
                found.add(topic, message)
        yield from _pop_complete(waiting, first, partners)
    for found in partners.values():
        found.flush()
    yield from _pop_complete(waiting, first, partners)


class _Partners:
    """For each message of the first topic, in order, the other topic's of its stamp, or None."""

    def __init__(self, first: str, other: str) -> None:
        self._other = other
        self.results: deque[Any] = deque()
        self._pairer = StampPairer((first, other), on_dropped=lambda message: self.results.append(None))

    def add(self, topic: str, message: Any) -> None:
        pair = self._pairer.add(topic, header_stamp_ns(message), message)
        if pair is not None:
            self.results.append(pair[self._other])

    def flush(self) -> None:
        self._pairer.flush()


def _pop_complete(waiting: deque[Any], first: str, partners: dict[str, _Partners]) -> Iterator[dict[str, Any]]:
    """The messages of the first topic whose partners are all decided."""
    while waiting and all(found.results for found in partners.values()):
        group = {first: waiting.popleft()}
        for topic, found in partners.items():
            partner = found.results.popleft()
            if partner is not None:
                group[topic] = partner
        yield group


def header_stamp_ns(message: Any) -> int:
    """The stamp of a message with a header, integer nanoseconds."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
