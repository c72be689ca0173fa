"""The newest of what a live source gives, where it gives more than can be read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")
# Drivers may wait seconds for a camera that hangs; the thread is left to itself then.
JOIN_TIMEOUT_S = 5.0


class _Slot(Generic[T]):
    """Holds one item; a newer one replaces it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._is_closed = False
        self._error: BaseException | None = None

    def put(self, item: T) -> None:
        with self._changed:
            self._items = [item]
            self._changed.notify()

    def close(self, error: BaseException | None = None) -> None:
        with self._changed:
            self._is_closed, self._error = True, error
            self._changed.notify()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._items) or self._is_closed)
                if not self._items:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._items.pop()
            yield item


@contextmanager
def read_newest(produce: Callable[[threading.Event], Iterable[T]]) -> Iterator[Iterator[T]]:
    """The items of a source that runs in a thread of its own: the newest each time, older ones are left out.

    produce: gives the items until the event is set. Its errors are raised where the items are read.
    """
    slot: _Slot[T] = _Slot()
    stop = threading.Event()

    def run() -> None:
        try:
            for item in produce(stop):
                if stop.is_set():
                    break
                slot.put(item)
            slot.close()
        except BaseException as error:
            slot.close(error)

    thread = threading.Thread(target=run, name="camera", daemon=True)
    thread.start()
    try:
        yield iter(slot)
    finally:
        stop.set()
        thread.join(JOIN_TIMEOUT_S)
