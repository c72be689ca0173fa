"""Advice on topics that nobody publishes."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.pairing import FrameAssembler
from fingertip_contact.ros.stream_advice import StreamAdvice

BASE = "/camera/camera/color/image_raw"


class Graph:
    """A node that sees these topics published."""

    def __init__(self, *topics):
        self._topics = topics

    def count_publishers(self, topic):
        return self._topics.count(topic)


@pytest.mark.parametrize(
    ("subscribed", "published", "transport"),
    [
        (BASE, [f"{BASE}/compressed"], "compressed"),
        (f"{BASE}/compressed", [BASE], "raw"),
        (BASE, [BASE, f"{BASE}/compressed"], None),
        (BASE, ["/another/compressed"], None),
        (BASE, [], None),
    ],
)
def test_another_transport_of_the_camera_is_named(subscribed, published, transport):
    """Only while no image has come, and nobody publishes what is subscribed."""
    advice = StreamAdvice(Graph(*published), FrameAssembler("color"), {})
    advice.color_topic = subscribed
    found = advice.collect()
    assert [one.code for one in found] == (["other_transport"] if transport else [])
    assert not transport or f"image_transport to {transport}" in found[0].message
    advice.image_count = 1
    assert advice.collect() == []
