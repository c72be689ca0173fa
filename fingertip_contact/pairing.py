"""Puts the messages of several topics together to frames, for recordings and nodes by one rule."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from fingertip_contact.stamps import MAX_LATENESS_NS, StampOrder

# A message is dropped after this many newer ones of its topic: one second at 30 Hz.
CAPACITY = 30

# How far a partner's stamp may be from the first topic's.
EXACT_NS = 0
# Depth at 15 Hz beside colour at 30 Hz is 33 ms off.
NEAR_NS = 40_000_000
# Any stamp: what rarely changes, such as a camera_info, serves until the next one comes.
ANY_NS = None


class StampPairer:
    """Collects messages until every topic has one of the same stamp.

    Each topic delivers in order, so once a stamp is complete, earlier messages of any topic can no longer be paired.
    Stamps are only compared for equality: a clock that jumps or a bag that loops is not a special case. At most
    `capacity` messages per topic wait. `dropped` counts the unpaired messages of the first topic.
    """

    def __init__(self, topics: Iterable[str], capacity: int = CAPACITY) -> None:
        self._waiting: dict[str, deque[tuple[int, Any]]] = {topic: deque() for topic in topics}
        self._first_topic = next(iter(self._waiting))
        self._capacity = capacity
        self.dropped = 0

    def add(self, topic: str, stamp_ns: int, message: Any) -> dict[str, Any] | None:
        """The messages of all topics, by topic, if this one completes its stamp; else None."""
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


class FrameAssembler:
    """Makes frames, as messages by topic: each message of the first topic whose stamp advances, with the others.

    required: topics without whose message of exactly its stamp there is no frame. partners: the other topics, and how
    far their stamps may be from it: EXACT_NS, NEAR_NS, ANY_NS. A frame lacks a partner that has none, except one of
    ANY_NS, without which there is no frame. A frame waits for a partner until that can no longer come; not at all for a
    topic that has been silent for CAPACITY frames, or has had no message for CAPACITY frames in a row.

    max_wait_ns: no longer than this either, counted in stamps, but for the first message of a topic of ANY_NS: whoever
    acts on frames as they come must not hear of none for long. None: of a recording all messages come.

    order: counts what did not advance. unpaired_count: messages of the first topic without a required one;
    without_any_count: of these, those without any message of a topic of ANY_NS. missing, near: for each partner the
    number of frames without it, and with one of another stamp.
    """

    def __init__(
        self,
        first: str,
        required: Iterable[str] = (),
        partners: Mapping[str, int | None] | None = None,
        max_wait_ns: int | None = None,
    ) -> None:
        self.order = StampOrder()
        self._first = first
        self._pairer = StampPairer((first, *required))
        self._partners = {
            topic: _Partners(tolerance_ns, max_wait_ns) for topic, tolerance_ns in (partners or {}).items()
        }
        self._waiting: deque[dict[str, Any]] = deque()
        self.without_any_count = 0

    @property
    def unpaired_count(self) -> int:
        return self._pairer.dropped + self.without_any_count

    @property
    def missing(self) -> dict[str, int]:
        return {topic: partners.counts["missing"] for topic, partners in self._partners.items()}

    @property
    def near(self) -> dict[str, int]:
        return {topic: partners.counts["near"] for topic, partners in self._partners.items()}

    def add(self, topic: str, stamp_ns: int, message: Any) -> list[dict[str, Any]]:
        """The frames that this message completes, in order."""
        if topic in self._partners:
            self._partners[topic].add(stamp_ns, message)
        elif topic != self._first or self.order.accept(stamp_ns):
            frame = self._pairer.add(topic, stamp_ns, message)
            if frame is not None:
                self._waiting.append(frame)
                for partners in self._partners.values():
                    partners.add_frame(stamp_ns)
        return self._pop_complete()

    def flush(self) -> list[dict[str, Any]]:
        """The frames that still wait: no more messages come."""
        for partners in self._partners.values():
            partners.flush()
        return self._pop_complete()

    def _pop_complete(self) -> list[dict[str, Any]]:
        """The frames whose partners are all decided."""
        complete = []
        while self._waiting and all(partners.decided for partners in self._partners.values()):
            frame = self._waiting.popleft()
            found = {topic: partners.decided.popleft() for topic, partners in self._partners.items()}
            if any(found[topic] is None and partners.serves_any for topic, partners in self._partners.items()):
                self.without_any_count += 1
                continue
            complete.append(frame | {topic: message for topic, message in found.items() if message is not None})
        return complete


class _Partners:
    """One topic's message for each frame, or None, in the order of the frames: `decided`."""

    def __init__(self, tolerance_ns: int | None, max_wait_ns: int | None) -> None:
        self.decided: deque[Any] = deque()
        self.counts: Counter[str] = Counter()
        self._tolerance_ns = tolerance_ns
        self._max_wait_ns = max_wait_ns
        self._frames_ns: deque[int] = deque()
        # The last one that was used may be near to the next frame, too.
        self._used: list[tuple[int, Any]] = []
        self._messages: deque[tuple[int, Any]] = deque(maxlen=CAPACITY)
        self._silent_frames = 0
        self._inexact_frames = 0
        # Of frames that went without: a partner that belongs to one of them was only late.
        self._missed_ns: deque[int] = deque(maxlen=CAPACITY)
        self._missed_in_a_row = 0

    @property
    def serves_any(self) -> bool:
        return self._tolerance_ns is None

    def add(self, stamp_ns: int, message: Any) -> None:
        self._silent_frames = 0
        if self._tolerance_ns is not None and any(
            abs(stamp_ns - missed_ns) <= self._tolerance_ns for missed_ns in self._missed_ns
        ):
            self._missed_in_a_row = 0
        self._messages.append((stamp_ns, message))
        self._decide()

    def add_frame(self, stamp_ns: int) -> None:
        self._silent_frames += 1
        self._frames_ns.append(stamp_ns)
        self._decide()

    def flush(self) -> None:
        while self._frames_ns:
            self._take_near(self._frames_ns.popleft())

    def _decide(self) -> None:
        while self._frames_ns:
            stamp_ns = self._frames_ns[0]
            if self._has(stamp_ns):
                self._take_exact(stamp_ns)
            elif self._is_over(stamp_ns):
                self._take_near(stamp_ns)
            else:
                return
            self._frames_ns.popleft()

    def _has(self, stamp_ns: int) -> bool:
        return any(stamp == stamp_ns for stamp, _ in self._messages)

    def _is_over(self, stamp_ns: int) -> bool:
        """Whether the message of exactly this stamp will not come any more: topics deliver in order."""
        if max(self._silent_frames, len(self._frames_ns)) > CAPACITY:
            return True
        if self._max_wait_ns is not None and self._frames_ns[-1] - stamp_ns > self._max_wait_ns:
            return not self.serves_any or bool(self._used or self._messages)
        # Stamps that never match, as of another clock: waiting for them would only make every frame late.
        if self._missed_in_a_row >= CAPACITY:
            return True
        if self.serves_any and self._inexact_frames >= CAPACITY:
            return True
        is_later = any(0 < other - stamp_ns <= MAX_LATENESS_NS for other, _ in self._messages)
        # Also where the stamps have jumped back in between.
        return is_later or any(map(self._has, self._frames_ns))

    def _take_exact(self, stamp_ns: int) -> None:
        while self._messages[0][0] != stamp_ns:
            self._messages.popleft()
        self._used = [self._messages.popleft()]
        self._inexact_frames = 0
        self._missed_in_a_row = 0
        self.decided.append(self._used[0][1])

    def _take_near(self, stamp_ns: int) -> None:
        self._inexact_frames += 1
        candidates = [*self._used, *self._messages]
        if self._tolerance_ns is None:
            message = candidates[-1][1] if candidates else None
        else:
            distance_ns, message = min(
                ((abs(other - stamp_ns), message) for other, message in candidates),
                key=lambda candidate: candidate[0],
                default=(0, None),
            )
            message = message if distance_ns <= self._tolerance_ns else None
        self.counts["missing" if message is None else "near"] += 1
        self._note(stamp_ns, is_missing=message is None)
        self.decided.append(message)

    def _note(self, stamp_ns: int, is_missing: bool) -> None:
        self._missed_in_a_row = self._missed_in_a_row + 1 if is_missing else 0
        if is_missing:
            self._missed_ns.append(stamp_ns)
