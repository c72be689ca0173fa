"""Finds stretched fingers apart from others in a colour image, to measure them in depth."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from fingertip_contact.datatypes import FINGER_LANDMARKS, FINGERS, Finger, Hand
from fingertip_contact.hands.tracker import HandTracker
from fingertip_research.evaluation.sensor.profiles import Strip

# The way along a finger's joints is that much longer than straight from knuckle to tip, at most.
MAX_BEND = 1.06
# All in lengths from the middle joint to the tip, which is three to four times the finger's width.
_STRIP_LENGTH, _REACH = 0.6, 0.65
MIN_DISTANCE = 0.8


def find_finger_strips(color_bgr: np.ndarray) -> list[Strip]:
    """The strips across stretched fingers in an image (H, W, 3).

    Raises weights.WeightsError where the hand networks are not pulled.
    """
    hands = HandTracker.from_weights(threads=1).process(color_bgr, 1)
    return [strip for hand in hands for strip in find_separate_fingers(hand)]


def find_separate_fingers(hand: Hand) -> list[Strip]:
    """The strips across those fingers of a hand that are straight and have the surface on both sides; no thumbs."""
    return [
        _make_strip(hand.landmarks_px, finger)
        for finger in FINGERS
        if finger != "thumb" and _is_straight(hand.landmarks_px, finger) and _is_separate(hand.landmarks_px, finger)
    ]


def _make_strip(landmarks_px: np.ndarray, finger: Finger) -> Strip:
    joint, tip, length_px = _find_axis(landmarks_px, finger)
    middle, along = (joint + tip) / 2, (tip - joint) / length_px
    return Strip(
        centre_px=(float(middle[0]), float(middle[1])),
        along=(float(along[0]), float(along[1])),
        length_px=_STRIP_LENGTH * length_px,
        reach_px=_REACH * length_px,
    )


def _is_straight(landmarks_px: np.ndarray, finger: Finger) -> bool:
    points = landmarks_px[list(FINGER_LANDMARKS[finger])].astype(np.float64)
    straight_px = np.linalg.norm(points[-1] - points[0])
    return bool(np.linalg.norm(np.diff(points, axis=0), axis=1).sum() <= MAX_BEND * straight_px)


def _is_separate(landmarks_px: np.ndarray, finger: Finger) -> bool:
    joint, tip, length_px = _find_axis(landmarks_px, finger)
    middle = (joint + tip) / 2
    others = [name for name in FINGERS if name != finger]
    # Points along the other fingers, closer together than a finger is wide.
    points = np.concatenate(
        [
            start + (end - start) * np.linspace(0, 1, 12)[:, None]
            for name in others
            for start, end in _list_bones(landmarks_px, name)
        ]
    )
    return bool(np.linalg.norm(points - middle, axis=1).min() >= MIN_DISTANCE * length_px)


def _find_axis(landmarks_px: np.ndarray, finger: Finger) -> tuple[np.ndarray, np.ndarray, float]:
    """The middle joint, the tip, and the distance between them."""
    _, joint, _, tip = landmarks_px[list(FINGER_LANDMARKS[finger])].astype(np.float64)
    return joint, tip, max(float(np.linalg.norm(tip - joint)), 1e-6)


def _list_bones(landmarks_px: np.ndarray, finger: Finger) -> list[tuple[np.ndarray, np.ndarray]]:
    points = landmarks_px[list(FINGER_LANDMARKS[finger])].astype(np.float64)
    return list(pairwise(points))
