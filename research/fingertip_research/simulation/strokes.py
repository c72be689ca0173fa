"""How a fingertip moves up and down: curves in time, evaluated for many moments at once.

Seconds and metres. A finger waits at its hover height; strokes bend that height towards a goal and back. A tap aims
below the surface and is stopped by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# A tap aims that far below the surface: what makes the stop a hard one.
TARGET_DEPTH_M = 0.005
# Maximum compression of the pad under a tap's force.
MAX_PAD_COMPRESSION_M = 0.0005
# Below the surface the pad gives at this rate at first: 1 mm of aim presses it in by a quarter of that.
_PAD_COMPLIANCE = 0.25


def minimum_jerk(u: np.ndarray) -> np.ndarray:
    """0 to 1 as u goes from 0 to 1, with no speed or acceleration at the ends (Flash and Hogan 1985)."""
    u = np.clip(u, 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u**2)


def inverse_minimum_jerk(fraction: float) -> float:
    """u at which `minimum_jerk` reaches a fraction."""
    grid = np.linspace(0.0, 1.0, 2001)
    return float(np.interp(fraction, minimum_jerk(grid), grid))


@dataclass(frozen=True)
class MinimumJerkPulse:
    """Rises from 0 to 1 between start_s and start_s + rise_s, falls back from fall_at_s on within fall_s."""

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
    """A pulse of height: `amplitude` of the displacement from where the pad is to goal_m."""

    pulse: MinimumJerkPulse
    goal_m: float
    amplitude: float = 1.0

    def apply(self, heights_m: np.ndarray, times_s: np.ndarray) -> np.ndarray:
        return heights_m + self.amplitude * self.pulse(times_s) * (self.goal_m - heights_m)


def make_tap_stroke(press_s: float, release_s: float, hover_m: float, descent_s: float, ascent_s: float) -> Stroke:
    """A stroke that touches about at press_s and leaves about at release_s, from and to hover_m."""
    contact_fraction = hover_m / (hover_m + TARGET_DEPTH_M)
    start_s = press_s - inverse_minimum_jerk(contact_fraction) * descent_s
    fall_at_s = release_s - inverse_minimum_jerk(1.0 - contact_fraction) * ascent_s
    return Stroke(MinimumJerkPulse(start_s, descent_s, fall_at_s, ascent_s), -TARGET_DEPTH_M)


def apply_surface_contact(heights_m: np.ndarray) -> np.ndarray:
    """Heights as the surface allows them: below 0 only by the compression of the pad."""
    compression_m = MAX_PAD_COMPRESSION_M * np.tanh(-_PAD_COMPLIANCE * heights_m / MAX_PAD_COMPRESSION_M)
    return np.where(heights_m > 0.0, heights_m, -compression_m)


@dataclass(frozen=True)
class SmoothNoise:
    """A slow wandering about 0: a few sines of random frequency and phase. amplitudes, hertz, phases: (K,)."""

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
