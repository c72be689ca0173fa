"""Settings of a node's process: memory, threads and their priorities, for machines with few cores."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

# mallopt(3): the size above which allocations are returned to the system, and how much freed memory is kept.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MAX_BUFFER_BYTES = 32 << 20  # The largest threshold that glibc allows.
_KEPT_BYTES = 256 << 20
# Ten steps of niceness leave a tenth of a busy core beside one normal thread, and all of an idle one (sched(7)).
# With five, contact lost a quarter of its frames on two cores; fifteen gain nothing more.
NICENESS = 10

T = TypeVar("T")


def limit_blas_threads() -> None:
    """Give OpenBLAS one thread; call it before numpy is imported.

    OpenBLAS threads spin for some 30 ms after every matrix product, however small: at a camera's rate that costs a
    core. One thread is as fast for the products of a node.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def tune_process() -> None:
    """Keep freed memory, and give OpenCV one thread: nodes share the cores, and OpenCV's threads wait by spinning."""
    import cv2

    keep_freed_memory()
    cv2.setNumThreads(1)


def keep_freed_memory() -> None:
    """Keep freed memory for the next image, with glibc; elsewhere do nothing.

    By default glibc returns an image's buffer to the system at once, and every new one costs a page fault per 4 KB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _MAX_BUFFER_BYTES)


def lower_priority() -> None:
    """Lower the priority of this thread and of those that it starts from now on. Linux only, where niceness is a
    thread's; elsewhere do nothing."""
    _lower(threading.get_native_id())


def make_with_low_priority_threads(make: Callable[[], T]) -> T:
    """The result of `make`, which runs at normal priority; threads that it leaves behind get a low one."""
    before = _list_threads()
    made = make()
    for thread in _list_threads() - before:
        _lower(thread)
    return made


def _list_threads() -> set[int]:
    """The system's numbers of this process's threads."""
    return {int(entry.name) for entry in Path("/proc/self/task").iterdir()} if sys.platform == "linux" else set()


def _lower(thread: int) -> None:
    if sys.platform != "linux":
        return
    with suppress(ProcessLookupError):  # The thread may have ended meanwhile.
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
