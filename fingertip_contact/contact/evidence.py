"""How likely it is that a fingertip touched, in log-odds by name; `moment` tells what they are worked out from."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fingertip_contact.contact.parameters import ContactParameters

# How well the contact height is known, how high dips end on average, share of stray readings a metre.
CONTACT_HEIGHT_SIGMA_M = 0.0006
NON_TAP_MEAN_M = 0.0045
OUTLIER_DENSITY_PER_M = 5.0
# Log-odds of a drop: even at this one, so much a metre more or less; fewer sigma of the noise count against it.
NEUTRAL_DESCENT_M = 0.007
DESCENT_LLR_PER_M = 350.0
MAX_DESCENT_DEVIATION_M = 0.005
MIN_DESCENT_SIGMAS = 5.0
# Log-odds of having come down farthest of the hand; of not, and what each metre less than the farthest costs more.
DEEPEST_LLR = 0.6
NOT_DEEPEST_PENALTY = 0.5
RANK_LLR_PER_M = 500.0
MAX_RANK_MARGIN_M = 0.008
# The way of a picture just before a stop that is no evidence; below MIN_FLOW_M they are all the same.
NEUTRAL_FLOW_M = 0.004
MIN_FLOW_M = 0.0005


@dataclass(frozen=True)
class ContactEvidence:
    """A fingertip's stop after a descent, with the log-odds that it was a tap, by name.

    height_llr: it stopped at its contact height. descent_llr: it came down far, and fast, as descents are short.
    rank_llr: no other finger of the hand came down farther; is_deepest: none at all did. flow_llr: its picture was fast
    until it stopped, as only the desk stops it; flow_lead_llr: no other finger's was as fast. touch_down_offset_s: best
    estimate of when it stopped, after the row where it was found; dwell_height_m: where. peak_row: the last row before
    it came down, peak_height_m: from where.
    """

    height_llr: float
    descent_llr: float
    rank_llr: float
    flow_llr: float
    flow_lead_llr: float
    is_deepest: bool
    touch_down_offset_s: float
    dwell_height_m: float
    peak_row: int
    peak_height_m: float

    def total_llr(self, parameters: ContactParameters) -> float:
        return parameters.height_weight * self.height_llr + self.motion_llr(parameters)

    def motion_llr(self, parameters: ContactParameters) -> float:
        """The log-odds by all but the height."""
        heights = parameters.descent_weight * self.descent_llr + parameters.rank_weight * self.rank_llr
        return heights + parameters.flow_weight * self.flow_llr + parameters.flow_lead_weight * self.flow_lead_llr


def compute_height_llr(dwell_height_m: float, noise_m: float) -> float:
    """Log of how much better a stop at this height fits a tap (on the desk) than a dip (anywhere above it).

    Tap: normal about zero. Dip: exponential of mean NON_TAP_MEAN_M with the same noise. Both: a share of stray
    readings.
    """
    sigma = math.hypot(noise_m, CONTACT_HEIGHT_SIGMA_M)
    tap_density = math.exp(-0.5 * (dwell_height_m / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    ratio = sigma / NON_TAP_MEAN_M
    tail = math.erfc((ratio - dwell_height_m / sigma) / math.sqrt(2))
    non_tap_density = (
        math.exp(min(0.5 * ratio**2 - dwell_height_m / NON_TAP_MEAN_M, 50.0)) * tail / (2 * NON_TAP_MEAN_M)
    )
    return math.log((tap_density + OUTLIER_DENSITY_PER_M) / (non_tap_density + OUTLIER_DENSITY_PER_M))


def compute_descent_llr(descent_m: float, noise_m: float) -> float:
    """Log-odds of having come down this far."""
    clipped_m = max(-MAX_DESCENT_DEVIATION_M, min(MAX_DESCENT_DEVIATION_M, descent_m - NEUTRAL_DESCENT_M))
    return DESCENT_LLR_PER_M * clipped_m + min(0.0, descent_m / noise_m - MIN_DESCENT_SIGMAS)


def compute_rank_llr(margin_m: float) -> float:
    """Log-odds of having come down this much farther than the hand's farthest other finger."""
    if margin_m >= 0:
        return DEEPEST_LLR
    return -NOT_DEEPEST_PENALTY - RANK_LLR_PER_M * min(-margin_m, MAX_RANK_MARGIN_M)


def compute_flow_llrs(flow_m: float, max_other_flow_m: float) -> tuple[float, float]:
    """Of a picture's way just before the stop: against an even one, and against the longest of the other fingers'."""
    own_m = flow_m + MIN_FLOW_M
    return math.log(own_m / (NEUTRAL_FLOW_M + MIN_FLOW_M)), math.log(own_m / (max_other_flow_m + MIN_FLOW_M))
