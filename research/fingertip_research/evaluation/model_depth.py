"""Heights as the depth network would give them: a stand-in, so that it need not run on every recording.

Assumptions, none of them measured on hands: the network errs by the sensor's errors and by normal noise whose mean
absolute value is the published one. Half of the noise's variance is an offset that all fingers share and that drifts
slowly, the other half is each finger's own and changes sooner. The published figure is of distances along the rays;
here it is of heights, which is too much where the camera looks at a slant. The plane of the desk is known without the
network. Where the sensor is blind the stand-in is too, which the network is not.
"""

from __future__ import annotations

import hashlib

import numpy as np

from fingertip_research.evaluation.depth_published import CARD

# Of the fine-tuned network against the depth of a D405, metres.
MODEL_MAE_M = 0.001 * CARD["mae_mm"][1]
# Share of the variance that all fingers have in common; correlation times of that and of each finger's own part.
COMMON_SHARE = 0.5
COMMON_TIME_S, OWN_TIME_S = 1.0, 0.2


def simulate_model_heights_m(heights_m: np.ndarray, stamps_ns: np.ndarray) -> np.ndarray:
    """Heights (T, fingers) by a sensor, metres, as the network would give them; NaN stays NaN. stamps_ns: (T,).

    The same heights always get the same noise: they are its seed.
    """
    digest = hashlib.sha256(np.ascontiguousarray(heights_m).tobytes()).digest()
    random = np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))
    # The standard deviation of normal noise with this mean absolute value.
    sigma_m = MODEL_MAE_M * np.sqrt(np.pi / 2)
    common = _sample_drift(random, stamps_ns, COMMON_TIME_S, 1)
    own = _sample_drift(random, stamps_ns, OWN_TIME_S, heights_m.shape[1])
    return heights_m + sigma_m * (np.sqrt(COMMON_SHARE) * common + np.sqrt(1 - COMMON_SHARE) * own)


def _sample_drift(random: np.random.Generator, stamps_ns: np.ndarray, time_s: float, columns: int) -> np.ndarray:
    """(T, columns) first-order autoregressive noise of standard deviation 1 whose correlation falls to 1/e in
    `time_s`."""
    drift = random.standard_normal((len(stamps_ns), columns))
    kept = np.exp(-np.diff(stamps_ns) / (1e9 * time_s))
    for row, share in enumerate(kept, start=1):
        drift[row] = share * drift[row - 1] + np.sqrt(1 - share**2) * drift[row]
    return drift
