"""Features of a contact candidate, in numbers that mean the same at any frame rate: the input of the tree ensemble.

Names: `<subject>_<quantity>_<unit>`, with `_t-3` to `_t+2` for the time relative to the candidate in steps of 1/30 s.
"""

from __future__ import annotations

import math
from statistics import median

import numpy as np

from fingertip_contact.contact.adaptation.online import FingerContext
from fingertip_contact.contact.candidates import ContactCandidate
from fingertip_contact.contact.contact_window import (
    HEIGHT_TOLERANCE,
    MAX_APPROACH_S,
    ContactWindow,
    average_top_two,
    count_dwell_rows,
    interpolate_at,
    nan_min,
)
from fingertip_contact.contact.evidence import compute_descent_llr, compute_height_llr

_FLOW_STEPS = (*range(-8, 0), 1, 2)
FEATURES = (
    # The named evidence; see ContactEvidence.
    *("height_llr", "descent_llr", "rank_llr", "flow_llr", "flow_lead_llr"),
    # Duration of the dwell, s, and its standard deviation, in sigma of the noise.
    *("dwell_s", "dwell_deviation_sigmas"),
    # Downward speed in the last step of the descent and in the one before, m/s; duration of the descent, s.
    *("final_descent_speed_mps", "previous_descent_speed_mps", "descent_s"),
    # Largest height and descent LLR among the other fingers: a tapping finger explains why a coupled one moved.
    "others_max_llr",
    # Index into FINGERS; see FingerContext for the others.
    *("finger", "effective_tap_count", "foreshortening_ratio"),
    # The other finger with the largest flow before the candidate: its flow, its height, and its distance in fingers.
    *(
        "fastest_other_flow_mm_t-3",
        "fastest_other_flow_mm_t-2",
        "fastest_other_flow_mm_t-1",
        "fastest_other_flow_mm_t+1",
        "fastest_other_flow_mm_t+2",
    ),
    *("fastest_other_height_mm_t+0", "fastest_other_finger_distance"),
    # Descent derived from the flow and the foreshortening ratio: last step, the one before, and all.
    *("descent_from_flow_mm_t-1", "descent_from_flow_mm_t-2", "descent_from_flow_mm"),
    # Height of the dwell, noise of heights, length of the descent and of the ascent after it.
    *("dwell_height_mm", "height_noise_mm", "descent_mm", "ascent_mm"),
    # Descents of the hand's other fingers meanwhile, the lowest of them, and the hand's median height.
    *("others_max_descent_mm", "others_median_descent_mm", "others_min_height_mm", "hand_median_height_mm_t+0"),
    # Height over time.
    *(
        "height_mm_t-4",
        "height_mm_t-3",
        "height_mm_t-2",
        "height_mm_t-1",
        "height_mm_t+0",
        "height_mm_t+1",
        "height_mm_t+2",
    ),
    # Length of the flow over time.
    *("flow_mm_t-3", "flow_mm_t-2", "flow_mm_t-1", "flow_mm_t+1", "flow_mm_t+2"),
    # Flow during the descent, across the approach direction and along it; then both over time.
    *("descent_flow_across_mm", "descent_flow_along_mm"),
    *(f"flow_along_mm_t{step:+d}" for step in _FLOW_STEPS),
    *(f"flow_lateral_mm_t{step:+d}" for step in _FLOW_STEPS),
    # Flow of the hand's other fingers.
    *("others_median_flow_mm_t-1", "others_median_flow_mm_t+1", "others_median_flow_mm_t+2"),
    *("others_min_flow_mm_t+1", "others_min_flow_mm_t+2"),
    *("others_max_flow_mm_t-1", "others_max_flow_mm_t+1"),
)
# The flow steps of which the lengths are features.
RECENT_STEPS = slice(5, None)
# The last flow step before the candidate, and the minimum ratio by which flow is divided to give a descent.
FINAL_STEP, MIN_FORESHORTENING = 7, 0.1
# Times relative to the candidate at which heights are sampled, s.
HEIGHT_SAMPLE_TIMES_S = np.arange(-4, 3) / 30.0
# Stand-ins for missing values.
MISSING_DESCENT_M, MISSING_HEIGHT_M, MISSING_LLR = 0.0, 0.05, -9.0


def compute_contact_features(candidate: ContactCandidate, context: FingerContext) -> np.ndarray:
    """(len(FEATURES),) float64, finite: FEATURES of a candidate whose finger is known as `context`."""
    window, finger, evidence = candidate.window, candidate.finger, candidate.evidence
    center_row, times_s, finger_height_m, noise_m = (
        window.center_row,
        window.times_s,
        window.height_m[:, finger],
        float(window.noise_m[finger]),
    )
    after_m = finger_height_m[center_row:]
    dwell_s, dwell_sigma_m = _measure_dwell(
        times_s[center_row:],
        after_m,
        float(window.min_height_m[finger]) + max(HEIGHT_TOLERANCE[0], HEIGHT_TOLERANCE[1] * noise_m),
    )
    final_speed_mps, previous_speed_mps = _measure_final_speeds_mps(times_s, finger_height_m, center_row)
    other_descents_m, other_heights_m, other_llrs = _measure_other_fingers(window, evidence.peak_row, finger)
    flow_m = _fill_missing(window.flow_magnitude_m[RECENT_STEPS], 0.0)
    flow_across_m, flow_along_m = _fill_missing(window.step_flow_m[:, finger], 0.0).T
    foreshortening = max(context.foreshortening_ratio, MIN_FORESHORTENING)
    lengths_m = (
        *(flow_along_m[step] / foreshortening for step in (FINAL_STEP, FINAL_STEP - 1)),
        candidate.descent_flow_m / foreshortening,
        *(evidence.dwell_height_m, noise_m, candidate.descent_m),
        *(
            -float(nan_min(-after_m)) - evidence.dwell_height_m,
            max(other_descents_m),
            median(other_descents_m),
            min(other_heights_m),
        ),
        median(height_m for height_m in window.height_m[center_row].tolist() if math.isfinite(height_m)),
        *_fill_missing(interpolate_at(times_s, finger_height_m, HEIGHT_SAMPLE_TIMES_S), MISSING_HEIGHT_M),
        *flow_m[:, finger],
        *(window.cumulative_flow_m[center_row, finger] - window.cumulative_flow_m[evidence.peak_row, finger]),
        *flow_along_m,
        *np.abs(flow_across_m),
        *_summarise_other_flows_m(flow_m, finger),
    )
    dwell = dwell_s, dwell_sigma_m / noise_m
    descent = final_speed_mps, previous_speed_mps, -float(times_s[evidence.peak_row])
    finger_facts = max(other_llrs), finger, context.effective_tap_count, context.foreshortening_ratio
    fastest = _describe_fastest_other(flow_m, window.height_m[center_row], finger)
    evidence_llrs = (
        evidence.height_llr,
        evidence.descent_llr,
        evidence.rank_llr,
        evidence.flow_llr,
        evidence.flow_lead_llr,
    )
    return np.array(
        [*evidence_llrs, *dwell, *descent, *finger_facts, *fastest, *(1e3 * length_m for length_m in lengths_m)],
        dtype=np.float64,
    )


def _measure_dwell(times_s: np.ndarray, finger_height_m: np.ndarray, ceiling_m: float) -> tuple[float, float]:
    """Duration of the dwell below the ceiling, seconds, and the standard deviation of its heights, metres."""
    rows = count_dwell_rows(finger_height_m, ceiling_m)
    dwell = finger_height_m[:rows]
    return float(times_s[rows - 1] - times_s[0]), float(dwell[np.isfinite(dwell)].std())


def _measure_final_speeds_mps(times_s: np.ndarray, finger_height_m: np.ndarray, center_row: int) -> tuple[float, float]:
    """Downward speed in the last step to `center_row` and in the one before (0 where that is missing), m/s."""
    rows_before = np.nonzero(np.isfinite(finger_height_m[:center_row]) & (times_s[:center_row] >= -MAX_APPROACH_S))[0]
    rows = [*rows_before[-2:], center_row]
    speeds = -np.diff(finger_height_m[rows]) / np.diff(times_s[rows])
    return float(speeds[-1]), float(speeds[0]) if len(speeds) > 1 else 0.0


def _measure_other_fingers(
    window: ContactWindow, peak_row: int, finger: int
) -> tuple[list[float], list[float], list[float]]:
    """Per other finger: length of its descent, its lowest height, its height and descent LLR."""
    start_m = average_top_two(window.height_m[max(0, peak_row - 1) : peak_row + 1])
    robust_min_m, min_m = -average_top_two(-window.nearby_heights_m), window.nearby_min_height_m
    other_descents_m, other_heights_m, other_llrs = [], [], []
    for other in range(len(start_m)):
        if other == finger:
            continue
        if not math.isfinite(start_m[other]) or not math.isfinite(min_m[other]):
            other_descents_m.append(MISSING_DESCENT_M)
            other_heights_m.append(MISSING_HEIGHT_M)
            other_llrs.append(MISSING_LLR)
            continue
        noise_m = float(window.noise_m[other])
        other_descents_m.append(float(start_m[other] - min_m[other]))
        other_heights_m.append(float(robust_min_m[other]))
        height_llr = compute_height_llr(other_heights_m[-1], noise_m / math.sqrt(2.0))
        other_llrs.append(height_llr + compute_descent_llr(other_descents_m[-1], noise_m))
    return other_descents_m, other_heights_m, other_llrs


def _summarise_other_flows_m(flow_m: np.ndarray, finger: int) -> list[float]:
    """Median, minimum and maximum of the other fingers' flow (5, fingers); see FEATURES."""
    other_flows_m = np.sort(np.delete(flow_m, finger, axis=1), axis=1)
    median_m = (other_flows_m[:, 1] + other_flows_m[:, 2]) / 2
    return [*median_m[2:], *other_flows_m[3:, 0], *other_flows_m[2:4, -1]]


def _describe_fastest_other(flow_m: np.ndarray, height_m: np.ndarray, finger: int) -> list[float]:
    """The other finger with the largest flow before the candidate; see FEATURES. height_m: (fingers,) at the centre."""
    preceding_flow_m = flow_m[1:3].sum(axis=0)
    preceding_flow_m[finger] = -1.0
    fastest = int(preceding_flow_m.argmax())
    height_at_center_m = float(height_m[fastest])
    return [
        *(1e3 * flow_m[:, fastest]),
        1e3 * (MISSING_HEIGHT_M if math.isnan(height_at_center_m) else height_at_center_m),
        float(abs(fastest - finger)),
    ]


def _fill_missing(values: np.ndarray, fill_value: float) -> np.ndarray:
    return np.where(np.isnan(values), fill_value, values)
