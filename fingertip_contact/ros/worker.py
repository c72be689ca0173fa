"""A thread that processes the newest frames, so that callbacks never wait for inference."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")

# Simulated time may run at any speed: how often it is looked at.
CLOCK_PERIOD_S = 0.02


class FrameWorker(Generic[Item]):
    """Handles items in order in a thread of its own.

    Up to `depth` items wait during a short stall, each for `max_wait_s`; when more arrive, the oldest are dropped. If
    the queue has not been empty for `max_lag_s`, the thread is too slow: only the newest item is kept, or every later
    item would be late too.
    `dropped` counts the dropped items. Exceptions of `handle` go to `on_error`, and the next item follows. `on_idle` is
    called once whenever no item has been handled for `idle_s` of `now_s`: none came, or all of them failed; a clock
    that stands still, as simulated time may, stops that count, and one that jumps back begins it anew. `on_start` is
    called once at first, as `on_idle` in the thread.
    """

    def __init__(
        self,
        handle: Callable[[Item], None],
        on_error: Callable[[Exception], None],
        *,
        depth: int = 12,
        max_wait_s: float = 0.13,
        max_lag_s: float = 1.0,
        on_idle: Callable[[], None] = lambda: None,
        idle_s: float = math.inf,
        now_s: Callable[[], float] = time.monotonic,
        on_start: Callable[[], None] = lambda: None,
    ) -> None:
        self._handle = handle
        self._on_error = on_error
        self._on_idle = on_idle
        self._idle_s = idle_s
        self._now_s = now_s
        self._on_start = on_start
        self._depth = depth
        self._max_wait_s = max_wait_s
        self._max_lag_s = max_lag_s
        self._caught_up_s = time.monotonic()
        self._items: deque[tuple[float, Item]] = deque()  # With the time when each came.
        self._changed = threading.Condition()
        self._closing = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="frames", daemon=True)
        self._thread.start()

    @property
    def pending_count(self) -> int:
        """Number of waiting items."""
        return len(self._items)

    def offer(self, item: Item) -> None:
        """Queue an item; never waits."""
        now_s = time.monotonic()
        with self._changed:
            while self._items and (len(self._items) == self._depth or now_s - self._items[0][0] > self._max_wait_s):
                self._items.popleft()
                self.dropped += 1
            self._items.append((now_s, item))
            self._changed.notify()

    def close(self, timeout_s: float = 10.0) -> None:
        """Finish the current item, drop the others and end the thread."""
        with self._changed:
            self._closing = True
            self._items.clear()
            self._changed.notify()
        self._thread.join(timeout_s)

    def _pop_next(self) -> Item:
        if time.monotonic() - self._caught_up_s > self._max_lag_s:
            while len(self._items) > 1:
                self._items.popleft()
                self.dropped += 1
        return self._items.popleft()[1]

    def _run(self) -> None:
        self._on_start()
        idle_at_s = math.inf  # Before the first handled item the thread is not idle.
        while True:
            item = self._wait_for_item(idle_at_s - self._now_s())
            if self._closing:
                return
            if item is not None and self._attempt(partial(self._handle, item)):
                idle_at_s = self._now_s() + self._idle_s
            now_s = self._now_s()
            # Also after an item that failed: a camera that sends only bad frames is as good as gone.
            if now_s >= idle_at_s:
                idle_at_s = math.inf
                self._attempt(self._on_idle)
            elif idle_at_s < math.inf:
                idle_at_s = min(idle_at_s, now_s + self._idle_s)

    def _attempt(self, action: Callable[[], None]) -> bool:
        """Whether it succeeded. One bad frame must not end the thread; on_error reports it."""
        try:
            action()
        except Exception as error:
            self._on_error(error)
            return False
        return True

    def _wait_for_item(self, idle_in_s: float) -> Item | None:
        """The next item; None after this time or a part of it, or when the thread is to end."""
        with self._changed:
            caught_up = not self._items
            timeout_s = None if idle_in_s == math.inf else min(max(idle_in_s, 0.0), CLOCK_PERIOD_S)
            has_item = self._changed.wait_for(lambda: bool(self._items) or self._closing, timeout_s)
            if caught_up:
                self._caught_up_s = time.monotonic()
            return self._pop_next() if has_item and self._items else None
