"""Frames are put together by their stamps, by one rule for recordings and nodes, and memory is bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fingertip_contact.pairing import ANY_NS, CAPACITY, EXACT_NS, NEAR_NS, FrameAssembler, StampPairer
from fingertip_contact.stamps import MAX_LATE_IN_A_ROW, StampOrder

TOPICS = ("color", "depth")
PERIOD_NS = 33_333_333


def collect_pairs(pairer, sequence):
    return [stamp for topic, stamp in sequence if pairer.add(topic, stamp, (topic, stamp)) is not None]


def assemble(assembler, sequence):
    """The frames of (topic, stamp in periods), each as its colour's stamp and that of depth, or None."""
    frames = []
    for topic, index in sequence:
        frames += assembler.add(topic, round(index * PERIOD_NS), index)
    return [(frame["color"], frame.get("depth")) for frame in frames + assembler.flush()]


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


@pytest.mark.parametrize("kind", ["required", "partner"])
@given(late=st.integers(0, 12))
def test_looping_bag_pairs_every_frame_of_each_pass(kind, late):
    """One topic may begin the new pass while the other is still in the old one: no frame is lost."""
    stamps = [*range(100, 190), *range(100, 190)]
    colors = [("color", stamp) for stamp in stamps]
    depths = [("depth", stamp) for stamp in stamps]
    ahead, behind = (colors, depths) if late % 2 else (depths, colors)
    sequence = ahead[:late]
    for first, second in zip(ahead[late:], behind, strict=False):
        sequence += [first, second]
    sequence += behind[len(ahead) - late :]
    required, partners = (("depth",), {}) if kind == "required" else ((), {"depth": EXACT_NS})
    assert assemble(FrameAssembler("color", required, partners), sequence) == [(stamp, stamp) for stamp in stamps]


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)), st.lists(st.sampled_from(("color", "depth", "left"))))
def test_each_frame_has_the_partners_of_its_stamp(depths, lefts, order):
    """In any interleaving, whichever partners are missing: the first topic's messages in order, each with exactly the
    others of its stamp."""
    pending = {"color": list(range(10)), "depth": sorted(depths), "left": sorted(lefts)}
    arrivals = [(topic, pending[topic].pop(0)) for topic in order if pending[topic]]
    arrivals += [(topic, stamp) for topic, stamps in pending.items() for stamp in stamps]
    assembler = FrameAssembler("color", partners={"depth": EXACT_NS, "left": EXACT_NS})
    frames = [frame for topic, stamp in arrivals for frame in assembler.add(topic, stamp, stamp)] + assembler.flush()
    expected = [
        {"color": stamp} | {topic: stamp for topic, stamps in (("depth", depths), ("left", lefts)) if stamp in stamps}
        for stamp in range(10)
    ]
    assert frames == expected
    assert assembler.missing == {"depth": 10 - len(depths), "left": 10 - len(lefts)}


def test_frames_without_partners_come_at_once():
    """Where nothing is to be paired, nothing waits."""
    assembler = FrameAssembler("color")
    assert assembler.add("color", 1, "image") == [{"color": "image"}]


def test_images_that_do_not_advance_are_left_out():
    """A repeat and a late one are counted, the others keep their partners; a large step back begins anew."""
    indices = [0, 1, 1, 2, 4, 3, 5]
    sequence = [item for index in indices for item in (("color", index), ("depth", index))]
    assembler = FrameAssembler("color", partners={"depth": NEAR_NS})
    assert assemble(assembler, sequence) == [(index, index) for index in (0, 1, 2, 4, 5)]
    assert (assembler.order.repeated_count, assembler.order.late_count) == (1, 1)
    again = [("color", -40), ("depth", -40)]
    assert assemble(assembler, again) == [(-40, -40)]


def test_a_short_recording_that_begins_anew():
    """Its step back is small, but the late ones go on: after some they are used."""
    order = StampOrder()
    used = [order.accept(index * PERIOD_NS) for index in [*range(20), *range(20)]]
    assert used == [True] * 20 + [False] * MAX_LATE_IN_A_ROW + [True] * (20 - MAX_LATE_IN_A_ROW)


@pytest.mark.parametrize("order", [TOPICS, TOPICS[::-1]])
def test_slower_depth_serves_its_neighbours(order):
    """Depth of every second frame: those between have that of the frame before, and one that is too far has none."""
    sequence = [(topic, index) for index in range(8) for topic in order if topic == "color" or index % 2 == 0]
    assembler = FrameAssembler("color", partners={"depth": NEAR_NS})
    frames = assemble(assembler, [*sequence, ("color", 9.5)])
    assert frames == [*((index, index - index % 2) for index in range(8)), (9.5, None)]
    assert (assembler.near, assembler.missing) == ({"depth": 4}, {"depth": 1})


def test_depth_whose_stamps_never_match_serves():
    """Where both cameras have stamps of their own, the nearest is taken, as soon as a later one has come."""
    assembler = FrameAssembler("color", partners={"depth": NEAR_NS})
    for index in range(5):
        assert assembler.add("color", index * PERIOD_NS, index) == []
        (frame,) = assembler.add("depth", round((index + 0.3) * PERIOD_NS), index + 0.3)
        assert frame == {"color": index, "depth": index + 0.3 if index < 1 else frame["depth"]}
        assert abs(frame["depth"] - index) == pytest.approx(0.3)


def test_a_silent_partner_is_not_waited_for():
    """After a second without depth frames come at once, without it; with it again when it is back."""
    assembler = FrameAssembler("color", partners={"depth": NEAR_NS})
    frames = [assembler.add("color", index * PERIOD_NS, index) for index in range(50)]
    assert frames[CAPACITY + 5 :] == [[{"color": index}] for index in range(CAPACITY + 5, 50)]
    assert sum(map(len, frames)) == 50
    assembler.add("depth", 50 * PERIOD_NS, "depth")
    assert assembler.add("color", 50 * PERIOD_NS, "image") == [{"color": "image", "depth": "depth"}]


def test_frames_do_not_wait_longer_than_they_may():
    """A partner that stops, in the middle: no gap between frames is longer than the wait, none is lost, and one that
    comes back is used again."""
    assembler = FrameAssembler("color", partners={"depth": NEAR_NS, "info": ANY_NS}, max_wait_ns=6 * PERIOD_NS)
    delays = []
    for index in range(60):
        if not 20 <= index < 50:
            for topic in ("depth", "info"):
                assert assembler.add(topic, index * PERIOD_NS, index) == []
        for frame in assembler.add("color", index * PERIOD_NS, index):
            delays.append(index - frame["color"])
            color = frame["color"]
            # The first one without depth has that of a near stamp.
            assert ("depth" in frame) == (not 20 < color < 50)
            assert frame["info"] == (19 if 20 <= color < 50 else pytest.approx(color, abs=1))
    assert len(delays) == 60
    assert max(delays) == 7


def test_the_first_camera_info_is_waited_for():
    """However late it is, as far as frames are kept at all: without one nothing can be measured."""
    assembler = FrameAssembler("color", partners={"info": ANY_NS}, max_wait_ns=PERIOD_NS)
    assert [frame for index in range(10) for frame in assembler.add("color", index * PERIOD_NS, index)] == []
    # The newest may still get their own.
    assert len(assembler.add("info", 0, "info")) == 8


@pytest.mark.parametrize("info_indices", [{0}, set(range(0, 120, 30)), set(range(0, 120, 7))])
@pytest.mark.parametrize("has_stamp", [True, False])
def test_the_last_camera_info_serves(info_indices, has_stamp):
    """One that comes once, at a rate of its own or without a stamp: every frame has the last one, and after a second
    without delay."""
    assembler = FrameAssembler("color", partners={"info": ANY_NS})
    count = 0
    for index in range(120):
        if index in info_indices:
            count += len(assembler.add("info", (index * PERIOD_NS + 5) * has_stamp, index))
        frames = assembler.add("color", index * PERIOD_NS + 10**9, index)
        count += len(frames)
        if index > 2 * CAPACITY:
            assert frames == [{"color": index, "info": max(info for info in info_indices if info <= index)}]
    assert count == 120
    assert assembler.unpaired_count == 0


def test_without_any_camera_info_there_is_no_frame():
    """They are counted."""
    assembler = FrameAssembler("color", partners={"info": ANY_NS})
    assert [frame for index in range(50) for frame in assembler.add("color", index, index)] == []
    assert assembler.flush() == []
    assert assembler.unpaired_count == 50


def test_each_image_has_the_camera_info_of_its_stamp():
    """Whichever comes first: a camera that changes never gets the other one's images."""
    for order in (("color", "info"), ("info", "color")):
        assembler = FrameAssembler("color", partners={"info": ANY_NS})
        frames = [frame for index in range(9) for topic in order for frame in assembler.add(topic, index, index)]
        assert frames == [{"color": index, "info": index} for index in range(9)]
