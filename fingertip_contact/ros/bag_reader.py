"""Reads a bag in a thread of its own, some seconds ahead of playback."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from fingertip_contact.recordings.bag import RawMessage, open_bag

POLL_S = 0.2


class BagPrefetcher:
    """The messages of a bag in their order, read and decompressed before they are due.

    seconds: how much of the recording to buffer; `wait_until_full` waits until that much has been read. convert: what
    to make of each message, ahead of time. Iteration raises the errors of `open_bag`, `Bag.messages` and `convert`.
    """

    def __init__(
        self,
        path: Path,
        topics: list[str],
        seconds: float,
        convert: Callable[[RawMessage], RawMessage] = lambda message: message,
    ) -> None:
        self._path = path
        self._convert = convert
        self._topics = topics
        self._prefetch_ns = int(seconds * 1e9)
        self._queue: queue.SimpleQueue[RawMessage | Exception | None] = queue.SimpleQueue()
        self._consumed_ns: int | None = None
        self._space_available = threading.Event()
        self._full = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="bag prefetcher", daemon=True)
        self._thread.start()

    def wait_until_full(self, timeout_s: float = 60.0) -> None:
        """Wait until `seconds` of the recording, or all of it, have been read."""
        self._full.wait(timeout_s)

    def __iter__(self) -> Iterator[RawMessage]:
        while not self._closed.is_set():
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            self._consumed_ns = item.stamp_ns
            self._space_available.set()
            yield item

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._space_available.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            with open_bag(self._path) as bag:
                for message in bag.messages(self._topics):
                    if not self._wait_for_space(message.stamp_ns):
                        return
                    self._queue.put(self._convert(message))
            self._queue.put(None)
        except Exception as error:  # Iteration raises it again; otherwise it would wait for ever.
            self._queue.put(error)
        finally:
            self._full.set()

    def _wait_for_space(self, stamp_ns: int) -> bool:
        if self._consumed_ns is None:
            self._consumed_ns = stamp_ns
        while stamp_ns - self._consumed_ns > self._prefetch_ns and not self._closed.is_set():
            self._full.set()
            self._space_available.clear()
            self._space_available.wait(POLL_S)
        return not self._closed.is_set()
