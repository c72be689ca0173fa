"""Habits of a typist: the finger of each key, home positions, hover heights and drift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from other_generator.taps import SmoothNoise

_COLUMNS: dict[Handedness, dict[str, str]] = {
    "left": {"little": "qaz", "ring": "wsx", "middle": "edc", "index": "rfvtgb"},
    "right": {"index": "yhnujm", "middle": "ik", "ring": "ol", "little": "p"},
}
# Letter -> hand and finger (0 thumb to 4 little).
FINGER_BY_LETTER: dict[str, tuple[Handedness, int]] = {
    letter: (hand, FINGERS.index(finger))
    for hand, columns in _COLUMNS.items()
    for finger, letters in columns.items()
    for letter in letters
}
SPACE = "space"
_HOME_KEYS: dict[Handedness, tuple[str, ...]] = {
    "left": (SPACE, "f", "d", "s", "a"),
    "right": (SPACE, "j", "k", "l", "semicolon"),
}
# (5, 2) mean landing point of each finger relative to the key's centre: short fingers land nearer to the typist.
LANDING_OFFSET_M = np.array([[0, 0], [0, -0.003], [0, 0.0025], [0, 0.002], [0, -0.0035]])
# (5, 2) offset of a stretched hand's home positions from a curled one's: stretched fingers end in an arc, and the thumb
# waits beside the palm.
_STRETCHED_OFFSET_M = np.array([[0, -0.018], [0, -0.003], [0, 0.006], [0, 0.003], [0, -0.011]])
# curled: fingers bent as on a keyboard; stretched: flat, as on a touch screen.
Posture = Literal["curled", "stretched"]
# Range of hover heights.
_HOVER_M = (0.008, 0.018)


class Habits:
    """The habits of one typist, drawn at random.

    homes_m: (5, 2) per hand, home positions of the fingers. arc: displacement of a pad away from the typist per metre
    of height. finger_coupling: mean ratio of a coupled finger's descent to that of its tapping neighbour.
    """

    def __init__(self, centers_m: Mapping[str, np.ndarray], posture: Posture, random: np.random.Generator) -> None:
        self.homes_m = {hand: _sample_homes_m(hand, centers_m, random) for hand in HANDS}
        if posture == "stretched":
            self.homes_m = {hand: homes_m + _STRETCHED_OFFSET_M for hand, homes_m in self.homes_m.items()}
        self._hover_m = {hand: random.uniform(0.0095, 0.0155, 5) for hand in HANDS}
        self._hover_waves = _sample_waves(random, 5, (0.2, 0.9), 0.0013)
        self._finger_tremor = _sample_waves(random, 5, (7.5, 11), 0.00008)
        self._finger_drift = _sample_waves(random, 10, (0.15, 0.8), 0.0006)
        self._hand_drift = _sample_waves(random, 3, (0.07, 0.45), np.array([0.0012, 0.0012, 0.0010]))
        self._hand_tremor = _sample_waves(random, 3, (7, 10), 0.00007)
        self.arc = random.uniform(0.2, 0.45)
        self.finger_coupling = random.uniform(0.25, 0.6)

    def hover_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(5,) heights of idle pads."""
        height_m = self._hover_m[hand] + self._hover_waves[hand](time_s)
        return np.clip(height_m, *_HOVER_M) + self._finger_tremor[hand](time_s)

    def finger_drift_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(5, 2) displacement of the fingers relative to the hand."""
        return self._finger_drift[hand](time_s).reshape(5, 2)

    def hand_drift_m(self, hand: Handedness, time_s: float) -> np.ndarray:
        """(3,) displacement of the whole hand from its planned position."""
        return self._hand_drift[hand](time_s) + self._hand_tremor[hand](time_s)


def _sample_homes_m(hand: Handedness, centers_m: Mapping[str, np.ndarray], random: np.random.Generator) -> np.ndarray:
    side = -1 if hand == "left" else 1
    homes_m = np.array([centers_m[key] for key in _HOME_KEYS[hand]])
    homes_m[0] = centers_m[SPACE] + [side * random.uniform(0.009, 0.0125), random.uniform(-0.001, 0.004)]
    index_offset_m = [[side * -0.001, 0], [0, 0], [0, 0], [0, 0]]
    homes_m[1:] += LANDING_OFFSET_M[1:] + index_offset_m + random.normal(0, 0.0008, (4, 2))
    return homes_m


def _sample_waves(
    random: np.random.Generator, count: int, hertz: tuple[float, float], deviation_m: float | np.ndarray
) -> dict[Handedness, SmoothNoise]:
    return {hand: SmoothNoise(random, count, hertz, deviation_m) for hand in HANDS}
