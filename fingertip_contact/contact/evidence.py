"""How likely it is that a fingertip touched: named log-odds over a short window of all fingers of a hand."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fingertip_contact.contact.parameters import ContactParameters

# How far back an approach reaches, and how near in time a rival's dip counts.
APPROACH_S = 0.30
LAST_S = 0.11
RIVAL_S = 0.07
# A stop comes after a descent of so many metres, or so many sigma of the noise, most of it in the last frames.
DESCENT = (0.003, 4.0)
LAST_DESCENT = (0.002, 2.5)
# Heights this close, metres or sigma, are the same.
SAME = (0.0012, 2.0)
# How well the contact height is known, how high dips end on average, share of stray readings a metre.
CONTACT_SIGMA_M = 0.0006
DIP_MEAN_M = 0.0045
STRAY_PER_M = 5.0
# A hand whose other fingers come down so far (their median) is on its way to the desk: its fingers stop, and type not.
ARRIVAL_M = 0.012
# Log-odds of a drop: even at this one, so much a metre more or less; fewer sigma of the noise count against it.
DROP_EVEN_M = 0.007
DROP_PER_M = 350.0
DROP_RANGE_M = 0.005
DROP_SIGMAS = 5.0
# Log-odds of having come down farthest of the hand; of not, and what each metre less than the farthest costs more.
RANK_LEAD = 0.6
RANK_LAG = 0.5
RANK_PER_M = 500.0
RANK_RANGE_M = 0.008


@dataclass(frozen=True)
class Touch:
    """A fingertip's stop after a descent, with the log-odds that it was a tap, by name.

    depth: it stopped at its contact height. drop: it came down far, and fast, as descents are short. rank: no other
    finger of the hand came down farther; first: none at all did. touch_ns: best estimate of when it stopped. bottom_m:
    where.
    """

    depth: float
    drop: float
    rank: float
    first: bool
    touch_ns: int
    bottom_m: float

    def total(self, parameters: ContactParameters) -> float:
        return parameters.depth_weight * self.depth + self.motion(parameters)

    def motion(self, parameters: ContactParameters) -> float:
        """The log-odds by all but the height."""
        return parameters.drop_weight * self.drop + parameters.rank_weight * self.rank


def find_touch(stamps_ns: np.ndarray, height_m: np.ndarray, at: int, finger: int, noise_m: float) -> Touch | None:
    """The evidence that `finger` touched at row `at`, or None where that row is not the end of a descent.

    stamps_ns: (T,) int64, ascending. height_m: (T, fingers of one hand), over the contact height, metres, NaN unseen.
    noise_m: standard deviation of this finger's height_m.
    """
    track = height_m[:, finger]
    if at < 1 or not math.isfinite(track[at]):
        return None
    same_m, descent_m, last_m = (max(metres, sigmas * noise_m) for metres, sigmas in (SAME, DESCENT, LAST_DESCENT))
    lowest_m = _lowest(track[at:])
    if track[at] - lowest_m > same_m:
        return None
    seconds = (stamps_ns - stamps_ns[at]) / 1e9
    if not _highest(track[(seconds < 0) & (seconds >= -LAST_S)]) - track[at] > last_m:
        return None
    stay = _stay(track[at:], lowest_m + same_m)
    bottom = track[at:][stay]
    bottom_m = float(np.nanmean(bottom))
    before = (seconds < 0) & (seconds >= -APPROACH_S)
    drop_m = _highest(track[before]) - bottom_m
    if not drop_m > descent_m:
        return None
    # A rival counts by how far it came down during this descent, not by what it did before.
    high = np.nonzero(before & (track >= _highest(track[before]) - same_m))[0][-1]
    during = slice(max(0, high - 1), high + 1)
    near = np.abs(seconds) <= RIVAL_S
    others = [i for i in range(height_m.shape[1]) if i != finger]
    rivals_m = [_highest(height_m[during, i]) - _lowest(height_m[near, i]) for i in others]
    rivals_m = [fall_m for fall_m in rivals_m if math.isfinite(fall_m)]
    if rivals_m and np.median(rivals_m) > ARRIVAL_M:
        return None
    rival_m = max(rivals_m, default=0.0)
    return Touch(
        depth=depth_log_odds(bottom_m, noise_m / math.sqrt(np.count_nonzero(np.isfinite(bottom)))),
        drop=drop_log_odds(drop_m, noise_m),
        rank=_rank(drop_m - rival_m),
        first=rival_m <= drop_m,
        touch_ns=_touch_ns(stamps_ns, track, at, lowest_m),
        bottom_m=bottom_m,
    )


def depth_log_odds(bottom_m: float, noise_m: float) -> float:
    """Log of how much better a stop at this height fits a tap (on the desk) than a dip (anywhere above it).

    Tap: normal about zero. Dip: exponential of mean DIP_MEAN_M with the same noise. Both: a share of stray readings.
    """
    sigma = math.hypot(noise_m, CONTACT_SIGMA_M)
    tap = math.exp(-0.5 * (bottom_m / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    ratio = sigma / DIP_MEAN_M
    tail = math.erfc((ratio - bottom_m / sigma) / math.sqrt(2))
    dip = math.exp(min(0.5 * ratio**2 - bottom_m / DIP_MEAN_M, 50.0)) * tail / (2 * DIP_MEAN_M)
    return math.log((tap + STRAY_PER_M) / (dip + STRAY_PER_M))


def drop_log_odds(drop_m: float, noise_m: float) -> float:
    """Log-odds of having come down this far."""
    clipped_m = max(-DROP_RANGE_M, min(DROP_RANGE_M, drop_m - DROP_EVEN_M))
    return DROP_PER_M * clipped_m + min(0.0, drop_m / noise_m - DROP_SIGMAS)


def _rank(lead_m: float) -> float:
    """Log-odds of having come down this much farther than the hand's farthest other finger."""
    if lead_m >= 0:
        return RANK_LEAD
    return -RANK_LAG - RANK_PER_M * min(-lead_m, RANK_RANGE_M)


def _touch_ns(stamps_ns: np.ndarray, track: np.ndarray, at: int, bottom_m: float) -> int:
    """Where the line through the last two rows of the descent meets the bottom, between those of `at` - 1 and `at`."""
    above, here = track[at - 1] - bottom_m, track[at] - bottom_m
    if not np.isfinite(above) or above <= here:
        return int(stamps_ns[at])
    share = float(np.clip(above / max(above, 0.006), 0.0, 1.0))
    return int(stamps_ns[at - 1] + share * (stamps_ns[at] - stamps_ns[at - 1]))


def _stay(track: np.ndarray, ceiling_m: float) -> slice:
    """The rows from the first one on until it rises over the ceiling; unseen rows do not end it."""
    risen = np.nonzero(track > ceiling_m)[0]
    return slice(0, int(risen[0]) if len(risen) else len(track))


def _lowest(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.min()) if len(values) else math.nan


def _highest(values: np.ndarray) -> float:
    """Mean of the two highest: one alone is high by its noise."""
    values = np.sort(values[np.isfinite(values)])
    return float(values[-2:].mean()) if len(values) else math.nan
