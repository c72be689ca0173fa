"""Memory that stays with the process."""

from __future__ import annotations

import ctypes
import sys

# mallopt(3): from what size on an allocation is the system's affair, and how much freed memory is kept.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MAX_MMAP_THRESHOLD_BYTES = 32 << 20  # glibc allows no more
_MAX_KEPT_BYTES = 256 << 20


def tune_malloc() -> None:
    """Keeps what is freed for the next picture. By itself glibc gives a picture's buffer back to the system as soon as
    it is done with, and every new one costs a page fault for each 4 KB: at a camera's rate that is a good part of all
    that a node does. Elsewhere than with glibc nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, _MAX_KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _MAX_MMAP_THRESHOLD_BYTES)
