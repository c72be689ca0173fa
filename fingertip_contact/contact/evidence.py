"""Contact evidence: named log-likelihood ratios (LLR) of a tap; ContactWindow computes what they are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fingertip_contact.contact.parameters import ContactParameters

# Standard deviation of the contact height; mean height at which other descents end; density of outliers per metre.
CONTACT_HEIGHT_SIGMA_M = 0.0006
NON_TAP_MEAN_M = 0.0045
OUTLIER_DENSITY_PER_M = 5.0
# LLR of the descent's length: zero at the neutral one, linear around it; fewer sigma of the noise count against it.
NEUTRAL_DESCENT_M = 0.007
DESCENT_LLR_PER_M = 350.0
MAX_DESCENT_DEVIATION_M = 0.005
MIN_DESCENT_SIGMAS = 5.0
# LLR of the deepest descent of the hand; of another one, and its cost per metre behind the deepest.
DEEPEST_LLR = 0.6
NOT_DEEPEST_PENALTY = 0.5
RANK_LLR_PER_M = 500.0
MAX_RANK_MARGIN_M = 0.008
# Flow just before the candidate that is neutral; below MIN_FLOW_M all flow is equal.
NEUTRAL_FLOW_M = 0.004
MIN_FLOW_M = 0.0005


@dataclass(frozen=True)
class ContactEvidence:
    """The end of a finger's descent, and the LLRs that it is a tap.

    height_llr: it ends at the finger's contact height. descent_llr: it is long and fast, as descents of taps are.
    rank_llr: no other finger of the hand descended farther; is_deepest: whether that holds. flow_llr: the fingertip's
    image was fast until it stopped, as only the desk stops it; flow_lead_llr: no other fingertip's was as fast.
    touch_down_offset_s: estimated touch-down, relative to the centre. dwell_height_m: mean height after it. peak_row,
    peak_height_m: last row before the descent, and its height.
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
        """The weighted sum of all terms."""
        return parameters.height_weight * self.height_llr + self.motion_llr(parameters)

    def motion_llr(self, parameters: ContactParameters) -> float:
        """The weighted sum of all terms but the height."""
        heights = parameters.descent_weight * self.descent_llr + parameters.rank_weight * self.rank_llr
        return heights + parameters.flow_weight * self.flow_llr + parameters.flow_lead_weight * self.flow_lead_llr


def compute_height_llr(dwell_height_m: float, noise_m: float) -> float:
    """Log-likelihood ratio of this height under a tap (on the desk) and under another descent (ends anywhere above).

    Tap: normal around zero. Other: exponential of mean NON_TAP_MEAN_M with the same noise. Both: plus outliers.
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
    """LLR of a descent of this length."""
    clipped_m = max(-MAX_DESCENT_DEVIATION_M, min(MAX_DESCENT_DEVIATION_M, descent_m - NEUTRAL_DESCENT_M))
    return DESCENT_LLR_PER_M * clipped_m + min(0.0, descent_m / noise_m - MIN_DESCENT_SIGMAS)


def compute_rank_llr(margin_m: float) -> float:
    """LLR of a descent this much longer than the longest one of the hand's other fingers."""
    if margin_m >= 0:
        return DEEPEST_LLR
    return -NOT_DEEPEST_PENALTY - RANK_LLR_PER_M * min(-margin_m, MAX_RANK_MARGIN_M)


def compute_flow_llrs(flow_m: float, max_other_flow_m: float) -> tuple[float, float]:
    """LLRs of the flow just before the candidate: against neutral flow, and against the other fingers' largest."""
    own_m = flow_m + MIN_FLOW_M
    return math.log(own_m / (NEUTRAL_FLOW_M + MIN_FLOW_M)), math.log(own_m / (max_other_flow_m + MIN_FLOW_M))
