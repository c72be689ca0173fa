"""Motion as a sum of minimum-jerk steps, each from one posture towards another; they may overlap.

Flash and Hogan, "The coordination of arm movements", J. Neurosci. 5(7), 1985, for the shape of a step.
"""

from __future__ import annotations

import numpy as np


class Steps:
    """A posture over time: `start` and the steps added to it. Seconds; any unit of posture."""

    def __init__(self, start: np.ndarray) -> None:
        self.last = np.array(start, dtype=float)
        self._start = self.last.copy()
        self._steps: list[tuple[float, float, np.ndarray]] = []

    def move_to(self, posture: np.ndarray, begin_s: float, duration_s: float) -> None:
        """Adds the step from the last posture to this one."""
        self.add(np.asarray(posture) - self.last, begin_s, duration_s)
        self.last = np.array(posture, dtype=float)

    def pulse(
        self, change: np.ndarray, begin_s: float, duration_s: float, back_s: float, back_duration_s: float
    ) -> None:
        """Adds a change that is undone later."""
        self.add(change, begin_s, duration_s)
        self.add(-np.asarray(change), back_s, back_duration_s)

    def add(self, change: np.ndarray, begin_s: float, duration_s: float) -> None:
        """Adds a change without a new last posture."""
        self._steps.append((begin_s, duration_s, np.asarray(change, dtype=float)))

    def sample(self, times_s: np.ndarray) -> np.ndarray:
        """(T,) -> (T, ...) postures."""
        postures = np.tile(self._start, (len(times_s), *[1] * self._start.ndim))
        for begin_s, duration_s, change in self._steps:
            share = minimum_jerk((times_s - begin_s) / duration_s)
            postures += share.reshape(-1, *[1] * change.ndim) * change
        return postures


def minimum_jerk(fraction: np.ndarray) -> np.ndarray:
    """0 to 1 without speed and acceleration at the ends."""
    fraction = np.clip(fraction, 0, 1)
    return fraction**3 * (10 - 15 * fraction + 6 * fraction**2)


def sample_sway(
    random: np.random.Generator, times_s: np.ndarray, deviations: np.ndarray, slowness_s: float
) -> np.ndarray:
    """(T, N) smooth random motion about 0 with these deviations (N,): white noise through a Gaussian of slowness_s."""
    knots_s = np.arange(times_s[0] - 4 * slowness_s, times_s[-1] + 4 * slowness_s, slowness_s)
    values = random.standard_normal((len(knots_s), len(deviations)))
    distance = (times_s[:, None] - knots_s) / slowness_s
    weights = np.exp(-0.5 * distance**2)
    return weights @ values / np.sqrt((weights**2).sum(1, keepdims=True)) * deviations
