"""Rules of a process's settings."""

from __future__ import annotations

import gc
import weakref

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
