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
NICENESS = 10

T = TypeVar("T")


def give_way() -> None:
    """Lets other threads go before this one and before those that it starts from now on."""
    _lower(threading.get_native_id())


def with_patient_threads(make: Callable[[], T]) -> T:
    """What `make` returns, after it has run at full speed; threads that it leaves behind give way from then on."""
    before = _threads()
    made = make()
    for thread in _threads() - before:
        _lower(thread)
    return made


def _threads() -> set[int]:
    """Of this process, by the system's numbers."""
    return {int(entry.name) for entry in Path("/proc/self/task").iterdir()} if sys.platform == "linux" else set()


def _lower(thread: int) -> None:
    if sys.platform != "linux":
        return
    with suppress(ProcessLookupError):  # It may have ended meanwhile.
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
