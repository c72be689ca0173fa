"""Advice on a node's camera topics, from what came in a second."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.node import Node

from fingertip_contact.advice import NO_CAMERA_INFO, SEVERAL_PUBLISHERS, Advice, advise_stamps
from fingertip_contact.pairing import FrameAssembler

# A single image that came twice is no cause for advice; the counters tell of it.
MIN_SHARE = 0.25


class StreamAdvice:
    """image_count: images that came, counted by the subscriber. color_topic: their topic's resolved name."""

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
