"""Pairs the colour and depth pictures of a recording."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

# A frame waits for its depth until that many newer frames came without one either: one second at 30 Hz.
PAIRING_QUEUE_SIZE = 30


def pair_by_stamp(images: Iterator[tuple[bool, Any]]) -> Iterator[tuple[Any, Any | None]]:
    """(is colour, message) in order of arrival -> (colour, depth of exactly its stamp or None).

    Needs no order of stamps, so that a recording whose clock jumps, or that loops, is paired as well.
    """
    colors: deque[Any] = deque()
    depths: deque[Any] = deque(maxlen=PAIRING_QUEUE_SIZE)
    for is_color, image in images:
        own, others = (colors, depths) if is_color else (depths, colors)
        own.append(image)
        match = next((other for other in others if header_stamp_ns(other) == header_stamp_ns(image)), None)
        if match is not None:
            color, depth = (image, match) if is_color else (match, image)
            while colors[0] is not color:
                yield colors.popleft(), None
            while depths.popleft() is not depth:
                pass
            yield colors.popleft(), depth
        elif len(colors) > PAIRING_QUEUE_SIZE:
            yield colors.popleft(), None
    for color in colors:
        yield color, None


def header_stamp_ns(message: Any) -> int:
    """When the picture of a message with a header was exposed."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
