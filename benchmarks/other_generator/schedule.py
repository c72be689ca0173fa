"""Plans taps and dips from a text: times, fingers, and landing points of the pads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from other_generator.habits import FINGER_BY_LETTER, LANDING_OFFSET_M, SPACE, Habits
from other_generator.taps import FALL_SHAPES, Dip, Tap

# Durations: the empty desk, the entry of the hands, and the wait before the first and after the last tap.
EMPTY_S, ENTER_S, WAIT_S = 1.2, 0.8, 0.8
WORDS_PER_MINUTE = 30
# A word is five letters.
_LETTER_S = 12.0 / WORDS_PER_MINUTE
# Ratio of the hand's displacement to the distance of the key from home, by finger.
_WRIST_FRACTION = (0.4, 0.8, 0.65, 0.7, 0.9)

# How long a finger stays on its key. measured: percentiles of 37,769 taps of 16 people on a tablet; uniform: the range
# of the first recordings.
Holds = Literal["measured", "uniform"]
_HOLD_PERCENTILES = (0, 1, 5, 25, 50, 75, 95, 99, 100)
_HOLDS_S = (0.020, 0.026, 0.036, 0.054, 0.077, 0.103, 0.220, 0.372, 0.450)
_UNIFORM_HOLD_S = (0.05, 0.16)

# (hand, finger, pad (2,), preferred wrist shift (2,)) -> (3,) wrist shift with which the finger reaches the pad.
WristPlanner = Callable[[Handedness, int, np.ndarray, np.ndarray], np.ndarray]


def require_typable(text: str) -> None:
    """Raises ValueError if a text is empty or contains more than lower-case letters and spaces."""
    unknown = sorted({letter for letter in text if letter != " " and letter not in FINGER_BY_LETTER})
    if unknown or not text:
        raise ValueError(f"this generator types lower-case letters and spaces, not {unknown or 'an empty text'}")


class Scheduler:
    """Plans the taps of a text one after the other; each depends on the earlier ones."""

    def __init__(
        self,
        centers_m: Mapping[str, np.ndarray],
        habits: Habits,
        plan_wrist: WristPlanner,
        holds: Holds,
        random: np.random.Generator,
    ) -> None:
        self._centers_m = centers_m
        self._habits = habits
        self._plan_wrist = plan_wrist
        self._holds = holds
        self._random = random
        self._taps: list[Tap] = []

    def plan(self, text: str) -> list[Tap]:
        """The taps in order of time; call it once.

        Raises ValueError for a text that cannot be typed, or a key out of reach.
        """
        require_typable(text)
        time_s = EMPTY_S + ENTER_S + WAIT_S + 0.45
        for previous, letter in zip(f" {text}", text, strict=False):
            if self._taps:
                pause = 1.15 if previous == " " else 0.98
                time_s += max(0.2, _LETTER_S * self._random.lognormal(-0.04, 0.28) * pause)
            self._taps.append(self._plan_tap(letter, time_s))
            time_s = self._taps[-1].press_s
        return self._taps

    def _plan_tap(self, letter: str, earliest_s: float) -> Tap:
        random = self._random
        hand, finger = self._choose_thumb() if letter == " " else FINGER_BY_LETTER[letter]
        key = SPACE if letter == " " else letter
        fall_s, hold_s, lift_s = random.uniform(0.06, 0.13), self._sample_hold_s(), random.uniform(0.08, 0.16)
        press_s = self._find_earliest_press_s(hand, finger, fall_s, earliest_s)
        pad_m = self._sample_pad_m(hand, finger, key)
        displacement_m = pad_m - self._habits.homes_m[hand][finger]
        wrist_m = self._plan_wrist(hand, finger, pad_m, displacement_m * _WRIST_FRACTION[finger])
        press_s = self._find_hand_arrival_s(hand, wrist_m, fall_s, press_s)
        # The keyword arguments are evaluated, and so drawn, in this order.
        return Tap(
            hand=hand,
            finger=finger,
            text=letter,
            key=key,
            pad_m=pad_m,
            press_s=press_s,
            release_s=press_s + hold_s,
            fall_s=fall_s,
            lift_s=lift_s,
            couplings=self._sample_couplings(finger),
            shape=FALL_SHAPES[random.integers(3)],
            travel_s=random.uniform(0.14, 0.26),
            windup_m=random.uniform(0.001, 0.004) * (random.random() < 0.45),
            lag_s=random.uniform(-0.01, 0.035),
            wrist_m=wrist_m,
        )

    def _sample_hold_s(self) -> float:
        if self._holds == "uniform":
            return self._random.uniform(*_UNIFORM_HOLD_S)
        return float(np.interp(self._random.uniform(0, 100), _HOLD_PERCENTILES, _HOLDS_S))

    def _choose_thumb(self) -> tuple[Handedness, int]:
        """The thumb of the hand that did not type the last letter, in 85 % of cases."""
        last = self._taps[-1].hand if self._taps else "left"
        return ("right" if (last == "left") == (self._random.random() < 0.85) else "left"), 0

    def _find_earliest_press_s(self, hand: Handedness, finger: int, fall_s: float, earliest_s: float) -> float:
        """The earliest press after this finger's last tap, and at minimum intervals after those of other fingers."""
        for tap in self._taps:
            if (tap.hand, tap.finger) == (hand, finger):
                free_s = tap.release_s + tap.lift_s + fall_s + 0.06
            else:
                free_s = tap.press_s + 0.16 + (0.05 if tap.hand == hand else -0.02)
            earliest_s = max(earliest_s, free_s)
        return earliest_s

    def _find_hand_arrival_s(self, hand: Handedness, wrist_m: np.ndarray, fall_s: float, earliest_s: float) -> float:
        """The earliest press after the hand has moved from the position of its last tap."""
        last = next((tap for tap in reversed(self._taps) if tap.hand == hand), None)
        if last is None or np.linalg.norm(wrist_m - last.wrist_m) <= 0.006:
            return earliest_s
        return max(earliest_s, last.release_s + 0.18 + 0.4 * fall_s)

    def _sample_pad_m(self, hand: Handedness, finger: int, key: str) -> np.ndarray:
        if key == SPACE:
            return self._habits.homes_m[hand][0] + self._random.normal(0, [0.003, 0.0015])
        aim_error_m = np.clip(self._random.normal(0, 0.002, 2), -0.004, 0.004)
        return self._centers_m[key] + 0.8 * LANDING_OFFSET_M[finger] + aim_error_m

    def _sample_couplings(self, finger: int) -> np.ndarray:
        couplings = np.zeros(5)
        if finger == 0:
            couplings[1] = self._random.uniform(0.05, 0.3)
            return couplings
        for other in (number for number in range(1, 5) if number != finger):
            coupling = np.clip(self._random.normal(self._habits.finger_coupling, 0.15), 0.2, 0.7)
            couplings[other] = coupling if abs(other - finger) == 1 else coupling**2 * self._random.uniform(0.5, 1.0)
        return couplings


def sample_dips(taps: Sequence[Tap], end_s: float, random: np.random.Generator) -> list[Dip]:
    """Samples dips, at times at which their fingers have no tap or other dip."""
    dips: list[Dip] = []
    for _ in range(int((end_s - 3) / 1.1)):
        start_s = random.uniform(2.9, end_s - 1.2)
        dip = Dip(
            hand=HANDS[random.integers(2)],
            finger=int(random.integers(5)),
            start_s=start_s,
            fall_s=random.uniform(0.15, 0.4),
            dwell_s=random.uniform(0, 0.35),
            rise_s=random.uniform(0.15, 0.4),
            height_m=random.uniform(0.003, 0.006),
        )
        if not _is_busy(dip, taps, dips):
            dips.append(dip)
    return dips


def _is_busy(dip: Dip, taps: Iterable[Tap], dips: Iterable[Dip]) -> bool:
    spans_s = [(tap, tap.press_s - 0.5, tap.release_s + 0.4) for tap in taps]
    spans_s += [(other, other.start_s, other.end_s) for other in dips]
    return any(
        (other.hand, other.finger) == (dip.hand, dip.finger) and start_s < dip.end_s and end_s > dip.start_s
        for other, start_s, end_s in spans_s
    )
