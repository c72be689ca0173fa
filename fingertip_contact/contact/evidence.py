"""How likely it is that a fingertip touched: named log-odds over a short window of all fingers of a hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.parameters import ContactParameters

# How far back an approach reaches, and how much lower a later sample may be for this one to be the bottom.
APPROACH_S = 0.30
BOTTOM_M = 0.0012


@dataclass(frozen=True)
class TouchEvidence:
    """Log-odds of a press, by name; zero is even. touch_ns: estimate of when the pad met the surface."""

    depth: float
    speed: float
    stop: float
    rank: float
    touch_ns: int
    bottom_m: float
    drop_m: float

    def total(self, parameters: ContactParameters) -> float:
        return (
            parameters.depth_weight * self.depth
            + parameters.speed_weight * self.speed
            + parameters.stop_weight * self.stop
            + parameters.rank_weight * self.rank
        )


def weigh_touch(stamps_ns: np.ndarray, height_m: np.ndarray, at: int, finger: int) -> TouchEvidence | None:
    """The evidence that `finger` touched at row `at`, or None where that row is not the bottom of a descent.

    stamps_ns: (T,) int64, ascending. height_m: (T, fingers of one hand), thickness taken off, metres, NaN where unseen.
    """
    track = height_m[:, finger]
    if at < 1 or not np.isfinite(track[at]):
        return None
    seconds = (stamps_ns - stamps_ns[at]) / 1e9
    before = (seconds < 0) & (seconds >= -APPROACH_S)
    after = seconds >= 0
    bottom_m = _lowest(track[after])
    if track[at] - bottom_m > BOTTOM_M:
        return None
    drop_m = _highest(track[before]) - bottom_m
    if not drop_m > 2 * BOTTOM_M:
        return None
    others = [_drop(height_m[:, other], before, seconds) for other in range(height_m.shape[1]) if other != finger]
    rival_m = max((drop for drop in others if np.isfinite(drop)), default=0.0)
    speed_mps = _approach_speed(seconds, track, at)
    return TouchEvidence(
        depth=2.0 - ((bottom_m) / 0.0015) ** 2 if bottom_m > 0 else 2.0,
        speed=float(np.clip((speed_mps - 0.08) / 0.04, -3, 3)),
        stop=float(np.clip((drop_m - 0.005) / 0.002, -3, 3)),
        rank=float(np.clip((drop_m - rival_m) / 0.002, -4, 3)),
        touch_ns=_touch_ns(stamps_ns, track, at, bottom_m),
        bottom_m=bottom_m,
        drop_m=drop_m,
    )


def _drop(track: np.ndarray, before: np.ndarray, seconds: np.ndarray) -> float:
    return _highest(track[before]) - _lowest(track[np.abs(seconds) <= 0.07])


def _approach_speed(seconds: np.ndarray, track: np.ndarray, at: int) -> float:
    """Fastest descent between neighbouring rows in the 150 ms up to `at`, metres a second."""
    rows = np.nonzero((seconds <= 0) & (seconds >= -0.15) & np.isfinite(track))[0]
    if len(rows) < 2:
        return 0.0
    return float(np.max(-np.diff(track[rows]) / np.diff(seconds[rows])))


def _touch_ns(stamps_ns: np.ndarray, track: np.ndarray, at: int, bottom_m: float) -> int:
    """Where the line through the last two rows of the descent meets the bottom, between those of `at` - 1 and `at`."""
    above, here = track[at - 1] - bottom_m, track[at] - bottom_m
    if not np.isfinite(above) or above <= here:
        return int(stamps_ns[at])
    share = float(np.clip(above / max(above, 0.006), 0.0, 1.0))
    return int(stamps_ns[at - 1] + share * (stamps_ns[at] - stamps_ns[at - 1]))


def _lowest(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.min()) if len(values) else float("nan")


def _highest(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.max()) if len(values) else float("nan")
