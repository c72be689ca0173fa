"""What a stop looks like, in numbers that mean the same at any frame rate: what the learnt rule decides by."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.contact.evidence import APPROACH_S, RIVAL_S, SAME, Touch, depth_log_odds, drop_log_odds

FEATURES = (
    # The named evidence; see Touch.
    *("depth", "drop", "rank"),
    # Where it stopped, over the contact height, its noise, and from how far up it came: mm.
    *("bottom_mm", "noise_mm", "drop_mm"),
    # How long it stayed, s, how still, in sigma, and how far it then rose within what was seen: mm.
    *("stay_s", "stay_sigmas", "rise_mm"),
    # Speed downwards in the last step before it stopped and in the one before: m/s; how long it came down: s.
    *("last_mps", "before_mps", "descent_s"),
    # Farthest and median fall of the hand's other fingers meanwhile, the lowest of them, and the hand's median now: mm.
    *("rival_fall_mm", "median_fall_mm", "rival_bottom_mm", "hand_mm"),
    # Evidence of depth and drop of the rival that has most of it: it explains why this finger went along.
    "rival_evidence",
    "thumb",
)
# What stands for a rival that was not seen.
UNSEEN_FALL_M, UNSEEN_BOTTOM_M, UNSEEN_EVIDENCE = 0.0, 0.05, -9.0


def stop_features(
    stamps_ns: np.ndarray, height_m: np.ndarray, at: int, finger: int, noise_m: np.ndarray, touch: Touch
) -> np.ndarray:
    """FEATURES of the stop of `finger` at row `at`: (len(FEATURES),) float64, finite.

    stamps_ns, height_m: as for find_touch, which found `touch` there. noise_m: (fingers,) of height_m.
    """
    track, noise = height_m[:, finger], float(noise_m[finger])
    seconds = (stamps_ns - stamps_ns[at]) / 1e9
    same_m = max(SAME[0], SAME[1] * noise)
    before = np.nonzero((seconds < 0) & (seconds >= -APPROACH_S) & np.isfinite(track))[0]
    after = track[at:]
    top_m = float(np.sort(track[before])[-2:].mean())
    high = int(before[track[before] >= top_m - same_m][-1])
    stay_s, stay_sigma_m = _stay(seconds[at:], after, float(np.nanmin(after)) + same_m)
    last_mps, before_mps = _speeds_mps(seconds, track, before, at)
    near = np.abs(seconds) <= RIVAL_S
    falls_m, bottoms_m, evidence = _rivals(height_m[max(0, high - 1) : high + 1], height_m[near], finger, noise_m)
    values = (
        *(touch.depth, touch.drop, touch.rank),
        *(1e3 * touch.bottom_m, 1e3 * noise, 1e3 * (top_m - touch.bottom_m)),
        *(stay_s, stay_sigma_m / noise, 1e3 * (float(np.nanmax(after)) - touch.bottom_m)),
        *(last_mps, before_mps, -float(seconds[high])),
        *(1e3 * falls_m.max(), 1e3 * float(np.median(falls_m)), 1e3 * bottoms_m.min()),
        1e3 * float(np.nanmedian(height_m[at])),
        float(evidence.max()),
        float(finger == 0),
    )
    return np.array(values)


def _stay(seconds: np.ndarray, track: np.ndarray, ceiling_m: float) -> tuple[float, float]:
    """How long the track stays under the ceiling from its first row on, seconds, and its deviation there, metres."""
    risen = np.nonzero(track > ceiling_m)[0]
    end = int(risen[0]) if len(risen) else len(track)
    stay = track[:end]
    return float(seconds[end - 1] - seconds[0]), float(stay[np.isfinite(stay)].std())


def _speeds_mps(seconds: np.ndarray, track: np.ndarray, before: np.ndarray, at: int) -> tuple[float, float]:
    """Speed downwards in the last step to row `at` and in the one before; that one is 0 where it was not seen."""
    rows = [*before[-2:], at]
    speeds = -np.diff(track[rows]) / np.diff(seconds[rows])
    return float(speeds[-1]), float(speeds[0]) if len(speeds) > 1 else 0.0


def _rivals(
    start_m: np.ndarray, near_m: np.ndarray, finger: int, noise_m: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each other finger: how far it fell from its start (rows, fingers), how low it came, its evidence of a tap."""
    others = [i for i in range(near_m.shape[1]) if i != finger]
    falls_m = np.full(len(others), UNSEEN_FALL_M)
    bottoms_m = np.full(len(others), UNSEEN_BOTTOM_M)
    evidence = np.full(len(others), UNSEEN_EVIDENCE)
    for row, other in enumerate(others):
        start, low = start_m[:, other], near_m[:, other]
        start, low = start[np.isfinite(start)], np.sort(low[np.isfinite(low)])
        if not len(start) or not len(low):
            continue
        falls_m[row] = start.mean() - low[0]
        bottoms_m[row] = low[:2].mean()
        noise = float(noise_m[other])
        evidence[row] = depth_log_odds(float(bottoms_m[row]), noise / math.sqrt(2.0))
        evidence[row] += drop_log_odds(float(falls_m[row]), noise)
    return falls_m, bottoms_m, evidence
