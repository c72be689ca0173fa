"""Randomised strokes, so that a fitted classifier does not depend on the motion of one simulation.

A simulated typist always moves in the same manner: neighbours are coupled, hands drift, fingers swing along the same
curve. Here the strength of each of these is drawn for every trajectory, from none to more than people show: from a
single finger of a rigid hand to hands that never rest. The strokes spell no text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.kinematic_view import Trajectory
from fingertip_research.ground_truth.recording import GroundTruthRest, GroundTruthTap
from fingertip_research.simulation.kinematic_typing import START_S
from fingertip_research.simulation.planning import HOME_KEYS, THUMB_BACKWARD_M
from fingertip_research.simulation.rendered_typing import stamp_ns
from fingertip_research.simulation.strokes import SmoothNoise, apply_surface_contact, minimum_jerk

DURATION_S = 14.0
# Ranges drawn per trajectory: heights of its fingers, seconds from touch-down to touch-down.
HOVER_M, HOVER_SIGMA_M, MIN_HOVER_M = (0.004, 0.024), 0.003, 0.003
INTER_STROKE_INTERVAL_S = (0.12, 0.7)
# Ranges drawn per stroke: durations of descent, dwell and ascent; target below the desk; and, for descents that are not
# smooth, the exponent of time: from uniform to accelerated.
DESCENT_S, DWELL_S, ASCENT_S, TARGET_DEPTH_M, DESCENT_EXPONENT = (
    (0.04, 0.16),
    (0.02, 0.22),
    (0.05, 0.2),
    (0.001, 0.01),
    (1.0, 2.5),
)
# Heights at which near misses reverse; coupled fingers descend no lower than the second value.
NEAR_MISS_HEIGHT_M, COUPLED_MIN_HEIGHT_M = (0.001, 0.007), 0.0015
# Duration of a sideways reach, and the minimum pause of a finger between strokes.
REACH_S, RECOVERY_S = 0.12, 0.08
# Mean speed of the descent above which a finger taps; a slower one lies down to rest.
MIN_TAP_SPEED_MPS = 0.055
# Fingers swing forward (or back) as they rise, in metres per metre of height: range per hand, SD between fingers, SD of
# the sideways swing. A camera that faces the typist sees a foreshortened descent of such a finger, or none.
SWING_RANGE, SWING_SIGMA, LATERAL_SWING_SIGMA = (-0.2, 0.9), 0.15, 0.1
# Resolution of the true contact times.
CONTACT_TIME_STEP_S = 0.001


@dataclass(frozen=True)
class _StrokeSpec:
    """One finger descends within descent_s until down_s, stays down until up_s and ascends within ascent_s.

    goal_m: target height, below 0 for the desk. exponent: of the time of descent; None for a smooth one. amplitude:
    fraction of the path to goal_m.
    """

    column: int
    down_s: float
    descent_s: float
    up_s: float
    ascent_s: float
    goal_m: float
    exponent: float | None
    amplitude: float = 1.0

    def apply(self, heights_m: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        fallen = np.clip((times_s - self.down_s) / self.descent_s + 1.0, 0.0, 1.0)
        fallen = minimum_jerk(fallen) if self.exponent is None else fallen**self.exponent
        there = fallen * (1.0 - minimum_jerk((times_s - self.up_s) / self.ascent_s))
        return heights_m + self.amplitude * there * (self.goal_m - heights_m)


@dataclass(frozen=True)
class _Fingers:
    """Ten fingers and their motion. home_m: (10, 2). hover_m: (10,). reaches_m: (2,) sideways, one per stroke."""

    home_m: np.ndarray
    hover_m: np.ndarray
    vertical_motion: list[SmoothNoise]
    drift: list[SmoothNoise]
    strokes: list[_StrokeSpec]
    reaches_m: list[np.ndarray]

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3)"""
        pads_m = np.empty((len(times_s), FINGER_COUNT, 3))
        pads_m[..., :2] = self.home_m + np.stack([motion(times_s) for motion in self.drift], axis=1)[:, None]
        for stroke, reach_m in zip(self.strokes, self.reaches_m, strict=True):
            there = minimum_jerk((times_s - stroke.down_s + REACH_S) / REACH_S)
            there *= 1.0 - minimum_jerk((times_s - stroke.up_s) / (2 * REACH_S))
            pads_m[:, stroke.column, :2] += there[:, None] * reach_m
        pads_m[..., 2] = apply_surface_contact(self.heights_m(times_s))
        return pads_m

    def heights_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10) as if there were no surface."""
        heights_m = self.hover_m + np.stack([motion(times_s) for motion in self.vertical_motion], axis=1)
        # The lowest stroke is applied last.
        for stroke in sorted(self.strokes, key=lambda stroke: -stroke.goal_m):
            heights_m[:, stroke.column] = stroke.apply(heights_m[:, stroke.column], times_s)
        return heights_m


@dataclass(frozen=True)
class RandomisedStrokes:
    """A trajectory of randomised strokes, for `kinematic_view.observe`."""

    fingers: _Fingers
    taps: tuple[GroundTruthTap, ...]
    rests: tuple[GroundTruthRest, ...]
    end_s: float
    text: str = ""

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3) pads in the sheet's frame, left thumb to right little finger."""
        return self.fingers.pads_m(times_s)


@dataclass(frozen=True)
class SwingingTrajectory:
    """A trajectory whose fingers swing as they rise. swing: (10, 2) to the right and forward, per metre of height."""

    trajectory: Trajectory
    swing: np.ndarray

    @classmethod
    def sample(cls, trajectory: Trajectory, random: np.random.Generator) -> SwingingTrajectory:
        forward = random.uniform(*SWING_RANGE) + random.normal(0, SWING_SIGMA, FINGER_COUNT)
        return cls(trajectory, np.column_stack([random.normal(0, LATERAL_SWING_SIGMA, FINGER_COUNT), forward]))

    @property
    def text(self) -> str:
        return self.trajectory.text

    @property
    def taps(self) -> tuple[GroundTruthTap, ...]:
        return self.trajectory.taps

    @property
    def rests(self) -> tuple[GroundTruthRest, ...]:
        return self.trajectory.rests

    @property
    def end_s(self) -> float:
        return self.trajectory.end_s

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(T, 10, 3), see RandomisedStrokes."""
        pads_m = self.trajectory.pads_m(times_s)
        pads_m[..., :2] += self.swing * pads_m[..., 2:]
        return pads_m


def make_randomised_strokes(seed: int, layout: Layout) -> RandomisedStrokes:
    """The trajectory of a seed."""
    random = np.random.default_rng([seed, 81])
    keys_m = [np.array(layout.by_text[key].center_m) for hand in HANDS for key in HOME_KEYS[hand]]
    thumbs_m = [keys_m[first] - (0.0, THUMB_BACKWARD_M) for first in (0, 4)]
    home_m = np.array([thumbs_m[0], *keys_m[:4], thumbs_m[1], *keys_m[4:]])
    hover_m = np.clip(random.uniform(*HOVER_M) + random.normal(0, HOVER_SIGMA_M, FINGER_COUNT), MIN_HOVER_M, None)
    drift_m, vertical_motion_ratio, coupling, near_miss_probability, reach_m = (
        _sample_amplitude(random, maximum) for maximum in (0.005, 0.1, 0.9, 0.5, 0.03)
    )
    strokes, end_s = _make_strokes(random, hover_m, coupling, near_miss_probability)
    rests = _make_rests(random, hover_m, strokes, end_s)
    strokes += rests
    fingers = _Fingers(
        home_m,
        hover_m,
        [SmoothNoise.sample(random, vertical_motion_ratio * hover, (0.1, 0.6)) for hover in hover_m],
        [SmoothNoise.sample(random, drift_m, (0.03, 0.3)) for _ in range(2)],
        strokes,
        [random.uniform(-reach_m, reach_m, 2) for _ in strokes],
    )
    return RandomisedStrokes(fingers, *_find_contacts(fingers, rests, end_s), end_s)


def _sample_amplitude(random: np.random.Generator, maximum: float) -> float:
    """Zero with a probability of 0.34, else uniform up to the maximum."""
    return 0.0 if random.random() < 0.34 else float(random.uniform(0.0, maximum))


def _make_strokes(
    random: np.random.Generator, hover_m: np.ndarray, coupling: float, near_miss_probability: float
) -> tuple[list[_StrokeSpec], float]:
    """Taps, near misses and coupled strokes, and the time at which the last one is over."""
    strokes: list[_StrokeSpec] = []
    free_s = np.full(FINGER_COUNT, START_S + RECOVERY_S)
    interval_s, now_s = random.uniform(*INTER_STROKE_INTERVAL_S), START_S + 0.5
    while now_s < START_S + DURATION_S:
        now_s += interval_s * random.gamma(4.0, 0.25)
        column, descent_s, ascent_s = (
            int(random.integers(FINGER_COUNT)),
            random.uniform(*DESCENT_S),
            random.uniform(*ASCENT_S),
        )
        if now_s - descent_s < free_s[column] + RECOVERY_S:
            continue
        if random.random() < near_miss_probability:
            dwell_s, goal_m, exponent = random.uniform(0.0, 0.1), random.uniform(*NEAR_MISS_HEIGHT_M), None
        else:
            dwell_s, goal_m = random.uniform(*DWELL_S), -random.uniform(*TARGET_DEPTH_M)
            descent_s = min(descent_s, (hover_m[column] - goal_m) / MIN_TAP_SPEED_MPS)
            exponent = None if random.random() < 0.5 else random.uniform(*DESCENT_EXPONENT)
        stroke = _StrokeSpec(column, now_s, descent_s, now_s + dwell_s, ascent_s, goal_m, exponent)
        free_s[column] = stroke.up_s + ascent_s
        strokes += [stroke, *_make_coupled_strokes(stroke, random, coupling)]
    return strokes, now_s + 1.0


def _make_coupled_strokes(stroke: _StrokeSpec, random: np.random.Generator, coupling: float) -> list[_StrokeSpec]:
    """The neighbours of a descending finger follow it, late or early, and never reach the desk."""
    coupled = []
    for other in (stroke.column - 1, stroke.column + 1):
        if other // len(FINGERS) != stroke.column // len(FINGERS) or other < 0:
            continue
        lag_s, wide = random.normal(0.0, 0.015), random.uniform(0.9, 1.4)
        late = replace(stroke, column=other, down_s=stroke.down_s + lag_s, up_s=stroke.up_s + lag_s, exponent=None)
        amplitude = random.uniform(0.0, coupling)
        coupled.append(
            replace(
                late,
                descent_s=wide * stroke.descent_s,
                ascent_s=wide * stroke.ascent_s,
                goal_m=COUPLED_MIN_HEIGHT_M,
                amplitude=amplitude,
            )
        )
    return coupled


def _make_rests(
    random: np.random.Generator, hover_m: np.ndarray, strokes: list[_StrokeSpec], end_s: float
) -> list[_StrokeSpec]:
    """Idle fingers that lie down slowly and rest for some time."""
    rests = []
    for column in random.permutation(FINGER_COUNT)[: random.integers(3)].tolist():
        down_s = random.uniform(START_S + 1.0, end_s - 4.0)
        descent_s = max(random.uniform(0.2, 0.5), hover_m[column] / MIN_TAP_SPEED_MPS)
        rest = _StrokeSpec(column, down_s, descent_s, down_s + random.uniform(0.5, 2.0), 0.3, -0.001, None)
        busy = [stroke for stroke in strokes if stroke.column == column and stroke.goal_m < 0]
        if all(stroke.up_s + 0.5 < down_s or stroke.down_s > rest.up_s + 0.8 for stroke in busy):
            rests.append(rest)
    return rests


def _find_contacts(
    fingers: _Fingers, rests: list[_StrokeSpec], end_s: float
) -> tuple[tuple[GroundTruthTap, ...], tuple[GroundTruthRest, ...]]:
    """The true contact intervals of each pad, as taps and rests."""
    times_s = np.arange(START_S, end_s, CONTACT_TIME_STEP_S)
    down = np.pad(fingers.heights_m(times_s) < 0, ((1, 1), (0, 0))).astype(np.int8)
    taps, rest_contacts = [], []
    for column in range(FINGER_COUNT):
        turns = np.diff(down[:, column])
        for first, last in zip(np.nonzero(turns > 0)[0], np.nonzero(turns < 0)[0], strict=True):
            from_s, until_s = float(times_s[first]), float(times_s[last - 1])
            span = stamp_ns(from_s), stamp_ns(until_s)
            finger = HANDS[column // len(FINGERS)], FINGERS[column % len(FINGERS)]
            if any(
                rest.column == column and rest.down_s - rest.descent_s < until_s and from_s < rest.up_s
                for rest in rests
            ):
                rest_contacts.append(GroundTruthRest(*span, *finger))
            else:
                taps.append(GroundTruthTap(*span, *finger, "", "", 0.0, 0.0))
    return tuple(taps), tuple(rest_contacts)
