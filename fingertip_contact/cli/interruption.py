"""Ctrl-C, SIGTERM and SIGHUP end a stream of frames, not the work on one of them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from fingertip_contact.stop_signals import list_stop_signals

T = TypeVar("T")


class _WaitEndedError(BaseException):
    """A signal came while the next item was waited for. No Exception: nothing on the way may swallow it."""


@contextmanager
def until_interrupted(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The items, up to the first signal. The block then ends with SystemExit, 130 after Ctrl-C, as in shells.

    A second signal does not wait for the block. To be used in the main thread, which handles signals.
    """
    reader = _Reader(items)
    handlers = {number: signal.signal(number, reader.stop) for number in list_stop_signals()}
    try:
        yield iter(reader)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if reader.signal_number:
        raise SystemExit(128 + reader.signal_number)


class _Reader(Iterator[T]):
    """signal_number: of the signal that ended the items; 0: none did."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._is_waiting = False
        self.signal_number = 0

    def __next__(self) -> T:
        try:
            if self.signal_number:
                raise StopIteration
            self._is_waiting = True
            try:
                return next(self._items)
            finally:
                self._is_waiting = False
        except _WaitEndedError:
            raise StopIteration from None

    def stop(self, signal_number: int, frame: FrameType | None) -> None:
        """The handler of signals."""
        if self.signal_number:
            raise SystemExit(128 + signal_number)
        self.signal_number = signal_number
        if self._is_waiting:
            self._is_waiting = False
            raise _WaitEndedError
