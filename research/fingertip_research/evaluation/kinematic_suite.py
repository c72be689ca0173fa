"""The kinematic suite: fifteen simulated participants, each typing under several cameras, without images.

Participants 1 to 8 are for development: thresholds are chosen on them. Participants 9 to 15 are for tests only.
All random draws depend on the participant's number alone, so the suite is the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from fingertip_contact.keyboard.layout import Layout
from fingertip_research.evaluation.fingertip_noise import FingertipNoise, MarkovBursts, NoiseModel
from fingertip_research.evaluation.fingertip_recording import FingertipRecording
from fingertip_research.evaluation.kinematic_view import FingerBias, FrameTiming, Trajectory, observe
from fingertip_research.ground_truth.recording import GroundTruth
from fingertip_research.simulation.camera_view import View
from fingertip_research.simulation.kinematic_typing import Confounders, TypingSimulator, TypingTrajectory
from fingertip_research.simulation.participant import HABITS, Participant, sample_participant
from fingertip_research.simulation.scene import make_scene

Split = Literal["development", "test"]
SPLITS: tuple[Split, ...] = ("development", "test")
PARTICIPANTS = range(1, 16)
FIRST_TEST_PARTICIPANT = 9
# The default classifier is fitted to these, so that the development participants are unseen ones. The last of them type
# calmly.
TRAINING_PARTICIPANTS = tuple(range(1001, 1161))
CALM_TRAINING_PARTICIPANTS = TRAINING_PARTICIPANTS[-24:]
# Seeds of the randomised strokes that it is also fitted to.
TRAINING_STROKE_SEEDS = tuple(range(2001, 2097))

ANGLES_DEG = (45.0, 52.0, 60.0, 75.0)
# Words per minute by number, 20 to 80 in both splits.
WORDS_PER_MINUTE = (40, 20, 60, 50, 30, 80, 45, 70, 45, 25, 65, 35, 80, 20, 55)
# Camera distances and frame timings; they differ between the angles of a participant.
DISTANCES_M = (0.30, 0.34, 0.38, 0.43)
FRAME_TIMINGS = (
    FrameTiming(),
    FrameTiming(jitter_s=0.002),
    FrameTiming(drop_rate=0.03, jitter_s=0.001),
    FrameTiming(rate_hz=60.0, jitter_s=0.001),
)
_COMMON_WORDS_TEXT = (
    "the of and to in is you that it he was for on are as with his they at be this have from or one had by word but "
    "not what all were we when your can said there use an each which she do how their if will up other about out many "
    "then them these so some her would make like him into time has look two more write go see number no way could "
    "people my than first water been call who oil its now find long down day did get come made may part over new sound "
    "take only little work know place year live me back give most very after thing our just name good sentence man "
    "think say great where help through much before line right too mean old any same tell boy follow came want show "
    "also around form three small set put end does another well large must big even such because turn here why ask "
    "quick brown fox jumps lazy dog zip quiz jazz box"
)
# Rendered recordings lose no hands, real cameras do: added to every fourth trial, about three times per minute.
TRACK_LOSS_MODEL = MarkovBursts.uniform(0.0008, 0.8)
COMMON_WORDS = tuple(_COMMON_WORDS_TEXT.split())
ALL_CONFOUNDERS = Confounders()


@dataclass(frozen=True)
class Condition:
    """The camera and the confounders of a trial. has_track_loss: whether tracking loses hands. words_per_minute: None
    for the participant's own speed."""

    angle_deg: float
    distance_m: float
    frame_timing: FrameTiming
    has_track_loss: bool = False
    confounders: Confounders = ALL_CONFOUNDERS
    words_per_minute: float | None = None
    view: View = "facing"


@dataclass(frozen=True)
class Trial:
    """One participant under one condition, ready for any profile. finger_thickness_m: (10,) each finger's true
    thickness: the height of its visible rim above the desk in contact."""

    participant: int
    condition: Condition
    recording: FingertipRecording
    truth: GroundTruth
    finger_thickness_m: np.ndarray


def find_split(participant: int) -> Split:
    return "test" if participant >= FIRST_TEST_PARTICIPANT else "development"


def make_conditions(participant: int) -> tuple[Condition, ...]:
    """The standard conditions: every angle; over all participants every distance and frame timing at every angle."""
    return tuple(
        Condition(
            angle_deg=angle_deg,
            distance_m=DISTANCES_M[(index + participant) % len(DISTANCES_M)],
            frame_timing=FRAME_TIMINGS[(index + participant // 2) % len(FRAME_TIMINGS)],
            has_track_loss=(index + participant // 4) % len(ANGLES_DEG) == 0,
        )
        for index, angle_deg in enumerate(ANGLES_DEG)
    )


def make_participant(participant_id: int) -> Participant:
    """The participant of a number: normal habits in wider ranges, as real people differ; or a calm one to fit to."""
    random = np.random.default_rng([participant_id, 77])
    if participant_id in CALM_TRAINING_PARTICIPANTS:
        return sample_participant(random, "calm")
    habits = replace(
        HABITS["normal"],
        hover_m=(0.006, 0.016),
        min_hover_m=random.uniform(0.0013, 0.0025),
        scatter_m=random.uniform(0.0018, 0.0030),
        drift_m=random.uniform(0.001, 0.006),
        finger_coupling=random.uniform(0.6, 1.2),
        near_miss_ratio=random.uniform(0.1, 0.35),
        near_miss_height_m=(0.001, 0.004),
        rest_rate_hz=random.uniform(0.04, 0.15),
        retraction=random.uniform(0.2, 1.0),
        forward_coupling=random.uniform(0.0, 0.5),
    )
    habits = replace(habits, little_finger_coupling=habits.forward_coupling)
    drawn = sample_participant(random, "normal")
    hover_m = np.clip(random.uniform(*habits.hover_m) + random.normal(0, 0.0025, drawn.hover_m.shape), 0.003, 0.025)
    return replace(
        drawn,
        habits=habits,
        hover_m=hover_m,
        words_per_minute=float(WORDS_PER_MINUTE[(participant_id - 1) % len(WORDS_PER_MINUTE)]),
    )


def sample_text(participant: int, characters: int) -> str:
    """Common words. characters: approximate length."""
    random = np.random.default_rng([participant, 78])
    text = ""
    while len(text) < characters:
        text += (" " if text else "") + str(random.choice(COMMON_WORDS))
    return text


@dataclass(frozen=True)
class SimulatedParticipant:
    """A participant, the text to type, and a cache of its trajectories."""

    participant_id: int
    simulator: TypingSimulator
    text: str
    trajectories: dict[tuple[Confounders, float | None], TypingTrajectory] = field(default_factory=dict)

    def simulate(self, condition: Condition) -> TypingTrajectory:
        key = condition.confounders, condition.words_per_minute
        if key not in self.trajectories:
            self.trajectories[key] = self.simulator.simulate(
                self.text, condition.words_per_minute, condition.confounders
            )
        return self.trajectories[key]


def make_simulated_participant(participant: int, layout: Layout, characters: int) -> SimulatedParticipant:
    """characters: approximate length of the text."""
    simulator = TypingSimulator(make_participant(participant), layout, participant)
    return SimulatedParticipant(participant, simulator, sample_text(participant, characters))


def make_trial(person: SimulatedParticipant, condition: Condition, noise_model: NoiseModel) -> Trial:
    """A participant under a condition. The fingers are the same under all conditions; the noise depends on the angle,
    not on confounders and speed."""
    return make_trial_of_trajectory(
        person.participant_id, person.simulate(condition), condition, noise_model.interpolate(condition.angle_deg)
    )


def make_trial_of_trajectory(
    participant_id: int, trajectory: Trajectory, condition: Condition, noise: FingertipNoise
) -> Trial:
    """A trajectory under a condition, with the participant's fingers and this noise."""
    if condition.has_track_loss:
        noise = replace(noise, track_loss=TRACK_LOSS_MODEL)
    bias = FingerBias.sample(noise, np.random.default_rng([participant_id, 79]))
    scene = make_scene(participant_id, condition.angle_deg, "normal", condition.distance_m, view=condition.view)
    random = np.random.default_rng([participant_id, 80, round(condition.angle_deg)])
    recording, truth = observe(trajectory, scene, noise, bias, condition.frame_timing, random)
    return Trial(participant_id, condition, recording, truth, bias.contact_rim_height_m(noise))
