"""A participant who types a text, frame by frame: poses of the hands, and their contacts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.keyboard.layout import Layout
from fingertip_research.ground_truth.recording import GroundTruthRest, GroundTruthTap
from fingertip_research.simulation.camera_view import View
from fingertip_research.simulation.difficulty import Difficulty
from fingertip_research.simulation.hand import HandModel, HandPose
from fingertip_research.simulation.motion import HandMotion
from fingertip_research.simulation.participant import Participant, sample_participant, stretch_fingers
from fingertip_research.simulation.planning import (
    CALIBRATION_S,
    CLEARANCE_S,
    ENTER_S,
    LEAVE_S,
    WAIT_S,
    PlannedTap,
    add_near_misses,
    add_passages,
    add_rests,
    add_taps,
    find_keys,
    make_idle_hand,
    plan_taps,
)
from fingertip_research.simulation.scene import PostureName
from fingertip_research.simulation.strokes import Stroke

DEFAULT_FRAME_RATE_HZ = 30.0
NANOSECONDS = 1_000_000_000
_PASSAGE_STREAM = 6
# Arbitrary; the stamps of a recording are times since 1970, like those of a camera.
FIRST_STAMP_NS = 1_700_000_000 * NANOSECONDS


@dataclass(frozen=True)
class SampledTypingTrajectory:
    """What the hands do, frame by frame. words_per_minute: None for hands that do not type. poses: of the hands that
    are present. contacts: per frame and hand, the fingers in contact with the key that each types, None for a resting
    finger."""

    text: str
    words_per_minute: float | None
    calibration_seconds: float
    participant: dict[str, object]
    models: dict[Handedness, HandModel]
    stamps_ns: tuple[int, ...]
    poses: tuple[dict[Handedness, HandPose], ...]
    taps: tuple[GroundTruthTap, ...]
    rests: tuple[GroundTruthRest, ...]

    @cached_property
    def contacts(self) -> tuple[dict[Handedness, dict[Finger, str | None]], ...]:
        frames: list[dict[Handedness, dict[Finger, str | None]]] = []
        for stamp_ns in self.stamps_ns:
            in_contact: dict[Handedness, dict[Finger, str | None]] = {hand: {} for hand in HANDS}
            for rest in self.rests:
                if rest.start_ns <= stamp_ns <= rest.end_ns:
                    in_contact[rest.hand][rest.finger] = None
            for tap in self.taps:
                if tap.press_ns <= stamp_ns <= tap.release_ns:
                    in_contact[tap.hand][tap.finger] = tap.key
            frames.append(in_contact)
        return tuple(frames)


@dataclass(frozen=True)
class TypingPlan:
    """How a participant types a text, as functions of time, with the contacts that result. end_s: the hands leave."""

    participant: Participant
    models: dict[Handedness, HandModel]
    motions: dict[Handedness, HandMotion]
    taps: tuple[GroundTruthTap, ...]
    rests: tuple[GroundTruthRest, ...]
    end_s: float


def simulate_typing(
    text: str,
    layout: Layout,
    seed: int,
    difficulty: Difficulty,
    participant: Participant | None = None,
    *,
    posture: PostureName = "curled",
    view: View = "facing",
    frame_rate_hz: float = DEFAULT_FRAME_RATE_HZ,
) -> SampledTypingTrajectory:
    """The trajectory of a participant who types a text. participant: drawn from the seed by default. posture: of the
    fingers. view: the camera's, outside of which the hands begin and end. frame_rate_hz: changes the
    moments that are sampled, not the motion.

    Raises ValueError if the text cannot be typed on the layout.
    """
    plan = plan_typing(text, layout, seed, difficulty, participant, posture=posture, view=view)
    times_s = np.arange(0.0, plan.end_s + LEAVE_S, 1 / frame_rate_hz)
    return SampledTypingTrajectory(
        text=text,
        words_per_minute=plan.participant.words_per_minute,
        calibration_seconds=CALIBRATION_S,
        participant=plan.participant.to_metadata(),
        models=plan.models,
        stamps_ns=tuple(stamp_ns(time_s) for time_s in times_s),
        poses=_sample_poses(plan.motions, times_s),
        taps=plan.taps,
        rests=plan.rests,
    )


def plan_typing(
    text: str,
    layout: Layout,
    seed: int,
    difficulty: Difficulty,
    participant: Participant | None = None,
    *,
    posture: PostureName = "curled",
    view: View = "facing",
) -> TypingPlan:
    """The plan behind `simulate_typing`, with the same arguments and errors."""
    keys = find_keys(text, layout)
    random = np.random.default_rng([seed, 0])
    drawn = sample_participant(random, difficulty)
    participant = participant or drawn
    if posture == "stretched":
        participant = stretch_fingers(participant)
    start_s = CALIBRATION_S + ENTER_S + WAIT_S
    taps = plan_taps(keys, text, layout, participant, start_s, random)
    end_s = max((tap.release_s for tap in taps), default=start_s) + WAIT_S
    models = {hand: HandModel.load(hand, participant.scale, participant.thickness) for hand in HANDS}
    motions = {hand: make_idle_hand(models[hand], layout, participant, random) for hand in HANDS}
    rests = []
    for hand in HANDS:
        own = [tap for tap in taps if tap.hand == hand]
        add_taps(motions[hand], own, participant, random)
        add_near_misses(motions[hand], own, participant, random)
        rests += add_rests(motions[hand], hand, own, participant, end_s, random)
    passage_random = np.random.default_rng([seed, _PASSAGE_STREAM])
    for hand in HANDS:
        add_passages(motions[hand], hand, view, end_s, passage_random)
    return TypingPlan(
        participant=participant,
        models=models,
        motions=motions,
        taps=tuple(_make_ground_truth_tap(motions[tap.hand], tap) for tap in taps),
        rests=tuple(
            make_ground_truth_rest(hand, finger, *_find_rest_interval_s(motions[hand], finger, stroke))
            for hand, finger, stroke in rests
        ),
        end_s=end_s,
    )


def stamp_ns(time_s: float) -> int:
    """A time of the trajectory as a stamp."""
    return FIRST_STAMP_NS + round(time_s * NANOSECONDS)


def _sample_poses(motions: dict[Handedness, HandMotion], times_s: np.ndarray) -> tuple[dict[Handedness, HandPose], ...]:
    is_present = times_s >= CALIBRATION_S
    pose_iterators = {hand: iter(motion.poses(times_s[is_present])) for hand, motion in motions.items()}
    return tuple(
        {hand: next(poses) for hand, poses in pose_iterators.items()} if present else {} for present in is_present
    )


def _make_ground_truth_tap(motion: HandMotion, tap: PlannedTap) -> GroundTruthTap:
    """The actual contact: the hand's drift and the strokes of neighbours shift it from the plan by milliseconds."""
    middle_s = 0.5 * (tap.press_s + tap.release_s)
    press_s, release_s = motion.find_contact_interval_s(
        tap.finger, tap.press_s - CLEARANCE_S, middle_s, tap.release_s + CLEARANCE_S
    )
    (pose,) = motion.poses(np.array([press_s]))
    x_m, y_m, _ = motion.solver.model.fingertip_pads(pose)[tap.finger]
    return make_ground_truth_tap(tap, press_s, release_s, float(x_m), float(y_m))


def make_ground_truth_tap(tap: PlannedTap, press_s: float, release_s: float, x_m: float, y_m: float) -> GroundTruthTap:
    """The contact of a planned tap: times of the trajectory, position on the sheet."""
    return GroundTruthTap(
        press_ns=stamp_ns(press_s),
        release_ns=stamp_ns(release_s),
        hand=tap.hand,
        finger=FINGERS[tap.finger],
        key=tap.key.name,
        text=tap.text,
        x_m=round(x_m, 6),
        y_m=round(y_m, 6),
    )


def make_ground_truth_rest(hand: Handedness, finger: int, start_s: float, end_s: float) -> GroundTruthRest:
    """The contact of a resting finger: times of the trajectory."""
    return GroundTruthRest(stamp_ns(start_s), stamp_ns(end_s), hand, FINGERS[finger])


def _find_rest_interval_s(motion: HandMotion, finger: int, stroke: Stroke) -> tuple[float, float]:
    pulse = stroke.pulse
    middle_s = 0.5 * (pulse.start_s + pulse.rise_s + pulse.fall_at_s)
    return motion.find_contact_interval_s(finger, pulse.start_s, middle_s, pulse.end_s)
