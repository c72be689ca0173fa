"""Hands that leave the desk: a motion that is added to a typing hand as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingertip_contact.datatypes import Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.hand import HandPose
from fingertip_research.simulation.strokes import SmoothNoise

# Range of a hovering hand's height; at the minimum no finger reaches the desk.
MIN_HOVER_M, MAX_HOVER_M = 0.012, 0.065
MAX_TRANSITION_M = 0.08
DRIFT_M = 0.018
_HOVER_HZ, _TRANSITION_HZ, _DRIFT_HZ = (0.15, 0.4), (0.25, 0.5), (0.1, 0.4)
# With this steepness the hand of a transition is in the air about half of the time.
_TRANSITION_STEEPNESS = 1.5


@dataclass(frozen=True)
class HandLift:
    """Displacement of one hand from its typing position: metres in the sheet frame.

    min_height_m: 0 if the hand comes down to the desk. steepness: factor on the swing before it is clipped to 0..1.
    """

    min_height_m: float
    max_height_m: float
    hertz: float
    phase_rad: float
    steepness: float
    drift: tuple[SmoothNoise, SmoothNoise]

    def __call__(self, time_s: float) -> np.ndarray:
        """(3,) displacement; exactly 0 while the hand is down."""
        swing = 0.5 + 0.5 * self.steepness * np.sin(2 * np.pi * self.hertz * time_s + self.phase_rad)
        fraction = np.clip(swing, 0.0, 1.0)
        fraction = fraction * fraction * (3 - 2 * fraction)
        height_m = self.min_height_m + fraction * (self.max_height_m - self.min_height_m)
        # The drift vanishes as the hand approaches its typing position.
        drift_scale = height_m / self.max_height_m
        x_m, y_m = (float(noise(np.array([time_s]))[0]) for noise in self.drift)
        return np.array([drift_scale * x_m, drift_scale * y_m, height_m])


def sample_hover(random: np.random.Generator) -> HandLift:
    """A hand that never touches."""
    max_height_m = random.uniform(2 * MIN_HOVER_M, MAX_HOVER_M)
    return _sample_lift(random, MIN_HOVER_M, max_height_m, _HOVER_HZ, 1.0)


def sample_transition(random: np.random.Generator) -> HandLift:
    """A hand that repeatedly comes down to the desk, types, and leaves it again."""
    max_height_m = random.uniform(0.5 * MAX_TRANSITION_M, MAX_TRANSITION_M)
    return _sample_lift(random, 0.0, max_height_m, _TRANSITION_HZ, _TRANSITION_STEEPNESS)


def translate_poses(
    poses: Mapping[Handedness, HandPose], shifts_m: Mapping[Handedness, np.ndarray]
) -> dict[Handedness, HandPose]:
    """The poses, each hand moved as a whole."""
    return {
        hand: HandPose(RigidTransform(pose.wrist.rotation, pose.wrist.translation_m + shifts_m[hand]), pose.angles_rad)
        for hand, pose in poses.items()
    }


def _sample_lift(
    random: np.random.Generator, min_height_m: float, max_height_m: float, hertz: tuple[float, float], steepness: float
) -> HandLift:
    return HandLift(
        min_height_m=min_height_m,
        max_height_m=max_height_m,
        hertz=random.uniform(*hertz),
        phase_rad=random.uniform(0, 2 * np.pi),
        steepness=steepness,
        drift=(SmoothNoise.sample(random, DRIFT_M, _DRIFT_HZ), SmoothNoise.sample(random, DRIFT_M, _DRIFT_HZ)),
    )
