"""How much of a way down the picture of a finger shows: learnt from taps, shared within a hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.contact.seen_ways import PRIOR_RATIO, ForeshorteningEstimator


def test_nothing_learnt_is_the_even_share() -> None:
    """Before any tap every finger shows what a finger that goes straight down would."""
    np.testing.assert_array_equal(ForeshorteningEstimator().estimate_ratios(), np.full(10, PRIOR_RATIO))


def test_taps_teach_the_finger_and_its_hand() -> None:
    """Fingers that swing: what ten taps showed is known of the finger, expected of its hand, and not of the other."""
    ways = ForeshorteningEstimator()
    for _ in range(10):
        ways.update(6, 0.012, 0.1 * 0.012, 1.0)
    shares = ways.estimate_ratios()
    assert shares[6] == pytest.approx(0.1, abs=0.05)
    assert shares[8] == pytest.approx(0.17, abs=0.06)
    np.testing.assert_array_equal(shares[:5], np.full(5, PRIOR_RATIO))


def test_what_was_no_tap_teaches_nothing() -> None:
    """A stop that cannot have been a tap leaves the share as it was."""
    ways = ForeshorteningEstimator()
    ways.update(3, 0.012, 0.0, 0.0)
    assert ways.estimate_ratios()[3] == PRIOR_RATIO


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats(0.0015, 0.1), st.floats(-0.05, 0.05), st.floats(0.0, 1.0)), max_size=40
    )
)
def test_shares_are_finite(stops: list[tuple[int, float, float, float]]) -> None:
    """Whatever stops teach, shares are finite."""
    ways = ForeshorteningEstimator()
    for stop in stops:
        ways.update(*stop)
    assert np.isfinite(ways.estimate_ratios()).all()
