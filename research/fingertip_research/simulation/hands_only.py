"""Hands that do not type: they come, move, gesture, rest and leave, for as long as asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Handedness
from fingertip_research.ground_truth.recording import GroundTruthRest
from fingertip_research.simulation.camera_view import View
from fingertip_research.simulation.difficulty import Difficulty
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.hand_activities import ACTIVITIES, LANDING_M, HandKey, hover, make_pose
from fingertip_research.simulation.image_edges import EDGES, Edge, find_edge_offset_m
from fingertip_research.simulation.participant import sample_participant
from fingertip_research.simulation.planning import CALIBRATION_S
from fingertip_research.simulation.rendered_typing import (
    DEFAULT_FRAME_RATE_HZ,
    SampledTypingTrajectory,
    make_ground_truth_rest,
    stamp_ns,
)
from fingertip_research.simulation.strokes import inverse_minimum_jerk, minimum_jerk

# The longest visit of a hand fits into the shortest recording.
MIN_SECONDS, MAX_SECONDS = 30.0, 600.0
_STREAM = 7
_ABSENT_S, _PASSAGE_S, _ACTIVITY_S = (0.3, 2.0), (0.6, 1.3), (1.5, 5.0)
_CROSSING_S = (1.0, 1.8)  # from the typist's side to the far side of the view
_CHANGE_S = 0.6  # from one activity to the next
_MAX_ACTIVITIES = 3
# The lowest skin of a moving hand.
_MIN_CLEARANCE_M = 0.008


@dataclass(frozen=True)
class _Visit:
    """One hand from its entry to its exit."""

    hand: Handedness
    keys: tuple[HandKey, ...]


def simulate_hands_only(
    seconds: float, seed: int, difficulty: Difficulty, view: View, frame_rate_hz: float = DEFAULT_FRAME_RATE_HZ
) -> SampledTypingTrajectory:
    """Two hands that come and go for a time, without a tap; the fingers of hands on the desk rest.

    Raises ValueError for a time outside MIN_SECONDS to MAX_SECONDS.
    """
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        raise ValueError(f"seconds is {seconds}: choose {MIN_SECONDS:g} to {MAX_SECONDS:g}")
    participant = sample_participant(np.random.default_rng([seed, 0]), difficulty)
    models = {hand: HandModel.load(hand, participant.scale, participant.thickness) for hand in HANDS}
    visits = []
    for index, hand in enumerate(HANDS):
        random = np.random.default_rng([seed, _STREAM, index])
        visits += _plan_visits(models[hand], random, seconds, view)
    times_s = np.arange(0.0, seconds, 1 / frame_rate_hz)
    return SampledTypingTrajectory(
        text="",
        words_per_minute=None,
        calibration_seconds=CALIBRATION_S,
        participant=participant.to_metadata(),
        models=models,
        stamps_ns=tuple(stamp_ns(time_s) for time_s in times_s),
        poses=_sample_poses(visits, models, times_s),
        taps=(),
        rests=tuple(rest for visit in visits for rest in _find_rests(visit, models[visit.hand])),
    )


def _plan_visits(model: HandModel, random: np.random.Generator, seconds: float, view: View) -> list[_Visit]:
    """One hand's visits. Every edge is used before one is used again; so is every activity."""
    visits: list[_Visit] = []
    edges: list[int] = []
    activities: list[int] = []
    start_s = CALIBRATION_S + random.uniform(*_ABSENT_S)
    while True:
        entry, leaving = (EDGES[_deal(edges, len(EDGES), random)] for _ in range(2))
        keys = _make_passage(model, random, start_s, entry, view)
        time_s = keys[-1].time_s + random.uniform(*_PASSAGE_S)
        for _ in range(random.integers(1, _MAX_ACTIVITIES + 1)):
            end_s = time_s + random.uniform(*_ACTIVITY_S)
            keys += ACTIVITIES[_deal(activities, len(ACTIVITIES), random)](model, random, time_s, end_s)
            time_s = end_s + _CHANGE_S
        way_out = _make_passage(model, random, 0.0, leaving, view)
        duration_s, leave_s = way_out[-1].time_s, keys[-1].time_s + random.uniform(*_PASSAGE_S)
        keys += [replace(key, time_s=leave_s + duration_s - key.time_s) for key in reversed(way_out)]
        if keys[-1].time_s > seconds:
            return visits
        visits.append(_Visit(model.hand, tuple(keys)))
        start_s = keys[-1].time_s + random.uniform(*_ABSENT_S)


def _make_passage(
    model: HandModel, random: np.random.Generator, start_s: float, edge: Edge, view: View
) -> list[HandKey]:
    """A hand outside the view, about to come in over an edge.

    To the far side a hand gets over the typist's side, through the view, and stays there for a moment.
    """
    key = hover(model, random, start_s, start_s)[0]
    outside = replace(key, origin_m=key.origin_m + find_edge_offset_m(edge, model.hand, view))
    if edge != "far":
        return [outside]
    near = replace(key, origin_m=key.origin_m + find_edge_offset_m("near", model.hand, view))
    beyond_s = start_s + random.uniform(*_CROSSING_S)
    return [near, replace(outside, time_s=beyond_s), replace(outside, time_s=beyond_s + random.uniform(*_PASSAGE_S))]


def _deal(left: list[int], count: int, random: np.random.Generator) -> int:
    """A number below count that was not dealt since all were; `left` keeps the others."""
    if not left:
        left += [int(number) for number in random.permutation(count)]
    return left.pop()


def _sample_poses(
    visits: Sequence[_Visit], models: dict[Handedness, HandModel], times_s: np.ndarray
) -> tuple[dict[Handedness, HandPose], ...]:
    frames: list[dict[Handedness, HandPose]] = [{} for _ in times_s]
    for visit in visits:
        inside = (times_s >= visit.keys[0].time_s) & (times_s <= visit.keys[-1].time_s)
        for index in np.flatnonzero(inside):
            frames[index][visit.hand] = _find_pose(visit, models[visit.hand], float(times_s[index]))
    return tuple({hand: frame[hand] for hand in HANDS if hand in frame} for frame in frames)


def _find_pose(visit: _Visit, model: HandModel, time_s: float) -> HandPose:
    """The pose between two keys; a hand that moves through the air stays clear of the desk."""
    times_s = [key.time_s for key in visit.keys]
    number = int(np.clip(np.searchsorted(times_s, time_s, side="right") - 1, 0, len(times_s) - 2))
    first, last = visit.keys[number : number + 2]
    fraction = float(minimum_jerk(np.array((time_s - first.time_s) / (last.time_s - first.time_s))))
    origin_m, tilt_rad, free = (
        (1 - fraction) * getattr(first, name) + fraction * getattr(last, name)
        for name in ("origin_m", "tilt_rad", "free")
    )
    pose = make_pose(model.hand, origin_m, tilt_rad, free)
    if _touches(visit, number):
        return pose
    lift_m = max(0.0, _MIN_CLEARANCE_M - model.min_height_m(pose))
    return make_pose(model.hand, origin_m + np.array([0.0, 0.0, lift_m]), tilt_rad, free)


def _touches(visit: _Visit, number: int) -> bool:
    """Whether the hand is on the desk, comes down to it or rises from it between a key and the next."""
    return any(key.is_down for key in visit.keys[max(0, number - 1) : number + 2])


def _find_rests(visit: _Visit, model: HandModel) -> list[GroundTruthRest]:
    """The contacts of all fingers: from the landing, which is a straight descent, until the hand rises."""
    rests = []
    for number, (key, following) in enumerate(pairwise(visit.keys)):
        if not key.is_down:
            continue
        before, after = visit.keys[number - 1], visit.keys[number + 2]
        heights_m = model.fingertip_pads(make_pose(model.hand, key.origin_m, key.tilt_rad, key.free))[:, 2]
        for finger in range(len(FINGERS)):
            if heights_m[finger] >= 0:
                continue
            share = inverse_minimum_jerk(1 + heights_m[finger] / LANDING_M)
            start_s = before.time_s + share * (key.time_s - before.time_s)
            end_s = after.time_s - share * (after.time_s - following.time_s)
            rests.append(make_ground_truth_rest(model.hand, finger, start_s, end_s))
    return rests
