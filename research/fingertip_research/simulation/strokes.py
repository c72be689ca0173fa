"""Vertical motion of a fingertip: functions of time, vectorised.

Seconds and metres. A finger waits at its hover height; strokes move it towards a goal and back. A tap aims below the
surface, which stops the finger.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A tap aims this far below the surface, so that the finger meets the surface at speed.
TARGET_DEPTH_M = 0.005
# Maximum compression of the pad under a tap's force.
MAX_PAD_COMPRESSION_M = 0.0005
# Initial compression of the pad per aimed depth: the first 0.1 mm below the surface compress the pad by 0.025 mm.
_PAD_COMPLIANCE = 0.25


def minimum_jerk(u: np.ndarray) -> np.ndarray:
    """0 to 1 as u goes from 0 to 1, with zero speed and acceleration at the ends (Flash and Hogan 1985)."""
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u**2)


def inverse_minimum_jerk(fraction: float) -> float:
    """u at which `minimum_jerk` reaches a fraction."""
    grid = np.linspace(0.0, 1.0, 2001)
    return float(np.interp(fraction, minimum_jerk(grid), grid))


@dataclass(frozen=True)
class MinimumJerkPulse:
    """Rises from 0 to 1 from start_s to start_s + rise_s, falls back to 0 from fall_at_s to fall_at_s + fall_s."""

    start_s: float
    rise_s: float
    fall_at_s: float
    fall_s: float

    def __call__(self, times_s: np.ndarray) -> np.ndarray:
        rise = minimum_jerk((times_s - self.start_s) / self.rise_s)
        return rise * (1.0 - minimum_jerk((times_s - self.fall_at_s) / self.fall_s))

    @property
    def end_s(self) -> float:
        return self.fall_at_s + self.fall_s


@dataclass(frozen=True)
class Stroke:
    """Moves a pad towards goal_m and back: by `amplitude` of the distance at the peak of the pulse."""

    pulse: MinimumJerkPulse
    goal_m: float
    amplitude: float = 1.0

    def apply(self, heights_m: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        return heights_m + self.amplitude * self.pulse(times_s) * (self.goal_m - heights_m)


def make_tap_stroke(press_s: float, release_s: float, hover_m: float, descent_s: float, ascent_s: float) -> Stroke:
    """A stroke from and to hover_m, with touch-down near press_s and lift-off near release_s."""
    contact_fraction = hover_m / (hover_m + TARGET_DEPTH_M)
    start_s = press_s - inverse_minimum_jerk(contact_fraction) * descent_s
    fall_at_s = release_s - inverse_minimum_jerk(1.0 - contact_fraction) * ascent_s
    return Stroke(MinimumJerkPulse(start_s, descent_s, fall_at_s, ascent_s), -TARGET_DEPTH_M)


def apply_surface_contact(heights_m: np.ndarray) -> np.ndarray:
    """Heights limited by the surface: below 0 only by the compression of the pad."""
    compression_m = MAX_PAD_COMPRESSION_M * np.tanh(-_PAD_COMPLIANCE * heights_m / MAX_PAD_COMPRESSION_M)
    return np.where(heights_m > 0.0, heights_m, -compression_m)


@dataclass(frozen=True)
class SmoothNoise:
    """Smooth random motion about 0: K sines of random frequency and phase. amplitudes, hertz, phases_rad: (K,)."""

    amplitudes: np.ndarray
    hertz: np.ndarray
    phases_rad: np.ndarray

    @classmethod
    def sample(cls, random: np.random.Generator, sigma: float, hertz: tuple[float, float]) -> SmoothNoise:
        """With the standard deviation `sigma`."""
        count = 4
        return cls(
            np.full(count, sigma * np.sqrt(2 / count)),
            random.uniform(*hertz, count),
            random.uniform(0, 6.283, count),
        )

    def __call__(self, times_s: np.ndarray) -> np.ndarray:
        return np.sin(6.283185 * np.outer(times_s, self.hertz) + self.phases_rad) @ self.amplitudes
