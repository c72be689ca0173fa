"""Rules of text metrics."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.text_metrics import character_error_rate, edit_distance, words_per_minute

texts = st.text("ab c", max_size=12)


@pytest.mark.parametrize(
    ("target", "read", "edits"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2), ("same", "same", 0)],
)
def test_edit_distance_matches_known_values(target, read, edits):
    """Textbook pairs."""
    assert edit_distance(target, read) == edits


@given(texts, texts, texts)
def test_edit_distance_is_a_metric(a, b, c):
    """Symmetric, zero only for equal texts, and no detour is shorter."""
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)


def test_error_and_typing_rates_match_definitions():
    """One wrong character of ten is 10 %; fifty characters in a minute are ten words a minute."""
    assert character_error_rate("0123456789", "0123456x89") == pytest.approx(0.1)
    assert character_error_rate("", "") == 0.0
    assert words_per_minute("x" * 50, 60.0) == pytest.approx(10.0)
    assert words_per_minute("x", 0.0) == 0.0
