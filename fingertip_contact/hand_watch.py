"""Watches for hands that the tracker loses and finds again."""

from __future__ import annotations

from collections import deque

from fingertip_contact.advice import Advice, advise_lost_hands
from fingertip_contact.datatypes import Hand

WINDOW_S = 20.0
# A hand that is back so soon has not left.
MAX_GAP_S = 1.0
# In recordings of two generators, of 9 to 12 s, hands are lost 0 to 2 times.
MAX_LOSSES = 8


class HandWatch:
    """update() takes the hands of every frame. A loss: a track ends, and another one begins shortly after."""

    def __init__(self) -> None:
        self._tracks: frozenset[int] = frozenset()
        # When each track ended that no other one has followed yet, and when losses happened.
        self._ended_ns: deque[int] = deque()
        self._losses_ns: deque[int] = deque()

    def update(self, stamp_ns: int, hands: tuple[Hand, ...]) -> None:
        tracks = frozenset(hand.track for hand in hands)
        _drop_before(self._ended_ns, stamp_ns - MAX_GAP_S * 1e9)
        _drop_before(self._losses_ns, stamp_ns - WINDOW_S * 1e9)
        self._ended_ns.extend([stamp_ns] * len(self._tracks - tracks))
        for _ in tracks - self._tracks:
            if self._ended_ns:
                self._ended_ns.popleft()
                self._losses_ns.append(stamp_ns)
        self._tracks = tracks

    @property
    def advice(self) -> Advice | None:
        count = len(self._losses_ns)
        return advise_lost_hands(count, WINDOW_S) if count > MAX_LOSSES else None


def _drop_before(stamps_ns: deque[int], first_ns: float) -> None:
    while stamps_ns and stamps_ns[0] < first_ns:
        stamps_ns.popleft()
