"""Who goes first where there are fewer cores than work. On Linux only, where niceness belongs to a thread; elsewhere
nothing happens."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

# Ten steps of niceness are a tenth of a busy core beside one thread that wants it too, and all of an idle one
# (sched(7)).
# With five, contact lost a quarter of its frames on two cores; fifteen gain nothing more.
NICENESS_INCREMENT = 10

T = TypeVar("T")


def lower_priority() -> None:
    """Lets other threads go before this one and before those that it starts from now on."""
    _lower_thread_priority(threading.get_native_id())


def make_with_low_priority_threads(make: Callable[[], T]) -> T:
    """What `make` returns, after it has run at full speed; threads that it leaves behind give way from then on."""
    ids_before = _thread_ids()
    result = make()
    for thread_id in _thread_ids() - ids_before:
        _lower_thread_priority(thread_id)
    return result


def _thread_ids() -> set[int]:
    """Of this process, by the system's numbers."""
    return {int(entry.name) for entry in Path("/proc/self/task").iterdir()} if sys.platform == "linux" else set()


def _lower_thread_priority(thread_id: int) -> None:
    if sys.platform != "linux":
        return
    with suppress(ProcessLookupError):  # It may have ended meanwhile.
        os.setpriority(os.PRIO_PROCESS, thread_id, os.getpriority(os.PRIO_PROCESS, thread_id) + NICENESS_INCREMENT)
