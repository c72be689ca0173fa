"""Height and speed of one fingertip along the surface normal: a constant-velocity Kalman filter."""

from __future__ import annotations

import math

# A tapping fingertip reverses within a frame or two: 10 mm in 50 ms and back is some 10 m/s^2.
ACCELERATION_MPS2 = 6.0
START_SPEED_MPS = 0.3
# After a longer gap the finger may be anywhere, and the filter restarts.
GAP_S = 0.25


class HeightFilter:
    """State: height (metres) and speed (metres per second, positive upwards). Missing frames increase the uncertainty.

    Its speed drives the airborne states of the state machine; height and speed are what `fingertips` publishes.
    """

    def __init__(self) -> None:
        self.height_m = self.speed_mps = math.nan
        self._stamp_ns: int | None = None
        self._p00 = self._p01 = self._p11 = 0.0

    def update(self, stamp_ns: int, height_m: float, sigma_m: float) -> None:
        """Add a measurement, later than the last one; NaN is none. A gap longer than GAP_S restarts the filter."""
        if not math.isfinite(height_m):
            return
        if self._stamp_ns is None or not 0 < stamp_ns - self._stamp_ns <= GAP_S * 1e9:
            self.height_m, self.speed_mps = height_m, 0.0
            self._p00, self._p01, self._p11 = sigma_m**2, 0.0, START_SPEED_MPS**2
            self._stamp_ns = stamp_ns
            return
        self._predict((stamp_ns - self._stamp_ns) / 1e9)
        self._correct(height_m, sigma_m**2)
        self._stamp_ns = stamp_ns

    def _predict(self, dt: float) -> None:
        """Piecewise constant acceleration noise."""
        self.height_m += self.speed_mps * dt
        variance = ACCELERATION_MPS2**2
        self._p00 += 2 * dt * self._p01 + dt**2 * self._p11 + variance * dt**4 / 4
        self._p01 += dt * self._p11 + variance * dt**3 / 2
        self._p11 += variance * dt**2

    def _correct(self, height_m: float, variance: float) -> None:
        total = self._p00 + variance
        gain0, gain1 = self._p00 / total, self._p01 / total
        error = height_m - self.height_m
        self.height_m += gain0 * error
        self.speed_mps += gain1 * error
        self._p11 -= gain1 * self._p01
        self._p01 *= 1 - gain0
        self._p00 *= 1 - gain0
