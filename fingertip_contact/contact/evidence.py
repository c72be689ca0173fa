"""How likely it is that a fingertip touched, in log-odds by name; `moment` tells what they are worked out from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fingertip_contact.contact.parameters import ContactParameters

# How well the contact height is known, how high dips end on average, share of stray readings a metre.
CONTACT_SIGMA_M = 0.0006
DIP_MEAN_M = 0.0045
STRAY_PER_M = 5.0
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
# The way of a picture just before a stop that is no evidence; below WAY_LEAST_M they are all the same.
WAY_EVEN_M = 0.004
WAY_LEAST_M = 0.0005


@dataclass(frozen=True)
class Touch:
    """A fingertip's stop after a descent, with the log-odds that it was a tap, by name.

    depth: it stopped at its contact height. drop: it came down far, and fast, as descents are short. rank: no other
    finger of the hand came down farther; first: none at all did. way: its picture was fast until it stopped, as only
    the desk stops it; lead: no other finger's was as fast. after_s: best estimate of when it stopped, after the row
    where it was found; bottom_m: where. high: the last row before it came down, high_m: from where.
    """

    depth: float
    drop: float
    rank: float
    way: float
    lead: float
    first: bool
    after_s: float
    bottom_m: float
    high: int
    high_m: float

    def total(self, parameters: ContactParameters) -> float:
        return parameters.depth_weight * self.depth + self.motion(parameters)

    def motion(self, parameters: ContactParameters) -> float:
        """The log-odds by all but the height."""
        heights = parameters.drop_weight * self.drop + parameters.rank_weight * self.rank
        return heights + parameters.way_weight * self.way + parameters.lead_weight * self.lead


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


def rank_log_odds(lead_m: float) -> float:
    """Log-odds of having come down this much farther than the hand's farthest other finger."""
    if lead_m >= 0:
        return RANK_LEAD
    return -RANK_LAG - RANK_PER_M * min(-lead_m, RANK_RANGE_M)


def way_log_odds(way_m: float, rival_m: float) -> tuple[float, float]:
    """Of a picture's way just before the stop: against an even one, and against the longest of the other fingers'."""
    own_m = way_m + WAY_LEAST_M
    return math.log(own_m / (WAY_EVEN_M + WAY_LEAST_M)), math.log(own_m / (rival_m + WAY_LEAST_M))
