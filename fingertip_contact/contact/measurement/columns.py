"""All ten fingers in a row: left thumb to right little finger."""

from __future__ import annotations

from fingertip_contact.datatypes import FINGERS, HANDS, Finger, Hand, Handedness

FINGER_COUNT = len(HANDS) * len(FINGERS)


def find_columns(hands: tuple[Hand, ...]) -> list[int]:
    """The column of each finger of the hands, in the order of FINGERS."""
    return [find_column(hand.handedness, finger) for hand in hands for finger in FINGERS]


def find_column(hand: Handedness, finger: Finger) -> int:
    """Left thumb to right little finger."""
    return HANDS.index(hand) * len(FINGERS) + FINGERS.index(finger)
