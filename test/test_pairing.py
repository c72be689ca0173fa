"""Only messages of exactly equal stamps are paired, and memory is bounded."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.pairing import StampPairer, pair_by_stamp

TOPICS = ("color", "depth")


def collect_pairs(pairer, sequence):
    return [stamp for topic, stamp in sequence if pairer.add(topic, stamp, (topic, stamp)) is not None]


@given(st.lists(st.sampled_from(TOPICS), max_size=60))
def test_common_stamps_are_paired_once(order):
    """In any interleaving of two ordered topics, each common stamp is paired exactly once."""
    sent = dict.fromkeys(TOPICS, 0)
    sequence = []
    for topic in order:
        sent[topic] += 1
        sequence.append((topic, sent[topic]))
    pairer = StampPairer(TOPICS, capacity=100)
    assert collect_pairs(pairer, sequence) == list(range(1, min(sent.values()) + 1))
    assert pairer.dropped == 0


def test_messages_of_a_pair_keep_their_topics():
    """Each message is returned under its topic."""
    pairer = StampPairer(TOPICS)
    pairer.add("color", 5, "image")
    assert pairer.add("depth", 5, "depth") == {"color": "image", "depth": "depth"}


def test_adjacent_stamps_are_not_paired():
    """Stamps one nanosecond apart belong to different frames."""
    assert collect_pairs(StampPairer(TOPICS), [("color", 10), ("depth", 11)]) == []


def test_unpairable_messages_are_dropped_and_counted():
    """Topics deliver in order: after a pair, earlier stamps can no longer be paired."""
    pairer = StampPairer(TOPICS)
    assert collect_pairs(pairer, [("color", 1), ("color", 2), ("depth", 2), ("depth", 1)]) == [2]
    assert pairer.dropped == 1


def test_silent_topic_does_not_grow_memory():
    """At most `capacity` messages wait for a topic without messages."""
    pairer = StampPairer(TOPICS, capacity=8)
    assert collect_pairs(pairer, [("color", stamp) for stamp in range(1000)]) == []
    assert sum(map(len, pairer._waiting.values())) == 8
    assert pairer.dropped == 1000 - 8


@given(st.integers(0, 12))
def test_looping_bag_pairs_every_frame_of_each_pass(late):
    """One topic may begin the new pass while the other is still in the old one: no frame is lost."""
    stamps = [*range(100, 120), *range(100, 120)]
    colors = [("color", stamp) for stamp in stamps]
    depths = [("depth", stamp) for stamp in stamps]
    sequence = colors[:late]
    for color, depth in zip(colors[late:], depths, strict=False):
        sequence += [color, depth]
    sequence += depths[len(colors) - late :]
    assert collect_pairs(StampPairer(TOPICS), sequence) == stamps


def make_message(stamp_ns: int) -> SimpleNamespace:
    stamp = SimpleNamespace(sec=0, nanosec=stamp_ns)
    return SimpleNamespace(header=SimpleNamespace(stamp=stamp))


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.lists(st.sampled_from(("color", "depth", "left"))))
def test_each_first_message_comes_once_with_the_partners_of_its_stamp(depths, lefts, order):
    """In any interleaving, whichever partners are missing: the first topic's messages in order, each with exactly the
    others of its stamp."""
    pending = {"color": list(range(10)), "depth": sorted(depths), "left": sorted(lefts)}
    arrivals = [(topic, pending[topic].pop(0)) for topic in order if pending[topic]]
    arrivals += [(topic, stamp) for topic, stamps in pending.items() for stamp in stamps]
    messages = [(topic, make_message(stamp)) for topic, stamp in arrivals]
    groups = list(pair_by_stamp(messages, "color", ("depth", "left")))
    assert [group["color"].header.stamp.nanosec for group in groups] == list(range(10))
    for stamp, group in enumerate(groups):
        partners = {topic for topic, stamps in (("depth", depths), ("left", lefts)) if stamp in stamps}
        assert set(group) == {"color", *partners}
        assert {message.header.stamp.nanosec for message in group.values()} == {stamp}


def test_messages_without_others_come_at_once():
    """Where nothing is to be paired, nothing waits."""
    arrivals = iter([("color", make_message(1)), ("color", make_message(2))])
    assert next(pair_by_stamp(arrivals, "color", ()))["color"].header.stamp.nanosec == 1
    assert next(arrivals)[1].header.stamp.nanosec == 2
