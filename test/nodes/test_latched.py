"""Latched messages reach recordings and come out of them, whoever came first."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from fingertip_contact.recordings.bag import deserialize, open_bag
from fingertip_contact.ros import qos
from ros_harness import launch_nodes, ros_node

BEFORE, AFTER = "/latched_before", "/latched_after"


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def test_latched_messages_are_recorded_and_played_as_latched(start, tmp_path):
    """What was published before the recorder began, and what came later, each once; a subscriber that asks for latched
    messages, after they were played, gets the last one."""
    out = tmp_path / "out.mcap"
    with ros_node() as test_node:
        before = test_node.create_publisher(String, BEFORE, qos.LATCHED)
        before.publish(String(data="description"))
        recorder = start("record_node", output=out, topics=f"['{BEFORE}', '{AFTER}']")
        test_node.wait_until(lambda: before.get_subscription_count() > 0, "the recorder")
        after = test_node.create_publisher(String, AFTER, qos.LATCHED)
        for text in ("first", "second"):
            after.publish(String(data=text))
            test_node.wait_until(lambda: after.get_subscription_count() > 0, "the recorder")
            test_node.spin_for(0.5)
        assert recorder.stop() == 0
        with open_bag(out) as bag:
            texts = [(message.topic, deserialize(out, message).data) for message in bag.messages()]
        assert sorted(texts) == [(AFTER, "first"), (AFTER, "second"), (BEFORE, "description")]
        for publisher in (before, after):
            test_node.destroy_publisher(publisher)
        start("replay_node", recording=out, start_delay_s=0.0, loop=True, rate=0.1)
        test_node.wait_until(lambda: test_node.count_publishers(BEFORE) == 1, "the player")
        received = test_node.subscribe(String, BEFORE, qos.LATCHED)
        test_node.wait_until(lambda: bool(received), "the latched message")
        assert received[0].data == "description"
