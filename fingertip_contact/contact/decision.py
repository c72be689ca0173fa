"""What a classifier decides about one finger at one instant."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class ContactDecision:
    """height_m: of the pad over the surface; NaN where heights are not measured. is_contact: whether the finger touched
    down, at touch_down_ns. confidence: of that, 0..1, also where it is too low for a contact. contact_probability: that
    the finger is on the surface now, 0..1; NaN where only its height tells."""

    height_m: float
    is_contact: bool
    touch_down_ns: int
    confidence: float
    contact_probability: float = math.nan
