"""Advice on a node's camera topics, from what came in a second."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.node import Node

from fingertip_contact.advice import NO_CAMERA_INFO, SEVERAL_PUBLISHERS, Advice, advise_stamps, advise_transport
from fingertip_contact.pairing import FrameAssembler
from fingertip_contact.ros.image_transport import COLOR_TRANSPORTS, RAW
from fingertip_contact.transports.any_image import strip_transport

# A single image that came twice is no cause for advice; the counters tell of it.
MIN_SHARE = 0.25


class StreamAdvice:
    """image_count: images that came, counted by the subscriber. color_topic: their topic's resolved name; empty where
    none is subscribed."""

    def __init__(self, node: Node, assembler: FrameAssembler, missing: Mapping[str, Advice]) -> None:
        """missing: what to say where frames lack a topic."""
        self._missing = missing
        self._node = node
        self._assembler = assembler
        self.image_count = 0
        self.color_topic = ""
        self._last: dict[str, int] = {}

    def collect(self) -> list[Advice]:
        """Advice on the images since the last call."""
        if self.color_topic and not self.image_count:
            return self._find_other_transport()
        order = self._assembler.order
        counts = {
            "images": self.image_count,
            "repeated": order.repeated_count,
            "late": order.late_count,
            "no_info": self._assembler.without_any_count,
        } | self._assembler.missing
        new = {name: count - self._last.get(name, 0) for name, count in counts.items()}
        self._last = counts
        found = []
        if self.color_topic and self._node.count_publishers(self.color_topic) > 1:
            found.append(SEVERAL_PUBLISHERS)
        limit = max(MIN_SHARE * new["images"], 1)
        if new["repeated"] + new["late"] >= limit:
            found.append(advise_stamps(new["repeated"], new["late"], new["images"]))
        lacking = {"no_info": NO_CAMERA_INFO, **self._missing}
        found += {advice.code: advice for name, advice in lacking.items() if new.get(name, 0) >= limit}.values()
        return found

    def _find_other_transport(self) -> list[Advice]:
        """Where no image has come yet."""
        count = self._node.count_publishers
        if count(self.color_topic):
            return []
        base = strip_transport(self.color_topic)
        others = {RAW: base} | {transport: f"{base}/{transport}" for transport in COLOR_TRANSPORTS[1:]}
        return [advise_transport(self.color_topic, topic, name) for name, topic in others.items() if count(topic)][:1]
