"""A node that ends waits for its subscribers, together no longer than it may."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.ros import acknowledgement
from fingertip_contact.ros.acknowledgement import wait_until_acknowledged


class SlowPublisher:
    """Its subscriber never answers: waiting takes all of the time it is given."""

    def __init__(self, clock):
        self._clock = clock
        self.waited_s = None

    def wait_for_all_acked(self, timeout):
        self.waited_s = timeout.nanoseconds * 1e-9
        self._clock.now_s += self.waited_s


class FakeTime:
    now_s = 100.0

    def monotonic(self):
        return self.now_s


def test_all_publishers_share_one_time(monkeypatch):
    """Two that hang take no longer than one; a negative time would be for ever."""
    clock = FakeTime()
    monkeypatch.setattr(acknowledgement, "time", clock)
    publishers = [SlowPublisher(clock), SlowPublisher(clock)]
    wait_until_acknowledged(publishers, max_wait_s=0.75)
    assert [publisher.waited_s for publisher in publishers] == [0.75, 0.0]
