"""Who types: hand size, posture and habits, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.frames import FINGERS
from fingertip_contact.simulation.kinematics import Posture
from fingertip_contact.simulation.scene import Difficulty


@dataclass(frozen=True)
class Habits:
    """What a difficulty means. Lengths in metres, (low, high) pairs are drawn from evenly.

    described: for people. hover: mean height of a participant's waiting pads. floor: no finger that does not touch
    comes lower. scatter: SD of touches about a key's middle. drift: how far the hands wander. neighbour: factor on how
    far the fingers next to a typing one follow it down. near_misses: share of taps with a finger nearby that goes down
    and does not touch. rests: how often a second a finger lies down for a while. rollover: whether a key may still be
    down when the next one goes down. curl_deg, yaw_deg: posture. draw_back: how far behind their keys the long fingers
    wait, 1 for far. draw_back_near: the same, as far as a nearer key is concerned: so much farther the whole hand goes
    back to it, rather than that the finger curls out of sight. follow_forward: share of the hand's way to a far key
    that its other fingers go along; follow_little: the same where it is the little finger's key.
    """

    described: str
    words_per_minute: float
    hover_m: tuple[float, float]
    hover_range_m: tuple[float, float]
    floor_m: float
    scatter_m: float
    drift_m: float
    neighbour: float
    near_misses: float
    near_miss_m: tuple[float, float]
    rests: float
    rollover: bool
    curl_deg: tuple[float, float]
    yaw_deg: tuple[float, float]
    draw_back: float
    draw_back_near: float
    follow_forward: float
    follow_little: float


HABITS: dict[Difficulty, Habits] = {
    "calm": Habits(
        described="25 words a minute, one finger at a time, fingers well seen, no near misses and no resting fingers",
        words_per_minute=25.0,
        hover_m=(0.013, 0.018),
        hover_range_m=(0.010, 0.025),
        floor_m=0.006,
        scatter_m=0.0015,
        drift_m=0.001,
        neighbour=0.3,
        near_misses=0.0,
        near_miss_m=(0.0, 0.0),
        rests=0.0,
        rollover=False,
        curl_deg=(26.0, 36.0),
        yaw_deg=(15.0, 20.0),
        draw_back=1.4,
        draw_back_near=2.1,
        follow_forward=0.4,
        follow_little=0.0,
    ),
    "normal": Habits(
        described="45 words a minute, with near misses, resting fingers, and neighbours that go down with a typing one",
        words_per_minute=45.0,
        hover_m=(0.007, 0.015),
        hover_range_m=(0.003, 0.025),
        floor_m=0.002,
        scatter_m=0.0025,
        drift_m=0.003,
        neighbour=1.0,
        near_misses=0.2,
        near_miss_m=(0.001, 0.004),
        rests=0.08,
        rollover=True,
        curl_deg=(36.0, 60.0),
        yaw_deg=(16.0, 24.0),
        draw_back=0.5,
        draw_back_near=0.0,
        follow_forward=0.3,
        follow_little=0.3,
    ),
    "hard": Habits(
        described="65 words a minute, low hands that wander, and many near misses, rests and following neighbours",
        words_per_minute=65.0,
        hover_m=(0.005, 0.012),
        hover_range_m=(0.003, 0.020),
        floor_m=0.0013,
        scatter_m=0.003,
        drift_m=0.006,
        neighbour=1.2,
        near_misses=0.4,
        near_miss_m=(0.001, 0.003),
        rests=0.15,
        rollover=True,
        curl_deg=(36.0, 64.0),
        yaw_deg=(13.0, 24.0),
        draw_back=0.0,
        draw_back_near=0.0,
        follow_forward=0.6,
        follow_little=0.6,
    ),
}


@dataclass(frozen=True)
class Participant:
    """One person. hover_m: (2, 5) height of each waiting pad, left hand first."""

    habits: Habits
    scale: float
    thickness: float
    posture: Posture
    hover_m: np.ndarray
    words_per_minute: float

    def described(self) -> dict[str, object]:
        """For the truth file."""
        posture_deg = {name: round(float(np.rad2deg(value)), 1) for name, value in vars(self.posture).items()}
        return {
            "hand_scale": round(self.scale, 3),
            "finger_thickness": round(self.thickness, 3),
            "posture_deg": {name.removesuffix("_rad"): value for name, value in posture_deg.items()},
            "hover_mm": np.round(self.hover_m * 1000, 1).tolist(),
        }


def draw_participant(random: np.random.Generator, difficulty: Difficulty) -> Participant:
    """The person of a random stream."""
    habits = HABITS[difficulty]
    posture_deg = random.uniform(
        [habits.yaw_deg[0], 9, 1, 14, habits.curl_deg[0]], [habits.yaw_deg[1], 16, 6, 24, habits.curl_deg[1]]
    )
    hover_m = random.uniform(*habits.hover_m) + random.normal(0, 0.0025, (2, len(FINGERS)))
    return Participant(
        habits=habits,
        scale=random.uniform(0.88, 1.08),
        thickness=random.uniform(0.9, 1.15),
        posture=Posture(*np.deg2rad(posture_deg)),
        hover_m=np.clip(hover_m, *habits.hover_range_m),
        words_per_minute=habits.words_per_minute * random.uniform(0.95, 1.05),
    )
