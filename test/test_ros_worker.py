"""The worker never makes its caller wait, and loses nothing while it keeps up."""

from __future__ import annotations

import threading

from fingertip_contact.ros.worker import FrameWorker

DEADLINE_S = 30.0


def test_a_worker_that_keeps_up_handles_everything_in_order():
    """Each item is handled before the next comes."""
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


def test_a_slow_worker_loses_the_oldest():
    """Newest wins: while one item is worked on, `depth` newer ones wait and older ones go."""
    begun, go, handled, done = threading.Event(), threading.Event(), [], threading.Semaphore(0)

    def handle(item):
        begun.set()
        assert go.wait(DEADLINE_S)
        handled.append(item)
        done.release()

    worker = FrameWorker(handle, on_error=lambda error: None, depth=2, max_lag_s=DEADLINE_S)
    worker.offer(0)
    assert begun.wait(DEADLINE_S)
    for item in range(1, 10):
        worker.offer(item)
    go.set()
    for _ in range(3):
        assert done.acquire(timeout=DEADLINE_S)
    worker.close()
    assert handled == [0, 8, 9]
    assert worker.dropped == 7


def test_a_worker_that_never_catches_up_takes_the_newest():
    """Out of patience, what waits is late already: only the newest is worth its time."""
    begun, go, handled, done = threading.Event(), threading.Event(), [], threading.Semaphore(0)

    def handle(item):
        begun.set()
        assert go.wait(DEADLINE_S)
        handled.append(item)
        done.release()

    worker = FrameWorker(handle, on_error=lambda error: None, depth=4, max_lag_s=0.0)
    worker.offer(0)
    assert begun.wait(DEADLINE_S)
    for item in range(1, 5):
        worker.offer(item)
    go.set()
    for _ in range(2):
        assert done.acquire(timeout=DEADLINE_S)
    worker.close()
    assert handled == [0, 4]
    assert worker.dropped == 3


def test_an_item_that_fails_does_not_stop_the_next():
    """The error is told, the thread lives."""
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


def test_idling_is_told_once_for_each_silence():
    """After the last item of a burst, once; never before the first item."""
    idles = threading.Semaphore(0)
    worker = FrameWorker(lambda item: None, on_error=lambda error: None, on_idle=idles.release, idle_s=0.02)
    assert not idles.acquire(timeout=0.1)
    for _ in range(2):
        worker.offer(1)
        assert idles.acquire(timeout=DEADLINE_S)
        assert not idles.acquire(timeout=0.1)
    worker.close()


def test_close_ends_the_thread():
    """Nothing runs on after deactivation."""
    before = threading.active_count()
    worker = FrameWorker(lambda item: None, on_error=lambda error: None)
    worker.offer(1)
    worker.close()
    assert threading.active_count() == before
