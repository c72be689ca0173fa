"""How much of a way down the image of a finger shows: learnt from taps, shared within a hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.contact.adaptation.foreshortening import PRIOR_RATIO, ForeshorteningEstimator


def test_prior_foreshortening_is_used_before_any_tap() -> None:
    """Before any tap every finger shows what a finger that goes straight down would."""
    np.testing.assert_array_equal(ForeshorteningEstimator().estimate_ratios(), np.full(10, PRIOR_RATIO))


def test_foreshortening_is_learnt_per_finger_and_hand() -> None:
    """Fingers that swing: what ten taps showed is known of the finger, expected of its hand, and not of the other."""
    estimator = ForeshorteningEstimator()
    for _ in range(10):
        estimator.update(6, 0.012, 0.1 * 0.012, 1.0)
    ratios = estimator.estimate_ratios()
    assert ratios[6] == pytest.approx(0.1, abs=0.05)
    assert ratios[8] == pytest.approx(0.17, abs=0.06)
    np.testing.assert_array_equal(ratios[:5], np.full(5, PRIOR_RATIO))


def test_non_taps_do_not_update_foreshortening() -> None:
    """A stop that cannot have been a tap leaves the fraction as it was."""
    estimator = ForeshorteningEstimator()
    estimator.update(3, 0.012, 0.0, 0.0)
    assert estimator.estimate_ratios()[3] == PRIOR_RATIO


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.floats(0.0015, 0.1), st.floats(-0.05, 0.05), st.floats(0.0, 1.0)), max_size=40
    )
)
def test_foreshortening_ratios_are_finite(observations: list[tuple[int, float, float, float]]) -> None:
    """Whatever stops teach, shares are finite."""
    estimator = ForeshorteningEstimator()
    for observation in observations:
        estimator.update(*observation)
    assert np.isfinite(estimator.estimate_ratios()).all()
