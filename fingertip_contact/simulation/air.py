"""Hands that leave the desk: the same fingers, lifted off it as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingertip_contact.frames import Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.simulation.hand import HandPose
from fingertip_contact.simulation.strokes import Wander

# Hands that hover stay so high that no finger reaches the desk, whatever it does.
LOWEST_HOVER_M, HIGHEST_HOVER_M = 0.012, 0.065
HIGHEST_TRANSITION_M = 0.08
DRIFT_M = 0.018
_HOVER_HZ, _TRANSITION_HZ, _DRIFT_HZ = (0.15, 0.4), (0.25, 0.5), (0.1, 0.4)
# Of a transition's swing that is above this the hand is in the air: about half of the time.
_RISE = 1.5


@dataclass(frozen=True)
class Lift:
    """Where one hand is carried, against where it would be: metres in the sheet frame.

    lowest_m: 0 where the hand comes down to the desk. steepness: how much of the swing is cut off at both ends.
    """

    lowest_m: float
    highest_m: float
    hertz: float
    phase_rad: float
    steepness: float
    drift: tuple[Wander, Wander]

    def __call__(self, time_s: float) -> np.ndarray:
        """(3,) exactly 0 while the hand is down."""
        swing = 0.5 + 0.5 * self.steepness * np.sin(2 * np.pi * self.hertz * time_s + self.phase_rad)
        share = np.clip(swing, 0.0, 1.0)
        share = share * share * (3 - 2 * share)
        height_m = self.lowest_m + share * (self.highest_m - self.lowest_m)
        # Near the desk the hand is where it types.
        aside = height_m / self.highest_m
        x_m, y_m = (float(wander(np.array([time_s]))[0]) for wander in self.drift)
        return np.array([aside * x_m, aside * y_m, height_m])


def draw_hover(random: np.random.Generator) -> Lift:
    """A hand that never touches."""
    highest_m = random.uniform(2 * LOWEST_HOVER_M, HIGHEST_HOVER_M)
    return _draw(random, LOWEST_HOVER_M, highest_m, _HOVER_HZ, 1.0)


def draw_transition(random: np.random.Generator) -> Lift:
    """A hand that comes down to the desk, types, and leaves it again."""
    highest_m = random.uniform(0.5 * HIGHEST_TRANSITION_M, HIGHEST_TRANSITION_M)
    return _draw(random, 0.0, highest_m, _TRANSITION_HZ, _RISE)


def carried(poses: Mapping[Handedness, HandPose], by_m: Mapping[Handedness, np.ndarray]) -> dict[Handedness, HandPose]:
    """The poses, each hand moved as a whole."""
    return {
        hand: HandPose(RigidTransform(pose.wrist.rotation, pose.wrist.translation_m + by_m[hand]), pose.angles_rad)
        for hand, pose in poses.items()
    }


def _draw(
    random: np.random.Generator, lowest_m: float, highest_m: float, hertz: tuple[float, float], steepness: float
) -> Lift:
    return Lift(
        lowest_m=lowest_m,
        highest_m=highest_m,
        hertz=random.uniform(*hertz),
        phase_rad=random.uniform(0, 2 * np.pi),
        steepness=steepness,
        drift=(Wander.draw(random, DRIFT_M, _DRIFT_HZ), Wander.draw(random, DRIFT_M, _DRIFT_HZ)),
    )
