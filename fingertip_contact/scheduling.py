"""Who goes first where there are fewer cores than work."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

# Ten steps of niceness are a tenth of the share of a busy core (sched(7)), and all of an idle one.
NICENESS = 10

T = TypeVar("T")


def give_way() -> None:
    """Lets other threads go before this one and before those that it starts from now on. Linux only, where niceness
    belongs to a thread; elsewhere nothing happens."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def call_giving_way(function: Callable[[], T]) -> T:
    """What a function returns or raises, run in a thread that gives way: so do the threads that it leaves behind."""
    with ThreadPoolExecutor(1, initializer=give_way) as pool:
        return pool.submit(function).result()
