"""Typing a text: which finger goes where, when; and the plan of motion that it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_contact.keyboard.layout import Layout
from third_generator.motion import Steps
from third_generator.person import Person, find_pad_m, reach
from third_generator.skeleton import FINGER_COUNT

EMPTY_S, ENTER_S = 1.3, 0.9
# Real taps' dwells, seconds, at these percentiles (37,769 taps of 16 people on a tablet).
_DWELL_PERCENTS = (0, 1, 5, 25, 50, 75, 95, 99, 100)
_DWELLS_S = (0.022, 0.026, 0.036, 0.054, 0.077, 0.103, 0.220, 0.372, 0.450)
# Where hands come from and go to: displacement and turn of the wrist.
AWAY = np.array([0.05, -0.34, 0.06, 0.15, 0.1, 0.0])
_FAR_ENOUGH_M = 0.0025
_SINK_M = 0.0012
_LONG_PAUSE_S = 0.45


@dataclass(frozen=True)
class Stroke:
    """An intended contact. finger: 0 thumb to 4 little. key, text: empty for a rest. Times are planned ones; contact
    itself is measured."""

    hand: Handedness
    finger: int
    key: str
    text: str
    press_s: float
    release_s: float


@dataclass
class Plan:
    """wrists: for each hand, Steps of (6,). fingers: of (5, 4). strokes: in order of time. end_s: of the recording."""

    wrists: dict[Handedness, Steps]
    fingers: dict[Handedness, Steps]
    strokes: list[Stroke]
    end_s: float


def plan_typing(person: Person, layout: Layout, text: str, random: np.random.Generator) -> Plan:
    """Raises ValueError for a text with characters that the layout has no key for."""
    plan = begin_plan(person)
    for hand in HANDS:
        plan.wrists[hand].move_to(person.wrists[hand], EMPTY_S + random.uniform(0, 0.15), ENTER_S)
    press_s = EMPTY_S + ENTER_S + random.uniform(0.6, 1.0)
    free_s = {(hand, finger): 0.0 for hand in HANDS for finger in range(FINGER_COUNT)}
    for character in text:
        key = layout.by_text.get(character)
        if key is None:
            raise ValueError(f"the text has {character!r}, which the layout {layout.name} has no key for; leave it out")
        hand, finger_name = layout.fingers[key.name]
        finger = FINGERS.index(finger_name)
        if key.name == "space":
            hand = HANDS[int(random.integers(2))]
        press_s = max(press_s, free_s[hand, finger] + 0.20)
        stroke = Stroke(hand, finger, key.name, character, press_s, press_s + draw_dwell_s(random))
        _add_stroke(plan, person, np.array(key.center_m), np.array(key.size_m), stroke, random)
        free_s[hand, finger] = stroke.release_s
        interval_s = 12 / person.words_per_minute * random.lognormal(-0.06, 0.35)
        press_s += max(interval_s, 0.07)
    leave_s = max(stroke.release_s for stroke in plan.strokes) + 0.7
    for hand in HANDS:
        plan.wrists[hand].move_to(person.wrists[hand] + AWAY, leave_s + random.uniform(0, 0.2), 0.8)
    plan.end_s = leave_s + 0.9
    return plan


def draw_dwell_s(random: np.random.Generator) -> float:
    """How long a tap lasts, distributed as measured ones."""
    return float(np.interp(100 * random.random(), _DWELL_PERCENTS, _DWELLS_S))


def begin_plan(person: Person) -> Plan:
    """Both hands out of view."""
    return Plan(
        wrists={hand: Steps(person.wrists[hand] + AWAY) for hand in HANDS},
        fingers={hand: Steps(person.homes_rad[hand]) for hand in HANDS},
        strokes=[],
        end_s=0.0,
    )


def _add_stroke(
    plan: Plan, person: Person, center_m: np.ndarray, size_m: np.ndarray, stroke: Stroke, random: np.random.Generator
) -> None:
    hand, finger = stroke.hand, stroke.finger
    skeleton, flesh, home = person.skeletons[hand], person.fleshes[hand], person.homes_rad[hand]
    target_m = center_m + random.normal(0, 0.11, 2) * np.minimum(size_m, 0.018)
    if stroke.key == "space":
        target_m[0] = center_m[0] + (-0.02 if hand == "left" else 0.02) + random.normal(0, 0.006)
    if hand == "left":
        target_m = target_m * [-1, 1]
    dwell_s = stroke.release_s - stroke.press_s
    # Short taps are fast ones.
    fall_s = float(np.clip(random.uniform(0.07, 0.11) * (0.7 + dwell_s / 0.25), 0.06, 0.15))
    rise_s = float(np.clip(random.uniform(0.08, 0.14) * (0.7 + dwell_s / 0.25), 0.07, 0.2))
    lift_m = random.uniform(*person.lift_m)
    # The finger aims below the desk, which stops it; how far below, follows from the share of the dwell that the end of
    # the fall and the beginning of the rise take.
    depth_m = float(np.clip((lift_m + person.hover_m) * 8 * (dwell_s * 0.45 / fall_s) ** 3, 0.0007, 0.006))
    wrist = _find_wrist(person, stroke, target_m, depth_m)
    sunk = wrist - [0, 0, _SINK_M, 0, 0, 0]
    level = np.array([*wrist[:2], *person.wrists[hand][2:]])
    above, _ = reach(skeleton, flesh, finger, level, np.array([*target_m, person.hover_m + lift_m]), home[finger])
    below, _ = reach(skeleton, flesh, finger, sunk, np.array([*target_m, -depth_m]), above)
    remaining = depth_m / (person.hover_m + lift_m + depth_m)
    # A minimum-jerk step has this share of its time left when `remaining` of its way is left, near its end.
    late = float(np.clip((remaining / 10) ** (1 / 3) * 1.09, 0, 0.5))
    fall_begin_s = stroke.press_s - fall_s * (1 - late)
    rise_begin_s = stroke.release_s - rise_s * late
    if rise_begin_s < fall_begin_s + fall_s:
        rise_begin_s = fall_begin_s + fall_s
    lead_s = random.uniform(0.14, 0.22)
    track = plan.fingers[hand]
    _move_finger(track, finger, above - home[finger], fall_begin_s - lead_s, lead_s)
    _move_finger(track, finger, below - above, fall_begin_s, fall_s)
    over = person.overshoot * random.uniform(0.3, 1.0) * (above - below)
    _move_finger(track, finger, home[finger] - below + over, rise_begin_s, rise_s)
    _move_finger(track, finger, -over, rise_begin_s + 0.8 * rise_s, random.uniform(0.12, 0.25))
    _pull_neighbours(track, finger, person.coupling, random, (fall_begin_s, fall_s, rise_begin_s, rise_s))
    _move_wrist(plan, person, stroke, level, (fall_begin_s - lead_s, fall_begin_s + 0.6 * fall_s))
    # The hand sinks with the stroke, and as much further as the finger needs it to reach its key.
    plan.wrists[hand].pulse(sunk - level, fall_begin_s, fall_s, rise_begin_s, rise_s)
    plan.strokes.append(stroke)


def _move_wrist(plan: Plan, person: Person, stroke: Stroke, wrist: np.ndarray, span_s: tuple[float, float]) -> None:
    """From key to key, after the last stroke of the hand if there is time; home in long pauses."""
    begin_s, end_s = span_s
    before = [other.release_s for other in plan.strokes if other.hand == stroke.hand]
    free_s = max(before, default=begin_s)
    track = plan.wrists[stroke.hand]
    if begin_s - free_s > _LONG_PAUSE_S:
        track.move_to(person.wrists[stroke.hand], free_s + 0.05, 0.35)
    begin_s = min(max(begin_s, free_s - 0.02), end_s - 0.09)
    track.move_to(wrist, begin_s, end_s - begin_s)


def _find_wrist(person: Person, stroke: Stroke, target_m: np.ndarray, depth_m: float) -> np.ndarray:
    """(6,) from where the finger reaches the key: the wrist goes part of the way, more if it has to.

    Raises ValueError if the whole way does not suffice.
    """
    hand, finger = stroke.hand, stroke.finger
    home, skeleton, flesh = person.wrists[hand], person.skeletons[hand], person.fleshes[hand]
    angles_rad = person.homes_rad[hand][finger]
    pad_m = _find_home_pad_m(person, hand, finger)
    for share in (person.wrist_share, 1.0, 1.3):
        for lower_m in (0.0, 0.006, 0.014, 0.024):
            shift_m = np.array([*(share * (target_m - pad_m[:2])), -lower_m, 0, 0, 0])
            wrist = home + shift_m
            _, rest_m = reach(skeleton, flesh, finger, wrist, np.array([*target_m, -depth_m]), angles_rad)
            if rest_m < _FAR_ENOUGH_M:
                return wrist
    raise ValueError(f"the {hand} {FINGERS[finger]} does not reach {stroke.key!r}; choose another seed or text")


def _find_home_pad_m(person: Person, hand: Handedness, finger: int) -> np.ndarray:
    """(3,) a waiting fingertip's lowest point; of a left hand, in the mirrored sheet frame."""
    return find_pad_m(
        person.skeletons[hand], person.fleshes[hand], finger, person.wrists[hand], person.homes_rad[hand][finger]
    )


def _pull_neighbours(
    track: Steps, finger: int, coupling: float, random: np.random.Generator, times_s: tuple[float, float, float, float]
) -> None:
    """Neighbours go along with a tapping finger, by tendons; less far from it."""
    fall_begin_s, fall_s, rise_begin_s, rise_s = times_s
    if finger == 0:
        return
    change = np.zeros((FINGER_COUNT, 4))
    for other in range(1, FINGER_COUNT):
        if other != finger:
            change[other, 1] = np.radians(6) * coupling * random.uniform(0.3, 1.0) / abs(other - finger)
    lag_s = random.uniform(-0.01, 0.03)
    track.pulse(change, fall_begin_s + lag_s, 1.2 * fall_s, rise_begin_s + lag_s, 1.3 * rise_s)


def _move_finger(track: Steps, finger: int, change: np.ndarray, begin_s: float, duration_s: float) -> None:
    whole = np.zeros((FINGER_COUNT, 4))
    whole[finger] = change
    track.add(whole, begin_s, duration_s)
