"""Pairs the colour and depth pictures of a recording."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

# A frame waits for its depth until that many newer frames came without one either: one second at 30 Hz.
PAIRING_DEPTH = 30


def pair_by_stamp(pictures: Iterator[tuple[bool, Any]]) -> Iterator[tuple[Any, Any | None]]:
    """(is colour, message) in order of arrival -> (colour, depth of exactly its stamp or None).

    Needs no order of stamps, so that a recording whose clock jumps, or that loops, is paired as well.
    """
    colors: deque[Any] = deque()
    depths: deque[Any] = deque(maxlen=PAIRING_DEPTH)
    for is_color, picture in pictures:
        own, others = (colors, depths) if is_color else (depths, colors)
        own.append(picture)
        partner = next((other for other in others if stamp_ns_of(other) == stamp_ns_of(picture)), None)
        if partner is not None:
            color, depth = (picture, partner) if is_color else (partner, picture)
            while colors[0] is not color:
                yield colors.popleft(), None
            while depths.popleft() is not depth:
                pass
            yield colors.popleft(), depth
        elif len(colors) > PAIRING_DEPTH:
            yield colors.popleft(), None
    for color in colors:
        yield color, None


def stamp_ns_of(message: Any) -> int:
    """When the picture of a message with a header was exposed."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
