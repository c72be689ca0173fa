"""Motion of single fingers over time: taps, dips without contact, and tremor. Seconds and metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fingertip_contact.datatypes import Handedness

FallShape = Literal["accelerated", "cosine", "pushed"]
FALL_SHAPES: tuple[FallShape, ...] = ("accelerated", "cosine", "pushed")

# Phase of a raised cosine at which a falling finger meets the desk.
_COSINE_PHASE_RAD = np.pi * 0.72


def minimum_jerk(fraction: float) -> float:
    """0 to 1 as fraction goes from 0 to 1, with zero speed and acceleration at the ends."""
    fraction = np.clip(fraction, 0, 1)
    return fraction * fraction * fraction * (10 + fraction * (6 * fraction - 15))


@dataclass(frozen=True, eq=False)
class Tap:
    """A finger on the desk from press_s to release_s.

    finger: 0 thumb to 4 little. pad_m: (2,) landing point of the pad. fall_s, lift_s: durations of the descent and the
    ascent. travel_s: time before the descent at which the finger starts towards the key. windup_m: height by which it
    is raised before the descent. couplings: (5,) ratio of the other fingers' descents to their hover heights. lag_s:
    delay of those. wrist_m: (3,) displacement of the wrist from its home position.
    """

    hand: Handedness
    finger: int
    text: str
    key: str
    pad_m: np.ndarray
    press_s: float
    release_s: float
    fall_s: float
    lift_s: float
    shape: FallShape
    travel_s: float
    windup_m: float
    couplings: np.ndarray
    lag_s: float
    wrist_m: np.ndarray

    def is_in_contact(self, time_s: float) -> bool:
        """Whether the finger is on the desk."""
        return self.press_s <= time_s < self.release_s

    def descent_fraction(self, time_s: float) -> float:
        """0 in the air, 1 on the desk, which the finger meets at speed and which stops it at once."""
        if time_s <= self.press_s:
            return self._fall_fraction(np.clip((time_s - self.press_s + self.fall_s) / self.fall_s, 0, 1))
        if time_s <= self.release_s:
            return 1.0
        return 0.5 + 0.5 * np.cos(np.pi * np.clip((time_s - self.release_s) / self.lift_s, 0, 1))

    def _fall_fraction(self, fraction: float) -> float:
        if self.shape == "accelerated":
            return fraction * fraction
        if self.shape == "cosine":
            return (1 - np.cos(_COSINE_PHASE_RAD * fraction)) / (1 - np.cos(_COSINE_PHASE_RAD))
        return fraction**1.6 * (0.85 + 0.15 * fraction)

    def coupled_fraction(self, time_s: float) -> float:
        """0 to 1 and back, smoothly: the motion of the hand and its other fingers during the tap."""
        fall = minimum_jerk((time_s - self.press_s + self.fall_s * 1.1 - self.lag_s) / (self.fall_s * 1.3))
        return fall * (1 - minimum_jerk((time_s - self.release_s - self.lag_s * 0.5) / (self.lift_s * 1.25)))

    def reach_fraction(self, time_s: float) -> float:
        """0 at home, 1 over the key."""
        start_s = self.press_s - self.fall_s - self.travel_s
        there = minimum_jerk((time_s - start_s) / (self.travel_s + 0.35 * self.fall_s))
        back = minimum_jerk((time_s - (self.release_s + 0.35 * self.lift_s)) / 0.24)
        return there * (1 - back)

    def windup_height_m(self, time_s: float) -> float:
        """Additional height of the finger before its descent."""
        fraction = (time_s - (self.press_s - self.fall_s - 0.17)) / 0.2
        return self.windup_m * np.sin(np.pi * np.clip(fraction, 0, 1)) ** 2


@dataclass(frozen=True)
class Dip:
    """An idle finger that descends to height_m, dwells there and ascends, without contact."""

    hand: Handedness
    finger: int
    start_s: float
    fall_s: float
    dwell_s: float
    rise_s: float
    height_m: float

    @property
    def end_s(self) -> float:
        return self.start_s + self.fall_s + self.dwell_s + self.rise_s

    def descent_fraction(self, time_s: float) -> float:
        """0 to 1 and back."""
        rise = minimum_jerk((time_s - self.start_s - self.fall_s - self.dwell_s) / self.rise_s)
        return float(minimum_jerk((time_s - self.start_s) / self.fall_s) * (1 - rise))


class SmoothNoise:
    """Smooth random motion about 0 in several directions: each a sum of five sines.

    hertz: range of the frequencies. deviation: standard deviation, a scalar or (count,).
    """

    def __init__(
        self, random: np.random.Generator, count: int, hertz: tuple[float, float], deviation: float | np.ndarray
    ) -> None:
        self._hertz = random.uniform(*hertz, (5, count))
        self._phases_rad = random.uniform(0, 2 * np.pi, (5, count))
        self._amplitude = deviation * np.sqrt(2 / 5)

    def __call__(self, time_s: float) -> np.ndarray:
        """(count,) displacements at a time."""
        return self._amplitude * np.sin(2 * np.pi * self._hertz * time_s + self._phases_rad).sum(0)
