"""Rules of matching presses with taps."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.recordings.events import EventRecord
from fingertip_research.evaluation.events import TOLERANCE_NS, count_finger_confusions, match_taps, pool_matchings
from fingertip_research.ground_truth.recording import GroundTruthTap

MS = 1_000_000


def make_tap(press_ms: float, hand="right", finger="index", key="j") -> GroundTruthTap:
    press_ns = round(press_ms * MS)
    return GroundTruthTap(press_ns, press_ns + 80 * MS, hand, finger, key, key, 0.01, 0.02)


def make_press(stamp_ms: float, hand="right", finger="index", key: str | None = "j", event_type="press") -> EventRecord:
    stamp_ns = round(stamp_ms * MS)
    return EventRecord(stamp_ns, stamp_ns + 60 * MS, event_type, hand, finger, key, key or "", 0.0, 0.0, 0.3, 0.9, 1)


def make_perfect_events(taps: list[GroundTruthTap]) -> list[EventRecord]:
    return [make_press(tap.press_ns / MS, tap.hand, tap.finger, tap.key) for tap in taps]


times_ms = st.integers(0, 600)
fingers = st.tuples(st.sampled_from(HANDS), st.sampled_from(FINGERS[:2]))
taps = st.lists(st.builds(lambda at, who: make_tap(at, *who), times_ms, fingers), max_size=8)
events = st.lists(st.builds(lambda at, who: make_press(at, *who), times_ms, fingers), max_size=8)


@settings(deadline=None)
@given(taps.filter(len))
def test_perfect_events_score_one(ground_truth):
    """Events that are the truth have precision, recall, F1 and key accuracy 1."""
    matching = match_taps(make_perfect_events(ground_truth), ground_truth)
    assert (matching.precision, matching.recall, matching.f1, matching.key_accuracy) == (1.0, 1.0, 1.0, 1.0)


@settings(deadline=None)
@given(taps, events)
def test_matching_is_one_to_one(ground_truth, detected):
    """Every press is matched once or false, every tap matched once or missed; pairs agree in finger and time."""
    matching = match_taps(detected, ground_truth)
    assert len(matching.matches) + len(matching.false_positives) == len(detected)
    assert len(matching.matches) + len(matching.false_negatives) == len(ground_truth)
    assert sorted(
        [match.tap.press_ns for match in matching.matches] + [tap.press_ns for tap in matching.false_negatives]
    ) == (sorted(tap.press_ns for tap in ground_truth))
    for match in matching.matches:
        assert (match.press.hand, match.press.finger) == (match.tap.hand, match.tap.finger)
        assert abs(match.onset_error_ns) <= TOLERANCE_NS


@settings(deadline=None)
@given(taps, events)
def test_precision_and_recall_are_symmetric(ground_truth, detected):
    """Swapping true and detected taps swaps precision and recall."""
    forward = match_taps(detected, ground_truth)
    backward = match_taps(
        make_perfect_events(ground_truth),
        [make_tap(event.stamp_ns / MS, event.hand, event.finger) for event in detected],
    )
    assert (forward.precision, forward.recall, forward.f1) == (backward.recall, backward.precision, backward.f1)


@settings(deadline=None)
@given(taps.filter(len), st.data())
def test_duplicate_presses_are_false_positives(ground_truth, data):
    """A second press for the same tap, however near, is false."""
    doubled = data.draw(st.sampled_from(make_perfect_events(ground_truth)))
    matching = match_taps([*make_perfect_events(ground_truth), doubled], ground_truth)
    assert len(matching.matches) == len(ground_truth)
    assert len(matching.false_positives) == 1


@settings(deadline=None)
@given(st.lists(times_ms, max_size=5), st.lists(times_ms, max_size=5))
def test_matching_is_optimal(tap_times_ms, press_times_ms):
    """Of all one-to-one matchings within the tolerance it has most pairs, and then the least time differences."""
    matching = match_taps([make_press(at) for at in press_times_ms], [make_tap(at) for at in tap_times_ms])
    got = (len(matching.matches), -sum(abs(match.onset_error_ns) for match in matching.matches))
    short, long = sorted((tap_times_ms, press_times_ms), key=len)
    best = max(
        (len(near), -sum(near) * MS)
        for order in permutations(long, len(short))
        for near in [[abs(a - b) for a, b in zip(short, order, strict=True) if abs(a - b) * MS <= TOLERANCE_NS]]
    )
    assert got == best


def test_matching_is_not_greedy():
    """The nearest press is not matched with a tap that is the only candidate of another press."""
    matching = match_taps([make_press(60), make_press(100)], [make_tap(20), make_tap(70)])
    assert len(matching.matches) == 2


@pytest.mark.parametrize(("late_ms", "matched"), [(50, 1), (-50, 1), (51, 0), (-51, 0)])
def test_tolerance_is_inclusive(late_ms, matched):
    """50 ms early or late is a match, more is not."""
    assert len(match_taps([make_press(1000 + late_ms)], [make_tap(1000)]).matches) == matched


@pytest.mark.parametrize("other", [{"hand": "left"}, {"finger": "middle"}])
def test_other_finger_does_not_match(other):
    """The right time with the wrong hand or finger is a false press and a missed tap, and counts as a confusion."""
    matching = match_taps([replace(make_press(1000), **other)], [make_tap(1000)])
    assert (matching.precision, matching.recall, matching.f1) == (0.0, 0.0, 0.0)
    reported = f"{other.get('hand', 'right')}_{other.get('finger', 'index')}"
    assert count_finger_confusions(matching) == {("right_index", reported): 1}


def test_moves_and_releases_are_ignored():
    """Only presses are matched."""
    others = [make_press(1000, event_type=event_type) for event_type in ("move", "release", "cancel")]
    matching = match_taps([make_press(1000), *others], [make_tap(1000)])
    assert (len(matching.matches), len(matching.false_positives)) == (1, 0)


def test_key_accuracy_counts_matched_presses_only():
    """A press beside every key, or on a wrong one, lowers key accuracy and nothing else."""
    ground_truth = [make_tap(1000), make_tap(2000), make_tap(3000), make_tap(4000)]
    detected = [make_press(1000), make_press(2000, key="k"), make_press(3000, key=None), make_press(9000)]
    matching = match_taps(detected, ground_truth)
    assert matching.key_accuracy == pytest.approx(1 / 3)
    assert (matching.precision, matching.recall, matching.f1) == (0.75, 0.75, 0.75)


def test_no_events_score_zero():
    """Without events or taps all metrics are 0."""
    for matching in (match_taps([], [make_tap(1000)]), match_taps([], [])):
        assert (matching.precision, matching.recall, matching.f1, matching.key_accuracy) == (0.0, 0.0, 0.0, 0.0)


def test_latency_and_onset_error_are_measured():
    """The onset error compares touch-down stamps; the latency ends at the frame that decided."""
    (match,) = match_taps([make_press(1010)], [make_tap(1000)]).matches
    assert (match.onset_error_ns, match.latency_ns) == (10 * MS, 70 * MS)


def test_pooling_adds_counts():
    """Pooled recordings have weights by their number of taps."""
    good = match_taps([make_press(at) for at in (0, 1000, 2000)], [make_tap(at) for at in (0, 1000, 2000)])
    bad = match_taps([], [make_tap(0)])
    assert pool_matchings([good, bad]).recall == 0.75
