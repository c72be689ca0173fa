"""SIGINT, SIGTERM and SIGHUP end a process without a traceback: while it starts, while it works, while it ends. The
exit code of a node is 0, that of a command 128 and the signal's number.

Imports as little as possible: it comes before everything that takes time to import.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

# SIGHUP comes where the terminal is closed, or the connection to it lost.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def exit_on_stop_signals(find_exit_code: Callable[[int], int] = lambda number: 0) -> None:
    """End the process at once: it has opened nothing yet. An exception could be swallowed by an import."""
    for number in list_stop_signals():
        signal.signal(number, lambda caught, _: os._exit(find_exit_code(caught)))


def call_on_stop_signals(stop: Callable[[], None]) -> None:
    """Call `stop`, in the main thread, for the first signal from now on; others do nothing then: a second one in the
    middle of `stop` would wait for ever for a lock that `stop` holds."""

    def handle(*_: object) -> None:
        # Not SIG_IGN: Python complains, with a traceback, of a signal that has come already and is to be ignored now.
        for number in STOP_SIGNALS:
            if signal.getsignal(number) == handle:
                signal.signal(number, _do_nothing)
        stop()

    for number in list_stop_signals():
        signal.signal(number, handle)


def ignore_stop_signals() -> None:
    """The process is ending: from now on a signal would only disturb it, up to the interpreter's very end."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _do_nothing(*_: object) -> None:
    pass


def list_stop_signals() -> list[signal.Signals]:
    """Without SIGHUP where it is ignored from the start: `nohup` lets a process outlive its terminal."""
    is_kept = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    return [number for number in STOP_SIGNALS if number != signal.SIGHUP or not is_kept]
