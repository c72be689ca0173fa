"""Hands that do not type: they come, hover, rest on the desk, gesture and leave."""

from __future__ import annotations

import numpy as np

from fingertip_contact.datatypes import HANDS, Handedness
from third_generator.person import Person, find_pad_m, reach
from third_generator.skeleton import ANGLE_COUNT, FINGER_COUNT
from third_generator.typing_plan import AWAY, EMPTY_S, ENTER_S, Plan, Stroke, begin_plan

_ACTS = ("hover", "rest", "wave", "point", "wander", "leave")


def plan_idleness(person: Person, duration_s: float, random: np.random.Generator) -> Plan:
    """The hands act each for itself, until duration_s."""
    plan = begin_plan(person)
    for hand in HANDS:
        time_s = EMPTY_S + random.uniform(0, 1.0)
        is_away = True
        acts = list(random.permutation(_ACTS))
        while time_s < duration_s - 4:
            if is_away:
                plan.wrists[hand].move_to(person.wrists[hand], time_s, ENTER_S * random.uniform(0.8, 1.6))
                time_s += 1.6 * ENTER_S
                is_away = False
            act = acts.pop() if acts else str(random.choice(_ACTS))
            time_s = _ADD[act](plan, person, hand, time_s, random) + random.uniform(0.2, 0.8)
            is_away = act == "leave"
        if not is_away:
            plan.wrists[hand].move_to(person.wrists[hand] + AWAY, time_s, 0.9)
    plan.end_s = duration_s
    return plan


def _hover(plan: Plan, person: Person, hand: Handedness, begin_s: float, random: np.random.Generator) -> float:
    return begin_s + float(random.uniform(1.5, 4))


def _rest(plan: Plan, person: Person, hand: Handedness, begin_s: float, random: np.random.Generator) -> float:
    """Some fingers, or all, lie down for a while."""
    end_s = begin_s + float(random.uniform(1.5, 4))
    fingers = random.permutation(FINGER_COUNT)[: int(random.integers(1, FINGER_COUNT + 1))]
    change = np.zeros((FINGER_COUNT, ANGLE_COUNT))
    for finger in fingers:
        skeleton, flesh, wrist = person.skeletons[hand], person.fleshes[hand], person.wrists[hand]
        home_rad = person.homes_rad[hand][finger]
        pad_m = find_pad_m(skeleton, flesh, finger, wrist, home_rad)
        change[finger] = reach(skeleton, flesh, finger, wrist, np.array([*pad_m[:2], -0.002]), home_rad)[0] - home_rad
        plan.strokes.append(Stroke(hand, int(finger), "", "", begin_s, end_s + 0.3))
    plan.fingers[hand].pulse(change, begin_s, 0.5, end_s, 0.5)
    return end_s + 0.6


def _wave(plan: Plan, person: Person, hand: Handedness, begin_s: float, random: np.random.Generator) -> float:
    """Fingers drum in the air, the hand being raised."""
    end_s = begin_s + float(random.uniform(2, 4))
    raised = np.array([0, 0, random.uniform(0.02, 0.05), 0, random.uniform(0, 0.3), 0])
    plan.wrists[hand].pulse(raised, begin_s, 0.5, end_s, 0.6)
    time_s = begin_s + 0.5
    while time_s < end_s - 0.4:
        change = np.zeros((FINGER_COUNT, ANGLE_COUNT))
        change[int(random.integers(FINGER_COUNT)), 1:3] = np.radians(random.uniform(-18, 22, 2))
        plan.fingers[hand].pulse(change, time_s, 0.15, time_s + 0.15, 0.2)
        time_s += random.uniform(0.08, 0.3)
    return end_s + 0.6


def _point(plan: Plan, person: Person, hand: Handedness, begin_s: float, random: np.random.Generator) -> float:
    """The index stretches, the others bend, and the hand points somewhere."""
    end_s = begin_s + float(random.uniform(1.5, 3))
    change = np.zeros((FINGER_COUNT, ANGLE_COUNT))
    change[1, 1:] = -0.6 * person.homes_rad[hand][1, 1:]
    change[2:, 2] = np.radians(30)
    plan.fingers[hand].pulse(change, begin_s, 0.4, end_s, 0.5)
    way = np.array([*random.uniform(-0.04, 0.04, 2), random.uniform(0.02, 0.04), *random.uniform(-0.2, 0.2, 3)])
    plan.wrists[hand].pulse(way, begin_s, 0.6, end_s, 0.7)
    return end_s + 0.7


def _wander(plan: Plan, person: Person, hand: Handedness, begin_s: float, random: np.random.Generator) -> float:
    """The hand goes over the sheet and back, a little raised."""
    end_s = begin_s + float(random.uniform(1.5, 3))
    way = np.array([*random.uniform(-0.04, 0.03, 2), random.uniform(0.004, 0.03), random.uniform(-0.3, 0.2), 0, 0])
    plan.wrists[hand].pulse(way, begin_s, 0.8, end_s, 0.8)
    return end_s + 0.8


def _leave(plan: Plan, person: Person, hand: Handedness, begin_s: float, random: np.random.Generator) -> float:
    plan.wrists[hand].move_to(person.wrists[hand] + AWAY, begin_s, float(random.uniform(0.7, 1.2)))
    return begin_s + float(random.uniform(2, 4))


_ADD = {"hover": _hover, "rest": _rest, "wave": _wave, "point": _point, "wander": _wander, "leave": _leave}
