"""The worker never blocks its caller, and drops nothing while it keeps up."""

from __future__ import annotations

import threading
import time
from typing import Any

from fingertip_contact.ros.worker import FrameWorker

DEADLINE_S = 30.0


class BusyWorker:
    """A worker that has begun with item 0, and is held up there until finish()."""

    def __init__(self, **options: Any) -> None:
        self._begun, self._release, self._done = threading.Event(), threading.Event(), threading.Semaphore(0)
        self._handled: list[int] = []
        self.worker: FrameWorker[int] = FrameWorker(self._handle, on_error=lambda error: None, **options)
        self.worker.offer(0)
        assert self._begun.wait(DEADLINE_S)

    def finish(self, count: int) -> list[int]:
        """The items that were handled, once they are so many."""
        self._release.set()
        for _ in range(count):
            assert self._done.acquire(timeout=DEADLINE_S)
        self.worker.close()
        return self._handled

    def _handle(self, item: int) -> None:
        self._begun.set()
        assert self._release.wait(DEADLINE_S)
        self._handled.append(item)
        self._done.release()


def test_fast_worker_handles_every_item_in_order():
    """Each item is handled before the next one is offered."""
    handled, done = [], threading.Semaphore(0)

    def handle(item):
        handled.append(item)
        done.release()

    worker = FrameWorker(handle, on_error=lambda error: None)
    for item in range(100):
        worker.offer(item)
        assert done.acquire(timeout=DEADLINE_S)
    worker.close()
    assert handled == list(range(100))
    assert worker.dropped == 0


def test_slow_worker_drops_the_oldest_items():
    """While one item is handled, the newest `depth` items wait and older ones are dropped."""
    busy = BusyWorker(depth=2, max_lag_s=DEADLINE_S)
    for item in range(1, 10):
        busy.worker.offer(item)
    assert busy.finish(3) == [0, 8, 9]
    assert busy.worker.dropped == 7


def test_a_stall_is_bridged_by_time():
    """Of a fast camera more items wait than of a slow one, none of them for longer than `max_wait_s`."""
    busy = BusyWorker(max_wait_s=0.5, max_lag_s=DEADLINE_S)
    busy.worker.offer(1)
    time.sleep(0.6)
    for item in range(2, 12):
        busy.worker.offer(item)
    assert busy.finish(11) == [0, *range(2, 12)]
    assert busy.worker.dropped == 1


def test_overloaded_worker_handles_only_the_newest_item():
    """After `max_lag_s` all waiting items but the newest are too late."""
    busy = BusyWorker(depth=4, max_lag_s=0.0)
    for item in range(1, 5):
        busy.worker.offer(item)
    assert busy.finish(2) == [0, 4]
    assert busy.worker.dropped == 3


def test_failing_item_does_not_stop_the_worker():
    """The error is reported, and the thread continues."""
    errors, done = [], threading.Event()

    def handle(item):
        if item == 0:
            raise ValueError("bad frame")
        done.set()

    worker = FrameWorker(handle, on_error=errors.append)
    worker.offer(0)
    worker.offer(1)
    assert done.wait(DEADLINE_S)
    worker.close()
    assert [str(error) for error in errors] == ["bad frame"]


def test_idle_callback_runs_once_per_pause():
    """After the last item of a burst, once; never before the first item."""
    idles = threading.Semaphore(0)
    worker = FrameWorker(lambda item: None, on_error=lambda error: None, on_idle=idles.release, idle_s=0.02)
    assert not idles.acquire(timeout=0.1)
    for _ in range(2):
        worker.offer(1)
        assert idles.acquire(timeout=DEADLINE_S)
        assert not idles.acquire(timeout=0.1)
    worker.close()


def test_failing_items_are_as_good_as_none():
    """`on_idle` comes in the midst of items that fail, once, and again only after another good one."""
    idles = threading.Semaphore(0)

    def handle(item):
        if item == "bad":
            raise ValueError("bad frame")

    worker = FrameWorker(handle, on_error=lambda error: None, on_idle=idles.release, idle_s=0.05)
    for _ in range(2):
        worker.offer("good")
        expires_s = time.monotonic() + DEADLINE_S
        while not idles.acquire(timeout=0.005):
            worker.offer("bad")
            assert time.monotonic() < expires_s
        worker.offer("bad")
        assert not idles.acquire(timeout=0.1)
    worker.close()


def test_a_clock_that_stands_still_does_not_idle():
    """Whatever the wall clock shows; once it moves by `idle_s`, or has begun anew and then does, `on_idle` comes."""
    now_s, idles, handled = [100.0], threading.Semaphore(0), threading.Semaphore(0)
    worker = FrameWorker(
        lambda item: handled.release(),
        on_error=lambda error: None,
        on_idle=idles.release,
        idle_s=0.5,
        now_s=lambda: now_s[0],
    )
    for start_s in (100.0, 5.0):
        worker.offer("frame")
        assert handled.acquire(timeout=DEADLINE_S)
        now_s[0] = start_s + 0.4
        assert not idles.acquire(timeout=0.1)
        now_s[0] = start_s + 1.0
        assert idles.acquire(timeout=DEADLINE_S)
    worker.close()


def test_close_ends_the_thread():
    """No thread remains after deactivation."""
    before = threading.active_count()
    worker = FrameWorker(lambda item: None, on_error=lambda error: None)
    worker.offer(1)
    worker.close()
    assert threading.active_count() == before
