"""The planned positions of one hand's pads and wrist over time; inverse kinematics turns them into poses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fingertip_contact.datatypes import FINGERS
from fingertip_contact.geometry import RigidTransform
from fingertip_research.simulation.hand import HandPose
from fingertip_research.simulation.kinematics import FingerSolver
from fingertip_research.simulation.strokes import (
    MinimumJerkPulse,
    SmoothNoise,
    Stroke,
    apply_surface_contact,
    minimum_jerk,
)

# Ratio of the idle fingers' displacement to the wrist's during a reach; forwards it is a habit of the participant.
FINGER_WRIST_COUPLING = 0.9
LITTLE = FINGERS.index("little")
# Ratio of the whole hand's displacement to the distance of a key nearer to the typist.
HAND_RETRACTION_RATIO = 0.8
# Minimum distance between the middles of neighbouring fingers.
MIN_FINGER_SPACING_M = 0.017
_SPREAD_PASSES, _MIN_FREEDOM = 4, 1e-3
_CROSSING_PASSES, _CROSSING_POINTS = 6, 33


@dataclass(frozen=True)
class Aim:
    """A finger holds its pad over a point of the sheet for the duration of the pulse; the wrist moves by shift_m."""

    finger: int
    point_m: np.ndarray
    shift_m: np.ndarray
    pulse: MinimumJerkPulse


@dataclass(frozen=True)
class Passage:
    """A hand comes into the view, or leaves it, between two times. offset_m: (3,) of the place outside."""

    offset_m: np.ndarray
    first_s: float
    last_s: float
    is_entry: bool

    def offsets_m(self, times_s: np.ndarray) -> np.ndarray:
        """(N, 3) displacement of the wrist."""
        fraction = minimum_jerk((times_s - self.first_s) / (self.last_s - self.first_s))
        return (1.0 - fraction if self.is_entry else fraction)[:, None] * self.offset_m


@dataclass
class HandMotion:
    """The plan of one hand. Add strokes and aims, then query it.

    home_m: (5, 2) where the pads wait. hover_m: (5,) heights of the waiting pads. retraction_m: (5,) distance away
    from the typist to a pad's neutral point; the hand retracts for keys nearer to the typist than that point. strokes:
    per finger. passages: how the hand comes and goes.
    """

    solver: FingerSolver
    wrist: RigidTransform
    home_m: np.ndarray
    hover_m: np.ndarray
    vertical_motion: list[SmoothNoise]
    drift: tuple[SmoothNoise, SmoothNoise]
    tremor: list[SmoothNoise]
    forward_coupling: float
    little_finger_coupling: float
    retraction_m: np.ndarray
    aims: list[Aim] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    strokes: dict[int, list[Stroke]] = field(default_factory=lambda: {finger: [] for finger in range(len(FINGERS))})

    def heights_m(self, finger: int, times_s: np.ndarray) -> np.ndarray:
        """(N,) planned height of a pad as if there were no surface."""
        heights_m = self.hover_m[finger] * (1.0 + self.vertical_motion[finger](times_s)) + self.tremor[finger](times_s)
        # Coupled motion and near misses first: taps and rests, which aim below the surface, override them.
        for stroke in sorted(self.strokes[finger], key=lambda stroke: -stroke.goal_m):
            heights_m = stroke.apply(heights_m, times_s)
        return heights_m

    def wrist_shift_m(self, times_s: np.ndarray) -> np.ndarray:
        """(N, 3) displacement of the wrist from its waiting position."""
        shift_m = np.zeros((len(times_s), 3))
        for aim in self.aims:
            shift_m += aim.pulse(times_s)[:, None] * (aim.shift_m - shift_m)
        shift_m[:, :2] += np.stack([noise(times_s) for noise in self.drift], axis=1)
        return shift_m

    def plan_wrist_shift_m(self, finger: int, point_m: np.ndarray, time_s: float) -> np.ndarray:
        """(3,) displacement of the wrist with which a finger touches a point (2,) at a time.

        For a key nearer to the typist the whole hand retracts, so that the finger does not curl under it.
        """
        drift_m = np.array([*(float(noise(np.array([time_s]))[0]) for noise in self.drift), 0.0])
        towards_typist_m = min(0.0, point_m[1] - self.home_m[finger, 1] - self.retraction_m[finger])
        hand_retraction_m = np.array([0.0, HAND_RETRACTION_RATIO * towards_typist_m, 0.0])
        wrist = RigidTransform(self.wrist.rotation, self.wrist.translation_m + drift_m + hand_retraction_m)
        return self.solver.solve_wrist_shift_m(wrist, finger, np.array([*point_m, 0.0])) + hand_retraction_m

    def pads_m(self, times_s: np.ndarray) -> np.ndarray:
        """(N, 5, 3) positions of the pads, without coming and going."""
        shift_m = self.wrist_shift_m(times_s)
        pads_m = np.empty((len(times_s), len(FINGERS), 3))
        coupling = np.where(
            shift_m[:, :2] > (np.inf, 0.0), self._compute_forward_coupling(times_s)[:, None], FINGER_WRIST_COUPLING
        )
        pads_m[:, :, :2] = self.home_m + (coupling * shift_m[:, :2])[:, None]
        binding = np.zeros(pads_m.shape[:2])
        for aim in self.aims:
            activation = aim.pulse(times_s)
            pads_m[:, aim.finger, :2] += activation[:, None] * (aim.point_m - pads_m[:, aim.finger, :2])
            binding[:, aim.finger] = np.maximum(binding[:, aim.finger], activation)
        self._separate_fingers(pads_m[:, :, 0], binding)
        for finger in range(len(FINGERS)):
            pads_m[:, finger, 2] = apply_surface_contact(self.heights_m(finger, times_s))
        return pads_m

    def _compute_forward_coupling(self, times_s: np.ndarray) -> np.ndarray:
        """(N,) ratio of the idle fingers' forward displacement to the wrist's."""
        coupling = np.full(len(times_s), self.forward_coupling)
        for aim in self.aims:
            if aim.finger == LITTLE:
                coupling += aim.pulse(times_s) * (self.little_finger_coupling - coupling)
        return coupling

    def _separate_fingers(self, across_m: np.ndarray, binding: np.ndarray) -> None:
        """Moves neighbouring fingers (except the thumb) at least MIN_FINGER_SPACING_M apart, in place.

        across_m: (N, 5) x of the pads. binding: (N, 5) 0..1, 1 for a finger on its key, which does not yield.
        """
        outwards = 1.0 if self.solver.model.hand == "right" else -1.0
        for _ in range(_SPREAD_PASSES):
            for inner in range(1, len(FINGERS) - 1):
                overlap_m = np.maximum(
                    0.0, MIN_FINGER_SPACING_M - outwards * (across_m[:, inner + 1] - across_m[:, inner])
                )
                freedom = 1.0 - binding[:, inner : inner + 2] + _MIN_FREEDOM
                ratio = freedom / freedom.sum(axis=1, keepdims=True)
                across_m[:, inner] -= outwards * overlap_m * ratio[:, 0]
                across_m[:, inner + 1] += outwards * overlap_m * ratio[:, 1]

    def poses(self, times_s: np.ndarray) -> list[HandPose]:
        """Poses at the given times. A finger that cannot reach its point ends short of it, at the planned height."""
        shift_m = self.wrist_shift_m(times_s)
        wrists_m = self.wrist.translation_m + shift_m
        rotations = np.tile(self.wrist.rotation, (len(times_s), 1, 1))
        angles, _ = self.solver.solve(rotations, wrists_m, self.pads_m(times_s))
        wrists_m = wrists_m + sum(passage.offsets_m(times_s) for passage in self.passages)
        return [
            HandPose(RigidTransform(self.wrist.rotation, origin), angle)
            for origin, angle in zip(wrists_m, angles, strict=True)
        ]

    def find_contact_interval_s(
        self, finger: int, from_s: float, middle_s: float, until_s: float
    ) -> tuple[float, float]:
        """Touch-down and lift-off of a pad that is up at from_s and until_s, and down at middle_s, to rounding.

        Raises RuntimeError if the pad is not up, down and up at these times.
        """

        def heights_m(times_s: np.ndarray) -> np.ndarray:
            return self.heights_m(finger, times_s)

        before_m, down_m, after_m = heights_m(np.array([from_s, middle_s, until_s]))
        if not (down_m < 0 < min(before_m, after_m)):
            raise RuntimeError(
                f"{FINGERS[finger]} is not up, down and up at {from_s:.3f}, {middle_s:.3f}, {until_s:.3f} s"
            )
        return _find_crossing_s(heights_m, from_s, middle_s), _find_crossing_s(heights_m, until_s, middle_s)


def _find_crossing_s(heights_m: Callable[[np.ndarray], np.ndarray], up_s: float, down_s: float) -> float:
    """The time nearest to up_s at which the height crosses 0, on ever finer grids."""
    for _ in range(_CROSSING_PASSES):
        times_s = np.linspace(up_s, down_s, _CROSSING_POINTS)
        # At the ends the signs are known; rounding may hide them.
        is_down = heights_m(times_s) <= 0
        is_down[-1] = True
        first = max(1, int(np.argmax(is_down)))
        up_s, down_s = float(times_s[first - 1]), float(times_s[first])
    return down_s
