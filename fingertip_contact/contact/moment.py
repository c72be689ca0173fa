"""All fingers of a hand around one row of the history: which of them stop there, and what speaks for a touch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import Literal

import numpy as np

from fingertip_contact.contact.evidence import Touch, depth_log_odds, drop_log_odds, rank_log_odds, way_log_odds
from fingertip_contact.frames import FINGERS

# How far back an approach reaches, and how near in time a rival's dip counts.
APPROACH_S = 0.30
LAST_S = 0.11
RIVAL_S = 0.07
# Heights this close, metres or sigma, are the same.
SAME = (0.0012, 2.0)
# A hand whose other fingers come down so far (their median) is on its way to the desk: its fingers stop, and type not.
ARRIVAL_M = 0.012
# The times between which the ways of pictures are taken, after the row, s, and which of those ways lead to a stop.
WAYS_S = np.arange(-8, 3) / 30.0
LEADING = slice(6, 8)


@dataclass(frozen=True)
class Descent:
    """What is one: so many metres, or so many sigma of the noise, in all and in the last frames (metres, sigma)."""

    whole: tuple[float, float]
    last: tuple[float, float]


# Clear of the noise; and what a finger that hovers low makes, for those who have more than heights to tell it by.
CLEAR = Descent((0.003, 4.0), (0.002, 2.5))
SLIGHT = Descent((0.0015, 1.5), (0.001, 1.0))


@dataclass(frozen=True)
class Moment:
    """Fingers of one hand, or of both side by side.

    at: the row. seconds: (T,) after it. height_m: (T, fingers) over the contact height, NaN unseen. noise_m: (fingers,)
    their standard deviation. place_m: (T, fingers, 2) where each tip's picture has come to, see FingertipSamples.
    steps_m: (len(WAYS_S) - 1, fingers, 2) its way between each two of WAYS_S, NaN where that is not known.
    """

    at: int
    seconds: np.ndarray
    height_m: np.ndarray
    noise_m: np.ndarray
    place_m: np.ndarray
    steps_m: np.ndarray

    @classmethod
    def of(
        cls, stamps_ns: np.ndarray, height_m: np.ndarray, noise_m: np.ndarray, moved_m: np.ndarray, at: int
    ) -> Moment:
        """stamps_ns: (T,) int64, ascending, two or more. moved_m: (T, fingers, 2), see FingertipSamples."""
        seconds = (stamps_ns - stamps_ns[at]) / 1e9
        known = np.isfinite(moved_m).all(axis=2)
        place_m = np.where(known[..., None], moved_m, 0.0).cumsum(axis=0)
        steps_m = np.diff(at_times(seconds, place_m, WAYS_S), axis=0)
        steps_m[:, ~known[max(0, at - 1) : at + 1].any(axis=0)] = np.nan
        return cls(at, seconds, height_m, noise_m, place_m, steps_m)

    @cached_property
    def ways_m(self) -> np.ndarray:
        """(len(WAYS_S) - 1, fingers) how long each of the steps is."""
        return np.sqrt((self.steps_m**2).sum(axis=2))

    def hand(self, number: int) -> Moment:
        """The fingers of one of both hands."""
        own = slice(number * len(FINGERS), (number + 1) * len(FINGERS))
        parts = self.height_m[:, own], self.noise_m[own], self.place_m[:, own], self.steps_m[:, own]
        return Moment(self.at, self.seconds, *parts)

    def stopped(self, descent: Descent) -> np.ndarray:
        """(fingers,) whether each came down just before this row, and comes no lower after it."""
        same_m, last_m = (np.maximum(metres, sigmas * self.noise_m) for metres, sigmas in (SAME, descent.last))
        now_m = self.height_m[self.at]
        late_m = self.height_m[self._between(-LAST_S, 0.0)]
        if not len(late_m):
            return np.zeros(len(now_m), dtype=bool)
        # Comparisons with NaN, of what was not seen, are false.
        return (now_m - self.lowest_m <= same_m) & (two_highest(late_m) - now_m > last_m)

    def touch(self, finger: int, descent: Descent) -> Touch | None:
        """The evidence that a finger that stopped here touched; None where it did not come down far enough, or where
        the whole hand came down."""
        track, noise_m = self.height_m[:, finger], float(self.noise_m[finger])
        same_m, descent_m = (max(metres, sigmas * noise_m) for metres, sigmas in (SAME, descent.whole))
        after_m = track[self.at :]
        lowest_m = float(self.lowest_m[finger])
        stay_m = after_m[: stay_rows(after_m, lowest_m + same_m)]
        stay_m = stay_m[np.isfinite(stay_m)]
        bottom_m = float(stay_m.sum()) / len(stay_m)
        before = self._approach
        high_m = float(self.high_m[finger])
        drop_m = high_m - bottom_m
        if not drop_m > descent_m:
            return None
        # A rival counts by how far it came down during this descent, not by what it did before.
        high = before.start + int(np.nonzero(track[before] >= high_m - same_m)[0][-1])
        falls_m = self._falls_m(slice(max(0, high - 1), high + 1), finger)
        if falls_m and median(falls_m) > ARRIVAL_M:
            return None
        rival_m = max(falls_m, default=0.0)
        way, lead = self._way(finger)
        return Touch(
            depth=depth_log_odds(bottom_m, noise_m / math.sqrt(len(stay_m))),
            drop=drop_log_odds(drop_m, noise_m),
            rank=rank_log_odds(drop_m - rival_m),
            way=way,
            lead=lead,
            first=rival_m <= drop_m,
            after_s=self._stopped_s(track, lowest_m),
            bottom_m=bottom_m,
            high=high,
            high_m=high_m,
        )

    def along_m(self, finger: int, touch: Touch) -> float:
        """How far the finger's picture went along the way down while it came down to the touch."""
        return float(self.place_m[self.at, finger, 1] - self.place_m[touch.high, finger, 1])

    @cached_property
    def _approach(self) -> slice:
        return self._between(-APPROACH_S, 0.0)

    @cached_property
    def high_m(self) -> np.ndarray:
        """(fingers,) how high each was in the approach, which has a row or more."""
        return two_highest(self.height_m[self._approach])

    @cached_property
    def lowest_m(self) -> np.ndarray:
        """(fingers,) how low each comes from this row on."""
        return lowest(self.height_m[self.at :])

    @cached_property
    def near_m(self) -> np.ndarray:
        """(rows, fingers) the heights in which a rival's dip counts."""
        return self.height_m[self._between(-RIVAL_S, RIVAL_S, closed=True)]

    @cached_property
    def near_lowest_m(self) -> np.ndarray:
        """(fingers,) the lowest of those; inf where nothing was seen."""
        return lowest(self.near_m)

    def _between(self, from_s: float, until_s: float, closed: bool = False) -> slice:
        side: Literal["left", "right"] = "right" if closed else "left"
        first, last = self.seconds.searchsorted(from_s), self.seconds.searchsorted(until_s, side)
        return slice(int(first), int(last))

    def _falls_m(self, during: slice, finger: int) -> list[float]:
        """How far each other finger that was seen came down, metres."""
        falls_m = two_highest(self.height_m[during]) - self.near_lowest_m
        return [float(fall_m) for other, fall_m in enumerate(falls_m) if other != finger and math.isfinite(fall_m)]

    def _way(self, finger: int) -> tuple[float, float]:
        """See way_log_odds; both are 0 where the picture's way is not known."""
        ways_m = [float(way_m) for way_m in self.ways_m[LEADING].sum(axis=0)]
        own_m = ways_m.pop(finger)
        if math.isnan(own_m):
            return 0.0, 0.0
        return way_log_odds(own_m, max((way_m for way_m in ways_m if not math.isnan(way_m)), default=0.0))

    def _stopped_s(self, track: np.ndarray, bottom_m: float) -> float:
        """Where the line through the last two rows of the descent meets the bottom, between this row and the last."""
        above_m, here_m = float(track[self.at - 1]) - bottom_m, float(track[self.at]) - bottom_m
        if not math.isfinite(above_m) or above_m <= here_m:
            return 0.0
        share = max(0.0, above_m / max(above_m, 0.006))
        return float(self.seconds[self.at - 1]) * (1.0 - share)


def at_times(seconds: np.ndarray, values: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """(len(times_s), ...) values (T, ...) at these times, by lines between the rows; T is 2 or more."""
    row = np.minimum(np.maximum(seconds.searchsorted(times_s), 1), len(seconds) - 1)
    share = np.minimum(np.maximum((times_s - seconds[row - 1]) / (seconds[row] - seconds[row - 1]), 0.0), 1.0)
    share = share.reshape(-1, *(1,) * (values.ndim - 1))
    return values[row - 1] + share * (values[row] - values[row - 1])


def stay_rows(track_m: np.ndarray, ceiling_m: float) -> int:
    """How many rows from the first one on stay under the ceiling; unseen ones do not end it."""
    risen = np.nonzero(track_m > ceiling_m)[0]
    return int(risen[0]) if len(risen) else len(track_m)


def lowest(values: np.ndarray) -> np.ndarray:
    """(...) along the first axis; inf where nothing was seen."""
    return np.where(np.isnan(values), np.inf, values).min(axis=0)


def two_highest(values: np.ndarray) -> np.ndarray:
    """(...) mean of the two highest along the first axis, of which there is one or more: one alone is high by its
    noise. NaN where nothing was seen."""
    ordered = np.sort(np.where(np.isnan(values), -np.inf, values), axis=0)
    first, second = ordered[-1], ordered[-min(2, len(ordered))]
    # Of one that was seen and one that was not, that one.
    mean = (first + np.where(second == -np.inf, first, second)) / 2
    return np.where(mean == -np.inf, np.nan, mean)
