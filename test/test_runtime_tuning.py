"""Rules of a process's settings."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from fingertip_contact.runtime_tuning import settle_memory


class Ring:
    """An object that only the garbage collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_loaded_is_not_looked_through_again():
    """The collector leaves out what was there, and still frees what comes later."""
    settle_memory()
    try:
        assert gc.get_freeze_count() > 1000
        later = weakref.ref(Ring())
        gc.collect()
        assert later() is None
    finally:
        gc.unfreeze()


def test_what_was_loaded_before_is_freed_at_the_next_call():
    """A node that is configured again does not keep what it had."""
    ring = Ring()
    earlier = weakref.ref(ring)
    settle_memory()
    try:
        del ring
        gc.collect()
        assert earlier() is not None
        settle_memory()
        assert earlier() is None
    finally:
        gc.unfreeze()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="another C library than glibc")
def test_threads_share_what_they_freed(tmp_path: Path):
    """Of eight threads that allocate, not each keeps an arena of its own."""
    code = (
        "import ctypes, sys, threading\n"
        "from fingertip_contact.runtime_tuning import keep_freed_memory\n"
        "keep_freed_memory()\n"
        "libc, allocated = ctypes.CDLL(None), threading.Barrier(8)\n"
        "threads = [threading.Thread(target=lambda: (libc.malloc(4096), allocated.wait())) for _ in range(8)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "libc.fopen.restype = ctypes.c_void_p\n"
        "file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b'w'))\n"
        "libc.malloc_info(0, file)\n"
        "libc.fclose(file)"
    )
    path = tmp_path / "arenas.xml"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)
    assert path.read_text().count("<heap nr=") <= 2
