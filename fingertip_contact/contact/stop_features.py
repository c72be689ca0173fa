"""What a stop looks like, in numbers that mean the same at any frame rate: what the learnt rule decides by."""

from __future__ import annotations

import math
from statistics import median

import numpy as np

from fingertip_contact.contact.evidence import Touch, depth_log_odds, drop_log_odds
from fingertip_contact.contact.moment import (
    APPROACH_S,
    SAME,
    Moment,
    at_times,
    lowest,
    stay_rows,
    two_highest,
)

_STEPS = (*range(-8, 0), 1, 2)
FEATURES = (
    # The named evidence; see Touch.
    *("depth", "drop", "rank", "way", "lead"),
    # How long it stayed, s, and how still, in sigma.
    *("stay_s", "stay_sigmas"),
    # Speed downwards in the last step before it stopped and in the one before: m/s; how long it came down: s.
    *("last_mps", "before_mps", "descent_s"),
    # Evidence of depth and drop of the rival that has most of it: it explains why this finger went along.
    "rival_evidence",
    # Which one of FINGERS, how many taps have told its contact height, and what its picture shows of a way down.
    *("finger", "taps_known", "seen_share"),
    # The other finger whose picture went farthest before the stop: its ways in each thirtieth of a second, from three
    # before the stop to two after it, its height at the stop, mm, and how many fingers away it is.
    *("other_went_mm_3", "other_went_mm_2", "other_went_mm_1", "other_goes_mm_1", "other_goes_mm_2"),
    *("other_at_mm", "other_apart"),
    # How far down the way along the picture was, if it shows so much of it: the last step, the one before, and all, mm.
    *("fell_mm_1", "fell_mm_2", "fell_mm"),
    # Where it stopped, over the contact height, its noise, from how far up it came, how far it then rose: mm.
    *("bottom_mm", "noise_mm", "drop_mm", "rise_mm"),
    # Farthest and median fall of the hand's other fingers meanwhile, the lowest of them, and the hand's median now: mm.
    *("rival_fall_mm", "median_fall_mm", "rival_bottom_mm", "hand_mm"),
    # How high it was every thirtieth of a second, from four before the stop to two after it: mm.
    *("high_mm_4", "high_mm_3", "high_mm_2", "high_mm_1", "at_mm", "then_mm_1", "then_mm_2"),
    # How far its picture went in each thirtieth of a second, from three before the stop to two after it: mm.
    *("went_mm_3", "went_mm_2", "went_mm_1", "goes_mm_1", "goes_mm_2"),
    # Where its picture went while it came down, across the way down to the surface and along it; and along and aside in
    # each thirtieth of a second, from eight before the stop to two after it: mm.
    *("across_mm", "along_mm"),
    *(f"along_mm_{step}" for step in _STEPS),
    *(f"aside_mm_{step}" for step in _STEPS),
    # The pictures of the hand's other fingers: the median's way in the last before the stop and in those after, the
    # stillest finger's after, and the fastest one's before and after: mm.
    *("hand_went_mm_1", "hand_goes_mm_1", "hand_goes_mm_2"),
    *("least_goes_mm_1", "least_goes_mm_2"),
    *("most_went_mm_1", "most_goes_mm_1"),
)
# Which ways stand one by one, of the finger and of others.
RECENT = slice(5, None)
# The last step before the stop, and the least share of a way down that a way along the picture is taken for.
LAST_STEP, LEAST_SHARE = 7, 0.1
# The times at which heights are taken, after the stop, s.
HEIGHTS_S = np.arange(-4, 3) / 30.0
# What stands for what was not seen.
UNSEEN_FALL_M, UNSEEN_M, UNSEEN_EVIDENCE = 0.0, 0.05, -9.0


def stop_features(moment: Moment, finger: int, touch: Touch, taps_known: float, seen_share: float) -> np.ndarray:
    """FEATURES of the stop of a finger of one hand, of which `touch` was found: (len(FEATURES),) float64, finite.

    taps_known: how many taps the finger's contact height was learnt from, each as far as it was one. seen_share: of
    each metre down, metres along the picture.
    """
    at, seconds, track, noise_m = moment.at, moment.seconds, moment.height_m[:, finger], float(moment.noise_m[finger])
    after_m = track[at:]
    stay_s, stay_sigma_m = _stay(
        seconds[at:], after_m, float(moment.lowest_m[finger]) + max(SAME[0], SAME[1] * noise_m)
    )
    last_mps, before_mps = _speeds_mps(seconds, track, at)
    falls_m, bottoms_m, evidence = _rivals(moment, touch.high, finger)
    ways_m = _filled(moment.ways_m[RECENT], 0.0)
    aside_m, along_m = _filled(moment.steps_m[:, finger], 0.0).T
    shown = max(seen_share, LEAST_SHARE)
    lengths_m = (
        *(along_m[step] / shown for step in (LAST_STEP, LAST_STEP - 1)),
        moment.along_m(finger, touch) / shown,
        *(touch.bottom_m, noise_m, touch.high_m - touch.bottom_m),
        *(-float(lowest(-after_m)) - touch.bottom_m, max(falls_m), median(falls_m), min(bottoms_m)),
        median(height_m for height_m in moment.height_m[at].tolist() if math.isfinite(height_m)),
        *_filled(at_times(seconds, track, HEIGHTS_S), UNSEEN_M),
        *ways_m[:, finger],
        *(moment.place_m[at, finger] - moment.place_m[touch.high, finger]),
        *along_m,
        *np.abs(aside_m),
        *_others_m(ways_m, finger),
    )
    stay = stay_s, stay_sigma_m / noise_m
    fall = last_mps, before_mps, -float(seconds[touch.high])
    known = max(evidence), finger, taps_known, seen_share
    busiest = _busiest(ways_m, moment.height_m[at], finger)
    named = touch.depth, touch.drop, touch.rank, touch.way, touch.lead
    return np.array(
        [*named, *stay, *fall, *known, *busiest, *(1e3 * length_m for length_m in lengths_m)], dtype=np.float64
    )


def _stay(seconds: np.ndarray, track: np.ndarray, ceiling_m: float) -> tuple[float, float]:
    """How long the track stays under the ceiling from its first row on, seconds, and its deviation there, metres."""
    rows = stay_rows(track, ceiling_m)
    stay = track[:rows]
    return float(seconds[rows - 1] - seconds[0]), float(stay[np.isfinite(stay)].std())


def _speeds_mps(seconds: np.ndarray, track: np.ndarray, at: int) -> tuple[float, float]:
    """Speed downwards in the last step to row `at` and in the one before; that one is 0 where it was not seen."""
    before = np.nonzero(np.isfinite(track[:at]) & (seconds[:at] >= -APPROACH_S))[0]
    rows = [*before[-2:], at]
    speeds = -np.diff(track[rows]) / np.diff(seconds[rows])
    return float(speeds[-1]), float(speeds[0]) if len(speeds) > 1 else 0.0


def _rivals(moment: Moment, high: int, finger: int) -> tuple[list[float], list[float], list[float]]:
    """Of each other finger: how far it fell from its start, how low it came, its evidence of a tap."""
    start_m = two_highest(moment.height_m[max(0, high - 1) : high + 1])
    bottom_m, lowest_m = -two_highest(-moment.near_m), moment.near_lowest_m
    falls_m, bottoms_m, evidence = [], [], []
    for other in range(len(start_m)):
        if other == finger:
            continue
        if not math.isfinite(start_m[other]) or not math.isfinite(lowest_m[other]):
            falls_m.append(UNSEEN_FALL_M)
            bottoms_m.append(UNSEEN_M)
            evidence.append(UNSEEN_EVIDENCE)
            continue
        noise_m = float(moment.noise_m[other])
        falls_m.append(float(start_m[other] - lowest_m[other]))
        bottoms_m.append(float(bottom_m[other]))
        depth = depth_log_odds(bottoms_m[-1], noise_m / math.sqrt(2.0))
        evidence.append(depth + drop_log_odds(falls_m[-1], noise_m))
    return falls_m, bottoms_m, evidence


def _others_m(ways_m: np.ndarray, finger: int) -> list[float]:
    """The median's, the least and the most of the other fingers' ways (5, fingers); see FEATURES."""
    others_m = np.sort(np.delete(ways_m, finger, axis=1), axis=1)
    middle_m = (others_m[:, 1] + others_m[:, 2]) / 2
    return [*middle_m[2:], *others_m[3:, 0], *others_m[2:4, -1]]


def _busiest(ways_m: np.ndarray, height_m: np.ndarray, finger: int) -> list[float]:
    """The other finger that went farthest before the stop; see FEATURES. height_m: (fingers,) at the stop."""
    before_m = ways_m[1:3].sum(axis=0)
    before_m[finger] = -1.0
    busiest = int(before_m.argmax())
    at_m = float(height_m[busiest])
    return [*(1e3 * ways_m[:, busiest]), 1e3 * (UNSEEN_M if math.isnan(at_m) else at_m), float(abs(busiest - finger))]


def _filled(values: np.ndarray, unseen: float) -> np.ndarray:
    return np.where(np.isnan(values), unseen, values)
