"""Strokes of any kind, so that what is fitted does not lean on how one simulation moves its fingers.

A simulated typist moves as people do, and always in that way: neighbours follow, hands wander, fingers swing in the
same curve. Here each of these is drawn anew for every take, from none at all to more than people do: from a
single finger of a wooden hand to hands that never rest. No text comes of it, only touches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.contact.history import FINGER_COUNT
from fingertip_contact.evaluation.kinematic_view import Played
from fingertip_contact.frames import FINGERS, HANDS
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.truth import TrueRest, TrueTap
from fingertip_contact.simulation.kinematic import START_S
from fingertip_contact.simulation.planning import HOME_KEYS, THUMB_NEARER_M
from fingertip_contact.simulation.strokes import Wander, minimum_jerk, stopped_by_surface
from fingertip_contact.simulation.typist import stamp_ns

SECONDS = 14.0
# Low and high of what each take draws: heights of its fingers, seconds from touch to touch.
HOVER_M, HOVER_SIGMA_M, LEAST_HOVER_M = (0.004, 0.024), 0.003, 0.003
GAP_S = (0.12, 0.7)
# And each stroke: how long it falls, is down, and rises; how far below the desk it aims; where it falls as no muscle
# moves it, the power of time: from even to ever faster.
FALL_S, HOLD_S, RISE_S, BELOW_M, POWER = (0.04, 0.16), (0.02, 0.22), (0.05, 0.2), (0.001, 0.01), (1.0, 2.5)
# Near misses turn round so high; followers come no lower than that.
MISS_M, FLOOR_M = (0.001, 0.007), 0.0015
# Fingers take that long to go aside, and are up for so long before they come down again.
REACH_S, AGAIN_S = 0.12, 0.08
# A finger that comes down faster, on average, taps; slower, it lies down to rest: what the gate by velocity means.
TAP_MPS = 0.055
# Fingers swing forward as they rise, so much for each metre of height, or back: of a hand, what a finger differs by,
# and to the side. A camera that faces the typist sees such a finger come down by less, or not at all.
SWING, SWING_SIGMA, SWING_ASIDE = (-0.2, 0.9), 0.15, 0.1
# Touches are told to that.
STEP_S = 0.001


@dataclass(frozen=True)
class _Dip:
    """One finger goes down at down_s within fall_s, is down until up_s and goes up within rise_s.

    goal_m: to this height, below 0 for the desk. power: of a fall; None for a smooth one. share: of the way to goal_m.
    """

    column: int
    down_s: float
    fall_s: float
    up_s: float
    rise_s: float
    goal_m: float
    power: float | None
    share: float = 1.0

    def bend(self, heights_m: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        fallen = np.clip((times_s - self.down_s) / self.fall_s + 1.0, 0.0, 1.0)
        fallen = minimum_jerk(fallen) if self.power is None else fallen**self.power
        there = fallen * (1.0 - minimum_jerk((times_s - self.up_s) / self.rise_s))
        return heights_m + self.share * there * (self.goal_m - heights_m)


@dataclass(frozen=True)
class _Fingers:
    """Ten fingers and all that they do. home_m: (10, 2). hover_m: (10,). reaches_m: (2,) aside, of each dip."""

    home_m: np.ndarray
    hover_m: np.ndarray
    heave: list[Wander]
    drift: list[Wander]
    dips: list[_Dip]
    reaches_m: list[np.ndarray]

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3)"""
        pads_m = np.empty((len(times_s), FINGER_COUNT, 3))
        pads_m[..., :2] = self.home_m + np.stack([wander(times_s) for wander in self.drift], axis=1)[:, None]
        for dip, reach_m in zip(self.dips, self.reaches_m, strict=True):
            there = minimum_jerk((times_s - dip.down_s + REACH_S) / REACH_S)
            there *= 1.0 - minimum_jerk((times_s - dip.up_s) / (2 * REACH_S))
            pads_m[:, dip.column, :2] += there[:, None] * reach_m
        pads_m[..., 2] = stopped_by_surface(self.heights_m(times_s))
        return pads_m

    def heights_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10) as if there were no surface."""
        heights_m = self.hover_m + np.stack([wander(times_s) for wander in self.heave], axis=1)
        # What comes lowest has the last word.
        for dip in sorted(self.dips, key=lambda dip: -dip.goal_m):
            heights_m[:, dip.column] = dip.bend(heights_m[:, dip.column], times_s)
        return heights_m


@dataclass(frozen=True)
class VariedTake:
    """Touches by strokes of any kind, to be viewed like a simulation.kinematic.Take."""

    fingers: _Fingers
    taps: tuple[TrueTap, ...]
    rests: tuple[TrueRest, ...]
    end_s: float
    text: str = ""

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3) pads in the sheet's frame, left thumb to right little finger."""
        return self.fingers.pads_m(times_s)


@dataclass(frozen=True)
class Swung:
    """A take whose fingers swing as they rise. swing: (10, 2) to the right and forward, for each metre of height."""

    take: Played
    swing: np.ndarray

    @classmethod
    def draw(cls, take: Played, random: np.random.Generator) -> Swung:
        forward = random.uniform(*SWING) + random.normal(0, SWING_SIGMA, FINGER_COUNT)
        return cls(take, np.column_stack([random.normal(0, SWING_ASIDE, FINGER_COUNT), forward]))

    @property
    def text(self) -> str:
        return self.take.text

    @property
    def taps(self) -> tuple[TrueTap, ...]:
        return self.take.taps

    @property
    def rests(self) -> tuple[TrueRest, ...]:
        return self.take.rests

    @property
    def end_s(self) -> float:
        return self.take.end_s

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3), see VariedTake."""
        pads_m = self.take.pads_m(times_s)
        pads_m[..., :2] += self.swing * pads_m[..., 2:]
        return pads_m


def varied_take(number: int, layout: Layout) -> VariedTake:
    """The take of a number: the same wherever it is drawn."""
    random = np.random.default_rng([number, 81])
    keys_m = [np.array(layout.by_text[key].center_m) for hand in HANDS for key in HOME_KEYS[hand]]
    thumbs_m = [keys_m[first] - (0.0, THUMB_NEARER_M) for first in (0, 4)]
    home_m = np.array([thumbs_m[0], *keys_m[:4], thumbs_m[1], *keys_m[4:]])
    hover_m = np.clip(random.uniform(*HOVER_M) + random.normal(0, HOVER_SIGMA_M, FINGER_COUNT), LEAST_HOVER_M, None)
    wandering_m, heave_share, follow, misses, reach_m = (
        _at_times(random, most) for most in (0.005, 0.1, 0.9, 0.5, 0.03)
    )
    dips, end_s = _typed(random, hover_m, follow, misses)
    rests = _rests(random, hover_m, dips, end_s)
    dips += rests
    fingers = _Fingers(
        home_m,
        hover_m,
        [Wander.draw(random, heave_share * hover, (0.1, 0.6)) for hover in hover_m],
        [Wander.draw(random, wandering_m, (0.03, 0.3)) for _ in range(2)],
        dips,
        [random.uniform(-reach_m, reach_m, 2) for _ in dips],
    )
    return VariedTake(fingers, *_touches(fingers, rests, end_s), end_s)


def _at_times(random: np.random.Generator, most: float) -> float:
    """Nothing in every third take, else anything up to the most."""
    return 0.0 if random.random() < 0.34 else float(random.uniform(0.0, most))


def _typed(random: np.random.Generator, hover_m: np.ndarray, follow: float, misses: float) -> tuple[list[_Dip], float]:
    """Touches, near misses and the neighbours that go along, and when the last of them is over."""
    dips: list[_Dip] = []
    free_s = np.full(FINGER_COUNT, START_S + AGAIN_S)
    gap_s, now_s = random.uniform(*GAP_S), START_S + 0.5
    while now_s < START_S + SECONDS:
        now_s += gap_s * random.gamma(4.0, 0.25)
        column, fall_s, rise_s = int(random.integers(FINGER_COUNT)), random.uniform(*FALL_S), random.uniform(*RISE_S)
        if now_s - fall_s < free_s[column] + AGAIN_S:
            continue
        if random.random() < misses:
            hold_s, goal_m, power = random.uniform(0.0, 0.1), random.uniform(*MISS_M), None
        else:
            hold_s, goal_m = random.uniform(*HOLD_S), -random.uniform(*BELOW_M)
            fall_s = min(fall_s, (hover_m[column] - goal_m) / TAP_MPS)
            power = None if random.random() < 0.5 else random.uniform(*POWER)
        dip = _Dip(column, now_s, fall_s, now_s + hold_s, rise_s, goal_m, power)
        free_s[column] = dip.up_s + rise_s
        dips += [dip, *_followers(dip, random, follow)]
    return dips, now_s + 1.0


def _followers(dip: _Dip, random: np.random.Generator, follow: float) -> list[_Dip]:
    """The fingers beside one that goes down go along, late or early, and never to the desk."""
    followers = []
    for other in (dip.column - 1, dip.column + 1):
        if other // len(FINGERS) != dip.column // len(FINGERS) or other < 0:
            continue
        lag_s, wide = random.normal(0.0, 0.015), random.uniform(0.9, 1.4)
        late = replace(dip, column=other, down_s=dip.down_s + lag_s, up_s=dip.up_s + lag_s, power=None)
        share = random.uniform(0.0, follow)
        followers.append(replace(late, fall_s=wide * dip.fall_s, rise_s=wide * dip.rise_s, goal_m=FLOOR_M, share=share))
    return followers


def _rests(random: np.random.Generator, hover_m: np.ndarray, dips: list[_Dip], end_s: float) -> list[_Dip]:
    """Fingers with nothing to do lie down slowly, for a while."""
    rests = []
    for column in random.permutation(FINGER_COUNT)[: random.integers(3)].tolist():
        down_s = random.uniform(START_S + 1.0, end_s - 4.0)
        fall_s = max(random.uniform(0.2, 0.5), hover_m[column] / TAP_MPS)
        rest = _Dip(column, down_s, fall_s, down_s + random.uniform(0.5, 2.0), 0.3, -0.001, None)
        busy = [dip for dip in dips if dip.column == column and dip.goal_m < 0]
        if all(dip.up_s + 0.5 < down_s or dip.down_s > rest.up_s + 0.8 for dip in busy):
            rests.append(rest)
    return rests


def _touches(fingers: _Fingers, rests: list[_Dip], end_s: float) -> tuple[tuple[TrueTap, ...], tuple[TrueRest, ...]]:
    """From when to when each pad is truly down."""
    times_s = np.arange(START_S, end_s, STEP_S)
    down = np.pad(fingers.heights_m(times_s) < 0, ((1, 1), (0, 0))).astype(np.int8)
    taps, lying = [], []
    for column in range(FINGER_COUNT):
        turns = np.diff(down[:, column])
        for first, last in zip(np.nonzero(turns > 0)[0], np.nonzero(turns < 0)[0], strict=True):
            from_s, until_s = float(times_s[first]), float(times_s[last - 1])
            span = stamp_ns(from_s), stamp_ns(until_s)
            who = HANDS[column // len(FINGERS)], FINGERS[column % len(FINGERS)]
            if any(
                rest.column == column and rest.down_s - rest.fall_s < until_s and from_s < rest.up_s for rest in rests
            ):
                lying.append(TrueRest(*span, *who))
            else:
                taps.append(TrueTap(*span, *who, "", "", 0.0, 0.0))
    return tuple(taps), tuple(lying)
