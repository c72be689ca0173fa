"""The offset between a camera's clock and the computer's."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.cameras.device_clock import SETTLING_COUNT, DeviceClock

PERIOD_NS = 33_366_667
START_NS, DEVICE_NS = 1_700_000_000_000_000_000, 5_000_000_000
FASTEST_NS = 4_000_000


def run(count, drift=0.0, set_at=None, set_by_ns=0, late=()):
    """Errors of the stamps that count, ns: against the exposure in the computer's time plus the fastest transfer.

    drift: how much faster the computer's clock runs. late: images that arrive half a second late, all others a random
    time of up to 8 ms."""
    random, clock, errors_ns = np.random.default_rng(0), DeviceClock(), []
    for number in range(count):
        true_ns = START_NS + round(number * PERIOD_NS * (1 + drift))
        if set_at is not None and number >= set_at:
            true_ns += set_by_ns
        delay_ns = FASTEST_NS + int(random.exponential(2e6)) + (500_000_000 if number in late else 0)
        stamp_ns = clock.convert(DEVICE_NS + number * PERIOD_NS, true_ns + delay_ns)
        if clock.is_settled:
            errors_ns.append(stamp_ns - true_ns - FASTEST_NS)
    return np.array(errors_ns)


@pytest.mark.parametrize("drift", [-5e-5, 0.0, 5e-5])
def test_stamps_are_those_of_the_exposure(drift):
    """Neither the jitter of arrival nor a drift of 50 ppm moves a stamp by more than a millisecond or two, and
    intervals are exact to a thousandth, whatever comes late."""
    errors_ns = run(1500, drift, late=(3, 300, 301, 302, 900))
    assert np.abs(errors_ns).max() < 2_000_000
    assert np.abs(errors_ns[100:]).max() < 800_000
    assert np.abs(np.diff(errors_ns)).max() <= 0.0011 * PERIOD_NS


@pytest.mark.parametrize("set_by_ns", [-3_600_000_000_000, 3_600_000_000_000])
def test_a_clock_that_is_set_is_followed(set_by_ns):
    """Back at once, forward once no image within ten seconds says otherwise."""
    errors_ns = run(900, set_at=400, set_by_ns=set_by_ns)
    assert np.abs(errors_ns[400 + 310 :]).max() < 2_000_000
    if set_by_ns < 0:
        assert np.abs(errors_ns[400:]).max() < 2_000_000


def test_a_camera_that_starts_anew_is_settled_anew():
    """Its clock is at zero again."""
    clock = DeviceClock()
    for number in range(100):
        clock.convert(DEVICE_NS + number * PERIOD_NS, START_NS + number * PERIOD_NS)
    assert clock.is_settled
    again_ns = START_NS + 200 * PERIOD_NS
    assert clock.convert(0, again_ns) == again_ns
    assert not clock.is_settled
    for number in range(1, SETTLING_COUNT):
        assert clock.convert(number * PERIOD_NS, again_ns + number * PERIOD_NS) == again_ns + number * PERIOD_NS
    assert clock.is_settled
