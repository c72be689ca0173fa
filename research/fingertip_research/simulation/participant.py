"""The simulated participant: hand size, posture and habits, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fingertip_contact.datatypes import FINGERS
from fingertip_research.simulation.difficulty import Difficulty
from fingertip_research.simulation.kinematics import Posture

_RADIANS = "_rad"
# A flat hand with stretched fingers against the same person's curled ones: a curl of 26 to 64 degrees becomes 5 to 13.
_STRETCHED_CURL_RATIO, _STRETCHED_FLEXION_RATIO = 0.2, 1.1
_STRETCHED_PITCH_RATIO, _STRETCHED_ROLL_RATIO = 0.2, 1.0
_STRETCHED_SPEED_RATIO = 0.8


@dataclass(frozen=True)
class Habits:
    """The typing habits of a difficulty. Lengths in metres; (low, high) pairs are limits of uniform distributions.

    description: in words, for users. hover_m: mean height of a participant's waiting pads. hover_range_m: limits of
    each pad's. min_hover_m: the lowest height of a finger that does not touch. scatter_m: SD of touches about a key's
    middle. drift_m: drift of the hands. finger_coupling: factor on the descent of the fingers next to a typing one.
    near_miss_ratio: ratio of taps with a finger that descends without touching, to near_miss_height_m. rest_rate_hz:
    rests of a finger per second. rollover: whether a key may still be down when the next one goes down. curl_deg,
    yaw_deg: posture. retraction: distance behind their keys at which the long fingers wait, in units of
    `planning.RETRACTION_M`. near_key_retraction: in the same units, distance in front of a waiting pad; for keys nearer
    to the typist than that the whole hand retracts instead of curling the finger out of sight. forward_coupling: ratio
    of the other fingers' displacement to the hand's during a reach to a far key; little_finger_coupling: the same for
    the little finger's keys. moves_whole_hand: the hand brings its fingers to their keys, one after the other.
    """

    description: str
    words_per_minute: float
    hover_m: tuple[float, float]
    hover_range_m: tuple[float, float]
    min_hover_m: float
    scatter_m: float
    drift_m: float
    finger_coupling: float
    near_miss_ratio: float
    near_miss_height_m: tuple[float, float]
    rest_rate_hz: float
    rollover: bool
    curl_deg: tuple[float, float]
    yaw_deg: tuple[float, float]
    retraction: float
    near_key_retraction: float
    forward_coupling: float
    little_finger_coupling: float
    moves_whole_hand: bool = False


HABITS: dict[Difficulty, Habits] = {
    "calm": Habits(
        description="25 words per minute, one finger at a time, fingers clearly visible, no near misses, no rests",
        words_per_minute=25.0,
        hover_m=(0.013, 0.018),
        hover_range_m=(0.010, 0.025),
        min_hover_m=0.006,
        scatter_m=0.0015,
        drift_m=0.001,
        finger_coupling=0.3,
        near_miss_ratio=0.0,
        near_miss_height_m=(0.0, 0.0),
        rest_rate_hz=0.0,
        rollover=False,
        curl_deg=(26.0, 36.0),
        yaw_deg=(15.0, 20.0),
        retraction=1.4,
        near_key_retraction=2.1,
        forward_coupling=0.4,
        little_finger_coupling=0.0,
    ),
    "normal": Habits(
        description="45 words per minute, near misses, resting fingers, neighbours that descend with a typing finger",
        words_per_minute=45.0,
        hover_m=(0.007, 0.015),
        hover_range_m=(0.003, 0.025),
        min_hover_m=0.002,
        scatter_m=0.0025,
        drift_m=0.003,
        finger_coupling=1.0,
        near_miss_ratio=0.2,
        near_miss_height_m=(0.001, 0.004),
        rest_rate_hz=0.08,
        rollover=True,
        curl_deg=(36.0, 60.0),
        yaw_deg=(16.0, 24.0),
        retraction=0.5,
        near_key_retraction=0.0,
        forward_coupling=0.3,
        little_finger_coupling=0.3,
    ),
    "hard": Habits(
        description="65 words per minute, low drifting hands, many near misses and rests, strongly coupled neighbours",
        words_per_minute=65.0,
        hover_m=(0.005, 0.012),
        hover_range_m=(0.003, 0.020),
        min_hover_m=0.0013,
        scatter_m=0.003,
        drift_m=0.006,
        finger_coupling=1.2,
        near_miss_ratio=0.4,
        near_miss_height_m=(0.001, 0.003),
        rest_rate_hz=0.15,
        rollover=True,
        curl_deg=(36.0, 64.0),
        yaw_deg=(13.0, 24.0),
        retraction=0.0,
        near_key_retraction=0.0,
        forward_coupling=0.6,
        little_finger_coupling=0.6,
    ),
}


@dataclass(frozen=True)
class Participant:
    """One participant. hover_m: (2, 5) height of each waiting pad, left hand first."""

    habits: Habits
    scale: float
    thickness: float
    posture: Posture
    hover_m: np.ndarray
    words_per_minute: float

    def to_metadata(self) -> dict[str, object]:
        """For the ground-truth file."""
        posture_deg = {
            name: round(float(np.rad2deg(value)), 1)
            for name, value in vars(self.posture).items()
            if name.endswith(_RADIANS)
        }
        return {
            "hand_scale": round(self.scale, 3),
            "finger_thickness": round(self.thickness, 3),
            "posture_deg": {name.removesuffix(_RADIANS): value for name, value in posture_deg.items()},
            "hover_mm": np.round(self.hover_m * 1000, 1).tolist(),
        }


def stretch_fingers(participant: Participant) -> Participant:
    """The same person with flat hands and stretched fingers, which tap from the knuckle.

    A stretched finger reaches other rows of keys only with the whole hand, which takes time.
    """
    habits = replace(
        participant.habits,
        rollover=False,
        retraction=0.0,
        near_key_retraction=0.0,
        forward_coupling=1.0,
        little_finger_coupling=1.0,
        moves_whole_hand=True,
    )
    posture = Posture(
        yaw_rad=participant.posture.yaw_rad,
        pitch_rad=_STRETCHED_PITCH_RATIO * participant.posture.pitch_rad,
        roll_rad=_STRETCHED_ROLL_RATIO * participant.posture.roll_rad,
        flexion_rad=_STRETCHED_FLEXION_RATIO * participant.posture.flexion_rad,
        curl_rad=_STRETCHED_CURL_RATIO * participant.posture.curl_rad,
        is_stretched=True,
    )
    return replace(
        participant,
        habits=habits,
        posture=posture,
        words_per_minute=_STRETCHED_SPEED_RATIO * participant.words_per_minute,
    )


def sample_participant(random: np.random.Generator, difficulty: Difficulty) -> Participant:
    """Draws a participant."""
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
