"""Rules of matching presses with taps."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.evaluation.events import TOLERANCE_NS, count_finger_confusions, match_taps, pool_matchings
from fingertip_contact.frames import FINGERS, HANDS
from fingertip_contact.recordings.events import EventRecord
from fingertip_contact.recordings.truth import GroundTruthTap

MS = 1_000_000


def tap(press_ms: float, hand="right", finger="index", key="j") -> GroundTruthTap:
    press_ns = round(press_ms * MS)
    return GroundTruthTap(press_ns, press_ns + 80 * MS, hand, finger, key, key, 0.01, 0.02)


def press(stamp_ms: float, hand="right", finger="index", key: str | None = "j", kind="press") -> EventRecord:
    stamp_ns = round(stamp_ms * MS)
    return EventRecord(stamp_ns, stamp_ns + 60 * MS, kind, hand, finger, key, key or "", 0.0, 0.0, 0.3, 0.9, 1)


def perfect(taps: list[GroundTruthTap]) -> list[EventRecord]:
    return [press(tap.press_ns / MS, tap.hand, tap.finger, tap.key) for tap in taps]


times_ms = st.integers(0, 600)
fingers = st.tuples(st.sampled_from(HANDS), st.sampled_from(FINGERS[:2]))
taps = st.lists(st.builds(lambda at, who: tap(at, *who), times_ms, fingers), max_size=8)
events = st.lists(st.builds(lambda at, who: press(at, *who), times_ms, fingers), max_size=8)


@settings(deadline=None)
@given(taps.filter(len))
def test_perfect_events_score_one(true):
    """Events that are the truth have precision, recall, F1 and key accuracy 1."""
    matching = match_taps(perfect(true), true)
    assert (matching.precision, matching.recall, matching.f1, matching.key_accuracy) == (1.0, 1.0, 1.0, 1.0)


@settings(deadline=None)
@given(taps, events)
def test_one_to_one(true, found):
    """Every press is matched once or false, every tap matched once or missed; pairs are of one finger and near."""
    matching = match_taps(found, true)
    assert len(matching.matches) + len(matching.false_positives) == len(found)
    assert len(matching.matches) + len(matching.false_negatives) == len(true)
    assert sorted(
        [match.tap.press_ns for match in matching.matches] + [tap.press_ns for tap in matching.false_negatives]
    ) == (sorted(tap.press_ns for tap in true))
    for match in matching.matches:
        assert (match.press.hand, match.press.finger) == (match.tap.hand, match.tap.finger)
        assert abs(match.onset_error_ns) <= TOLERANCE_NS


@settings(deadline=None)
@given(taps, events)
def test_symmetric(true, found):
    """Swapping what is true and what was found swaps precision and recall."""
    forward = match_taps(found, true)
    backward = match_taps(perfect(true), [tap(event.stamp_ns / MS, event.hand, event.finger) for event in found])
    assert (forward.precision, forward.recall, forward.f1) == (backward.recall, backward.precision, backward.f1)


@settings(deadline=None)
@given(taps.filter(len), st.data())
def test_duplicates_are_false(true, data):
    """A second press for the same tap, however near, is false."""
    doubled = data.draw(st.sampled_from(perfect(true)))
    matching = match_taps([*perfect(true), doubled], true)
    assert len(matching.matches) == len(true)
    assert len(matching.false_positives) == 1


@settings(deadline=None)
@given(st.lists(times_ms, max_size=5), st.lists(times_ms, max_size=5))
def test_no_better_pairing_exists(true_ms, found_ms):
    """Among all one-to-one pairings within the tolerance it has most pairs, and then the least time between them."""
    matching = match_taps([press(at) for at in found_ms], [tap(at) for at in true_ms])
    got = (len(matching.matches), -sum(abs(match.onset_error_ns) for match in matching.matches))
    short, long = sorted((true_ms, found_ms), key=len)
    best = max(
        (len(near), -sum(near) * MS)
        for order in permutations(long, len(short))
        for near in [[abs(a - b) for a, b in zip(short, order, strict=True) if abs(a - b) * MS <= TOLERANCE_NS]]
    )
    assert got == best


def test_greedy_would_lose_a_pair():
    """The nearest press must not take a tap that is the only one for another press."""
    matching = match_taps([press(60), press(100)], [tap(20), tap(70)])
    assert len(matching.matches) == 2


@pytest.mark.parametrize(("late_ms", "matched"), [(50, 1), (-50, 1), (51, 0), (-51, 0)])
def test_tolerance_is_inclusive(late_ms, matched):
    """50 ms early or late is a match, more is not."""
    assert len(match_taps([press(1000 + late_ms)], [tap(1000)]).matches) == matched


@pytest.mark.parametrize("other", [{"hand": "left"}, {"finger": "middle"}])
def test_another_finger_is_no_match(other):
    """The right time with the wrong hand or finger is a false press and a missed tap, and counts as a confusion."""
    matching = match_taps([replace(press(1000), **other)], [tap(1000)])
    assert (matching.precision, matching.recall, matching.f1) == (0.0, 0.0, 0.0)
    reported = f"{other.get('hand', 'right')}_{other.get('finger', 'index')}"
    assert count_finger_confusions(matching) == {("right_index", reported): 1}


def test_moves_and_releases_are_no_presses():
    """Only presses are judged."""
    others = [press(1000, kind=kind) for kind in ("move", "release", "cancel")]
    matching = match_taps([press(1000), *others], [tap(1000)])
    assert (len(matching.matches), len(matching.false_positives)) == (1, 0)


def test_key_accuracy_is_of_matched_presses():
    """A press beside every key, or on a wrong one, lowers key accuracy and nothing else."""
    true = [tap(1000), tap(2000), tap(3000), tap(4000)]
    found = [press(1000), press(2000, key="k"), press(3000, key=None), press(9000)]
    matching = match_taps(found, true)
    assert matching.key_accuracy == pytest.approx(1 / 3)
    assert (matching.precision, matching.recall, matching.f1) == (0.75, 0.75, 0.75)


def test_silence_scores_zero():
    """Who finds nothing has earned nothing; nobody divides by zero."""
    for matching in (match_taps([], [tap(1000)]), match_taps([], [])):
        assert (matching.precision, matching.recall, matching.f1, matching.key_accuracy) == (0.0, 0.0, 0.0, 0.0)


def test_latency_and_onset():
    """Onset compares the stamps of the touch, latency counts to the frame that decided."""
    (match,) = match_taps([press(1010)], [tap(1000)]).matches
    assert (match.onset_error_ns, match.latency_ns) == (10 * MS, 70 * MS)


def test_pooling_adds_counts():
    """Recordings taken together weigh by their taps, not by their number."""
    good = match_taps([press(at) for at in (0, 1000, 2000)], [tap(at) for at in (0, 1000, 2000)])
    bad = match_taps([], [tap(0)])
    assert pool_matchings([good, bad]).recall == 0.75
