"""Only messages of exactly one stamp are paired, and nothing grows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.pairing import StampPairer

TOPICS = ("color", "depth")


def collect_pairs(pairer, sequence):
    return [stamp for topic, stamp in sequence if pairer.add(topic, stamp, (topic, stamp)) is not None]


@given(st.lists(st.sampled_from(TOPICS), max_size=60))
def test_common_stamps_are_paired_once(order):
    """However two topics interleave, each of which numbers its messages in order, nothing is lost or doubled."""
    sent = dict.fromkeys(TOPICS, 0)
    sequence = []
    for topic in order:
        sent[topic] += 1
        sequence.append((topic, sent[topic]))
    pairer = StampPairer(TOPICS, capacity=100)
    assert collect_pairs(pairer, sequence) == list(range(1, min(sent.values()) + 1))
    assert pairer.dropped == 0


def test_messages_of_a_pair_keep_their_topics():
    """What comes out is what was put in under each name."""
    pairer = StampPairer(TOPICS)
    pairer.add("color", 5, "image")
    assert pairer.add("depth", 5, "depth") == {"color": "image", "depth": "depth"}


def test_adjacent_stamps_are_not_paired():
    """One nanosecond apart is another frame."""
    assert collect_pairs(StampPairer(TOPICS), [("color", 10), ("depth", 11)]) == []


def test_unpairable_messages_are_dropped_and_counted():
    """Topics deliver in order: a later pair leaves no hope for earlier stamps."""
    pairer = StampPairer(TOPICS)
    assert collect_pairs(pairer, [("color", 1), ("color", 2), ("depth", 2), ("depth", 1)]) == [2]
    assert pairer.dropped == 1


def test_silent_topic_does_not_grow_memory():
    """At most `capacity` stamps wait for a topic that never speaks."""
    pairer = StampPairer(TOPICS, capacity=8)
    assert collect_pairs(pairer, [("color", stamp) for stamp in range(1000)]) == []
    assert sum(map(len, pairer._waiting.values())) == 8
    assert pairer.dropped == 1000 - 8


@given(st.integers(0, 12))
def test_looping_bag_pairs_every_frame_of_each_pass(late):
    """The slower topic is still in the old pass when the faster one begins the new: no frame of either is lost."""
    stamps = [*range(100, 120), *range(100, 120)]
    colors = [("color", stamp) for stamp in stamps]
    depths = [("depth", stamp) for stamp in stamps]
    sequence = colors[:late]
    for color, depth in zip(colors[late:], depths, strict=False):
        sequence += [color, depth]
    sequence += depths[len(colors) - late :]
    assert collect_pairs(StampPairer(TOPICS), sequence) == stamps
