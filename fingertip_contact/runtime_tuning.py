"""Settings of the process of a node or a command: memory, threads and their priorities, for machines with few cores."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

# mallopt(3): the size above which allocations are returned to the system, how much freed memory is kept, and the number
# of arenas. Each of them keeps memory for its threads only: with the default of eight for each core, 10 MB more.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_ARENAS = 2
_MAX_BUFFER_BYTES = 32 << 20  # The largest threshold that glibc allows.
_KEPT_BYTES = 256 << 20
# A thread of niceness 10 gets a tenth of a core that it shares with one normal thread, and all of an idle core
# (sched(7)). With 5, contact lost a quarter of its frames on two cores; 15 brings no further gain.
NICENESS = 10

T = TypeVar("T")


def limit_blas_threads() -> None:
    """Give OpenBLAS one thread; call it before numpy is imported.

    OpenBLAS threads spin for about 30 ms after every matrix product, even a small one: at a camera's rate that costs a
    core. For the matrices of this package one thread is as fast.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def tune_process() -> None:
    """Keep freed memory, and give OpenCV one thread: its idle threads spin on cores that other nodes need."""
    import cv2

    keep_freed_memory()
    cv2.setNumThreads(1)


def keep_freed_memory() -> None:
    """Keep freed memory for the next image, whichever thread freed it, with glibc; elsewhere do nothing.

    By default glibc returns an image's buffer to the system at once, and every new buffer costs a page fault per 4 KB.
    """
    mallopt = _find_in_glibc("mallopt")
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _MAX_BUFFER_BYTES)
        mallopt(_ARENA_MAX, _ARENAS)


def settle_memory() -> None:
    """Call this when everything is loaded. The garbage collector then looks at later objects only: all of them would
    take 20 ms, several times a second, in which no other thread runs. What is free is returned to the system, with
    glibc: networks need more memory while they load than later. Objects of an earlier call may be collected again.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    trim = _find_in_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def lower_priority() -> None:
    """Lower the priority of this thread and of those that it starts from now on. Does nothing except on Linux, where
    each thread has its own niceness."""
    _lower(threading.get_native_id())


def make_with_low_priority_threads(make: Callable[[], T]) -> T:
    """The result of `make`, which runs at normal priority; the threads that it started get a low one."""
    before = _list_threads()
    made = make()
    for thread in _list_threads() - before:
        _lower(thread)
    return made


def _find_in_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None


def _list_threads() -> set[int]:
    """The native ids of this process's threads."""
    return {int(entry.name) for entry in Path("/proc/self/task").iterdir()} if sys.platform == "linux" else set()


def _lower(thread: int) -> None:
    if sys.platform != "linux":
        return
    with suppress(ProcessLookupError):  # The thread may have ended meanwhile.
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS)
