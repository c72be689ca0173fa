"""What recorders ask for and players offer, by the rules of `ros2 bag`; no message twice while a recorder changes."""

from __future__ import annotations

from itertools import product

import pytest

pytest.importorskip("rclpy")

from rclpy.qos import QoSDurabilityPolicy, QoSReliabilityPolicy
from rosbags.interfaces import QosDurability, QosReliability

from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.ros import qos
from fingertip_contact.ros.recorded_qos import adapt_offer, adapt_request, store_profile
from fingertip_contact.ros.topic_recorder import DuplicateFilter

RELIABLE, BEST_EFFORT = qos.EVENT, qos.IMAGE_IN
LATCHED = qos.LATCHED


@pytest.mark.parametrize(
    ("offers", "is_reliable", "is_latched"),
    [
        ([RELIABLE], True, False),
        ([RELIABLE, BEST_EFFORT], False, False),
        ([LATCHED], True, True),
        ([LATCHED, LATCHED], True, True),
        ([LATCHED, RELIABLE], True, False),
    ],
)
def test_a_recorder_asks_for_what_all_publishers_offer(offers, is_reliable, is_latched):
    """More would not be matched by one of them, and less would lose messages."""
    profile = adapt_request(offers, 30)
    assert (profile.reliability == QoSReliabilityPolicy.RELIABLE) == is_reliable
    assert (profile.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL) == is_latched
    assert profile.depth == 30


def test_profiles_come_back_from_a_bag(tmp_path):
    """Reliability, durability and depth, of each publisher; a player offers them again."""
    stored = tuple(map(store_profile, (LATCHED, BEST_EFFORT)))
    with BagWriter(tmp_path / "bag") as bag:
        for topic, profiles in (("/both", stored), ("/latched", stored[:1]), ("/images", stored[1:])):
            bag.write(topic, "std_msgs/msg/String", 1, b"\0\1\0\0\1\0\0\0\0", profiles)
    with open_bag(tmp_path / "bag") as bag:
        assert set(bag.offered_qos["/both"]) == set(stored)
        offers = {topic: adapt_offer(topic, bag.offered_qos[topic], 1) for topic in bag.topics}
    assert {topic for topic, offer in offers.items() if offer.durability == QoSDurabilityPolicy.TRANSIENT_LOCAL} == {
        "/latched"
    }
    assert {topic for topic, offer in offers.items() if offer.reliability == QoSReliabilityPolicy.BEST_EFFORT} == {
        "/images"
    }
    assert offers["/latched"].depth == LATCHED.depth


def test_one_player_keeps_what_several_publishers_latched():
    """As /tf_static: each of them kept one message."""
    stored = store_profile(LATCHED)
    assert adapt_offer("/tf_static", [stored, stored._replace(depth=0)], 7).depth == 7
    assert adapt_offer("/tf_static", [], 7) == LATCHED
    assert adapt_offer("/other", [], 7) == qos.RESULT


def test_stored_values_are_those_of_the_bag_format():
    """Each policy, by its name."""
    for reliability, durability in product(("RELIABLE", "BEST_EFFORT"), ("VOLATILE", "TRANSIENT_LOCAL")):
        profile = qos.make_profile(3, reliability == "RELIABLE", durability == "TRANSIENT_LOCAL")
        stored = store_profile(profile)
        assert (stored.reliability, stored.durability) == (QosReliability[reliability], QosDurability[durability])


def test_messages_of_two_subscriptions_are_counted_once():
    """In whatever order they arrive; equal messages of one subscription are all new."""
    duplicates = DuplicateFilter()
    assert [duplicates.is_new(1, message) for message in (b"a", b"a", b"b")] == [True, True, True]
    assert [duplicates.is_new(2, message) for message in (b"b", b"a", b"a", b"c")] == [False, False, False, True]
    assert [duplicates.is_new(1, message) for message in (b"c", b"a")] == [False, True]
