"""Fits the noise model of `fingertip_noise` to recordings with ground truth for every frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fingertip_contact.contact.measurement.approach import compute_approach_direction, to_approach_frame
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_column
from fingertip_contact.datatypes import FINGERS, HANDS
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.numerics import MAD_TO_SIGMA
from fingertip_contact.recordings.open import open_recording
from fingertip_research.evaluation.fingertip_noise import (
    CLEARANCE_BIN_EDGES_M,
    CLEARANCE_KNOTS_M,
    FINGER_GROUP_INDEX,
    FINGER_GROUPS,
    FLOW_ERROR_QUANTILES,
    FLOW_KNOTS_M,
    OUTLIER_QUANTILES,
    SPEED_BIN_EDGES_MPS,
    FingertipNoise,
    MarkovBursts,
    NoiseModel,
    Table,
    compute_speed_bins,
    pixels_per_m,
)
from fingertip_research.evaluation.fingertip_recording import FingertipRecording, measure_recording
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth, read_ground_truth_frames

# Readings farther from the median than this many robust standard deviations, and this many metres, are outliers.
OUTLIER_SIGMAS, MIN_OUTLIER_M = 4.0, 0.003
# A reading this much higher above the pad than a touching rim is the back of a finger that hides its tip: an outlier,
# regardless of how many there are.
OCCLUDED_TIP_OFFSET_M = 0.006
# A range of heights with fewer frames gets the values of its neighbours.
MIN_BIN_FRAMES = 8
# Frames that distinguish a finger's own bias in the air from its outliers.
MIN_FINGER_FRAMES = 60
MIN_SIGMA_M = 0.0002
# Angles closer than this are fitted together.
ANGLE_TOLERANCE_DEG = 4.0
CONTACT_CLEARANCE_M = 0.0003
# Prior that keeps the probability of unobserved events above zero: frames without an event.
PRIOR_FRAMES, PRIOR_BURST_FRAMES = 50.0, 2.0
# Lag at which the correlated part of the scatter is distinguished from the independent one.
CORRELATION_LAG_FRAMES = 5
MAX_ROW_ERROR_PX = 30.0


@dataclass(frozen=True)
class MeasurementErrors:
    """Errors of one recording, in the columns of FingertipRecording. NaN where measurement or truth is unknown.

    height_error_m: (T, 10) measured height minus clearance. clearance_m: (T, 10). hand_tracked: (T, 10) whether the
    hand was found. hands_found: (T, 2), from the first frame with both hands. contact_point_error_m: (T, 10, 2)
    contact point, and row_error_px: (T, 10) landmark row, measured minus true. speed_bins, flow_magnitude_m: (T, 10),
    true. flow_error_m: (T, 10, 2), along and across the true flow.
    """

    angle_deg: float
    distance_m: float
    height_error_m: np.ndarray
    clearance_m: np.ndarray
    hand_tracked: np.ndarray
    hands_found: np.ndarray
    contact_point_error_m: np.ndarray
    row_error_px: np.ndarray
    speed_bins: np.ndarray
    flow_magnitude_m: np.ndarray
    flow_error_m: np.ndarray


def fit_noise_model(bags: Sequence[Path], layout: Layout) -> NoiseModel:
    """The noise at each camera angle of the recordings. Raises ValueError where a truth lacks its frames or camera."""
    by_angle: dict[int, list[MeasurementErrors]] = defaultdict(list)
    for bag in bags:
        errors = measure_errors(bag, layout)
        nearest = min(by_angle, key=lambda angle: abs(angle - errors.angle_deg), default=None)
        same = nearest is not None and abs(nearest - errors.angle_deg) < ANGLE_TOLERANCE_DEG
        by_angle[nearest if same and nearest is not None else round(errors.angle_deg)].append(errors)
    return NoiseModel(
        tuple(map(_make_recording_name, bags)), tuple(_fit_angle(by_angle[angle]) for angle in sorted(by_angle))
    )


def _make_recording_name(bag: Path) -> str:
    """Names the recording by its content, not by its file."""
    header = read_ground_truth(ground_truth_path(bag)).header
    return f"{header.difficulty}_{header.seed}_{header.angle_deg:g}"


def measure_errors(bag: Path, layout: Layout) -> MeasurementErrors:
    """The real pipeline's measurements of a recording, minus its truth."""
    header = read_ground_truth(ground_truth_path(bag)).header
    if header.camera_from_sheet is None or header.angle_deg is None:
        raise ValueError(f"{ground_truth_path(bag)} lacks the camera's pose or angle; noise cannot be fitted to it")
    recording = measure_recording(bag, layout, header.calibration_seconds or 1.0)
    clearance_m, pad_m, tip_px = load_true_fingers(bag, recording)
    with open_recording(bag) as opened:
        camera = opened.camera
    flow_magnitude_m, flow_error_m = _compute_flow_errors(recording, tip_px, camera, header.camera_from_sheet)
    sheet = header.camera_from_sheet.inverse
    seen = recording.tracks >= 0
    return MeasurementErrors(
        angle_deg=header.angle_deg,
        distance_m=float(np.linalg.norm(header.camera_from_sheet.translation_m)),
        height_error_m=recording.samples.rim_height_m - clearance_m,
        clearance_m=clearance_m,
        hand_tracked=np.repeat(seen, len(FINGERS), axis=1) & np.isfinite(clearance_m),
        hands_found=seen[int(np.argmax(seen.all(axis=1))) :],
        contact_point_error_m=sheet.apply(recording.samples.contact_point_m)[..., :2] - pad_m,
        row_error_px=recording.samples.tip_px[..., 1] - tip_px[..., 1],
        speed_bins=compute_speed_bins(clearance_m, recording.stamps_ns),
        flow_magnitude_m=flow_magnitude_m,
        flow_error_m=flow_error_m,
    )


def _compute_flow_errors(
    recording: FingertipRecording, tip_px: np.ndarray, camera: Camera, pose: RigidTransform
) -> tuple[np.ndarray, np.ndarray]:
    """MeasurementErrors.flow_magnitude_m and flow_error_m. tip_px: (T, 10, 2), true."""
    true_m = np.diff(tip_px, axis=0, prepend=np.nan) / pixels_per_m(camera, pose, tip_px)[..., None]
    down = compute_approach_direction(camera, pose.rotation[:, 2], recording.samples.tip_px.reshape(-1, 2)).reshape(
        tip_px.shape
    )
    true_m = to_approach_frame(down, true_m)
    flow_magnitude_m = np.linalg.norm(true_m, axis=-1)
    ahead = true_m / np.maximum(flow_magnitude_m, 1e-9)[..., None]
    off_m = recording.samples.flow_m - true_m
    across = ahead[..., 0] * off_m[..., 1] - ahead[..., 1] * off_m[..., 0]
    return flow_magnitude_m, np.stack([(ahead * off_m).sum(axis=-1), across], axis=-1)


def load_true_fingers(bag: Path, recording: FingertipRecording) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clearance (T, 10), pad (T, 10, 2) on the sheet, and pixel (T, 10, 2) of each tip; NaN without a truth."""
    count = len(recording.stamps_ns)
    clearance_m = np.full((count, FINGER_COUNT), np.nan)
    pad_m, tip_px = (np.full((count, FINGER_COUNT, 2), np.nan) for _ in range(2))
    rows = {int(stamp): row for row, stamp in enumerate(recording.stamps_ns)}
    for frame in read_ground_truth_frames(ground_truth_path(bag)):
        for hand in frame.hands:
            for finger, true in hand.fingers.items():
                at = rows[frame.stamp_ns], find_column(hand.hand, finger)
                clearance_m[at], tip_px[at] = max(0.0, true.clearance_m), true.tip_px
                pad_m[at] = true.pad_m[:2]
    return clearance_m, pad_m, tip_px


def _fit_angle(recordings: Sequence[MeasurementErrors]) -> FingertipNoise:
    seen = _exclude_occluded_tips(recordings)
    rim_offset_m = _fit_rim_offsets(seen)
    own_m, finger_bias_sigma_m = _fit_finger_biases(seen, rim_offset_m)
    height_error_m, visible_height_error_m = (
        [
            errors.height_error_m - _interpolate_table(errors, rim_offset_m) - own
            for errors, own in zip(parts, own_m, strict=True)
        ]
        for parts in (recordings, seen)
    )
    sigma_below_m, sigma_above_m = (_fit_sigmas(recordings, visible_height_error_m, side) for side in (-1.0, 1.0))
    sigma_m = (sigma_below_m + sigma_above_m) / 2
    limits_m = [
        np.maximum(OUTLIER_SIGMAS * _interpolate_table(errors, sigma_m), MIN_OUTLIER_M) for errors in recordings
    ]
    # Upwards only: the few readings far too low are of fingers high in the air, where they are harmless; sampled for
    # fingers at any height they would be contacts.
    is_outlier = [over > limit_m for over, limit_m in zip(height_error_m, limits_m, strict=True)]
    inliers = [
        np.where(np.abs(over) > limit_m, np.nan, over) for over, limit_m in zip(height_error_m, limits_m, strict=True)
    ]
    bins = [_clearance_bins(errors.clearance_m) for errors in recordings]
    hand_tracked = [errors.hand_tracked for errors in recordings]
    is_dropout = [errors.hand_tracked & ~np.isfinite(errors.height_error_m) for errors in recordings]
    speed_bins = [errors.speed_bins for errors in recordings]
    slow_variance_ratio, slow_correlation = _fit_slow_variance(inliers, bins)
    along_m, across_m = (_fit_flow_errors(recordings, side) for side in range(2))
    bias_m, bias_sigma_m, contact_point_sigma_m = _fit_contact_point_errors(recordings)
    rows = [errors.row_error_px - np.nanmedian(errors.row_error_px, axis=0) for errors in recordings]
    rows = [np.where(np.abs(row) < MAX_ROW_ERROR_PX, row, np.nan) for row in rows]
    return FingertipNoise(
        angle_deg=float(np.mean([errors.angle_deg for errors in recordings])),
        distance_m=float(np.mean([errors.distance_m for errors in recordings])),
        rim_offset_m=_to_tuples(rim_offset_m),
        sigma_below_m=_to_tuples(sigma_below_m),
        sigma_above_m=_to_tuples(sigma_above_m),
        finger_bias_sigma_m=finger_bias_sigma_m,
        slow_variance_ratio=slow_variance_ratio,
        slow_correlation=slow_correlation,
        outliers=_fit_bursts(is_outlier, bins, speed_bins, hand_tracked),
        outlier_offset_m=_compute_quantiles(
            np.concatenate([over[outlier] for over, outlier in zip(height_error_m, is_outlier, strict=True)]),
            OUTLIER_QUANTILES,
        ),
        dropouts=_fit_bursts(is_dropout, bins, speed_bins, hand_tracked),
        track_loss=_fit_track_loss([~errors.hands_found for errors in recordings]),
        contact_point_bias_m=bias_m,
        contact_point_bias_sigma_m=bias_sigma_m,
        contact_point_sigma_m=contact_point_sigma_m,
        landmark_row_sigma_px=float(np.nanstd(np.concatenate(rows))),
        landmark_row_correlation=_correlation(rows, [np.isfinite(row) for row in rows], 1),
        flow_error_along_m=along_m,
        flow_error_across_m=across_m,
    )


def _clearance_bins(clearance_m: np.ndarray) -> np.ndarray:
    """The index of each clearance's range."""
    return np.searchsorted(CLEARANCE_BIN_EDGES_M, np.nan_to_num(clearance_m, nan=1.0))


def _finger_groups() -> np.ndarray:
    return np.array(FINGER_GROUP_INDEX * len(HANDS))


def _exclude_occluded_tips(recordings: Sequence[MeasurementErrors]) -> list[MeasurementErrors]:
    """The recordings without the readings of fingers that hide their tips."""
    contact_rim_height_m = _fit_rim_offsets(recordings)[:, 0][_finger_groups()]
    return [
        replace(
            errors,
            height_error_m=np.where(
                errors.height_error_m > contact_rim_height_m + OCCLUDED_TIP_OFFSET_M, np.nan, errors.height_error_m
            ),
        )
        for errors in recordings
    ]


def _fit_rim_offsets(recordings: Sequence[MeasurementErrors]) -> np.ndarray:
    """Median (groups, knots) of measured height minus clearance."""
    return _to_table(
        recordings, [errors.height_error_m for errors in recordings], lambda values: float(np.median(values))
    )


def _fit_sigmas(
    recordings: Sequence[MeasurementErrors], height_error_m: Sequence[np.ndarray], side: float
) -> np.ndarray:
    """Robust scatter (groups, knots) on one side of the median, -1 below and 1 above."""

    def one_sided_sigma_m(values: np.ndarray) -> float:
        off_m = side * (values - np.median(values))
        return float(MAD_TO_SIGMA * np.median(off_m[off_m >= 0]))

    return np.maximum(MIN_SIGMA_M, _to_table(recordings, height_error_m, one_sided_sigma_m))


def _to_table(
    recordings: Sequence[MeasurementErrors], series: Sequence[np.ndarray], measure: Callable[[np.ndarray], float]
) -> np.ndarray:
    table = np.full((len(FINGER_GROUPS), len(CLEARANCE_KNOTS_M)), np.nan)
    for group in range(len(FINGER_GROUPS)):
        for bin_index in range(len(CLEARANCE_KNOTS_M)):
            chosen = [
                values[(_clearance_bins(errors.clearance_m) == bin_index) & (_finger_groups() == group)]
                for errors, values in zip(recordings, series, strict=True)
            ]
            known = np.concatenate(chosen)
            known = known[np.isfinite(known)]
            if len(known) >= MIN_BIN_FRAMES:
                table[group, bin_index] = measure(known)
    return _fill_missing(table)


def _robust_sigma(values: np.ndarray) -> float:
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))


def _fit_finger_biases(
    recordings: Sequence[MeasurementErrors], rim_offset_m: np.ndarray
) -> tuple[list[np.ndarray], tuple[float, ...]]:
    """The bias of each finger at its height, (T, 10) per recording, and its robust scatter over fingers."""
    found: list[list[float]] = [[] for _ in CLEARANCE_KNOTS_M]
    biases = []
    for errors in recordings:
        height_error_m, bins = (
            errors.height_error_m - _interpolate_table(errors, rim_offset_m),
            _clearance_bins(errors.clearance_m),
        )
        bias_m = np.zeros(height_error_m.shape)
        for column in range(FINGER_COUNT):
            for bin_index in range(len(CLEARANCE_KNOTS_M)):
                there = (bins[:, column] == bin_index) & np.isfinite(height_error_m[:, column])
                if there.sum() >= (MIN_BIN_FRAMES if bin_index == 0 else MIN_FINGER_FRAMES):
                    bias_m[there, column] = np.median(height_error_m[there, column])
                    found[bin_index].append(bias_m[there, column][0])
        biases.append(bias_m)
    sigmas_m = np.array([_robust_sigma(np.array(values)) if len(values) > 3 else np.nan for values in found])
    return biases, tuple(float(value) for value in _fill_missing(sigmas_m[None])[0])


def _fill_missing(values: np.ndarray) -> np.ndarray:
    """Fills gaps of each row by linear interpolation, and an empty row by the mean of the others."""
    rows = []
    for row in values:
        known = np.isfinite(row)
        rows.append(
            np.interp(CLEARANCE_KNOTS_M, np.array(CLEARANCE_KNOTS_M)[known], row[known]) if known.any() else row
        )
    filled = np.array(rows)
    return np.where(np.isfinite(filled), filled, np.nanmean(filled, axis=0))


def _interpolate_table(errors: MeasurementErrors, table: np.ndarray) -> np.ndarray:
    """The table's value for each finger at its clearance (T, 10)."""
    columns = [
        np.interp(np.nan_to_num(errors.clearance_m[:, column]), CLEARANCE_KNOTS_M, table[group])
        for column, group in enumerate(_finger_groups())
    ]
    return np.stack(columns, axis=1)


def _correlation(series: Sequence[np.ndarray], where: Sequence[np.ndarray], lag: int) -> float:
    """Of values (T, 10) with those `lag` frames later, both of them in `where`."""
    pairs = []
    for values, chosen in zip(series, where, strict=True):
        both = chosen[lag:] & chosen[:-lag] & np.isfinite(values[lag:]) & np.isfinite(values[:-lag])
        pairs.append(np.stack([values[:-lag][both], values[lag:][both]]))
    first, second = np.concatenate(pairs, axis=1)
    if len(first) < MIN_BIN_FRAMES:
        return 0.0
    return float(np.clip(np.corrcoef(first, second)[0, 1], 0.0, 0.99))


def _fit_slow_variance(series: Sequence[np.ndarray], bins: Sequence[np.ndarray]) -> tuple[tuple[float, ...], float]:
    """Two parts, one new in every frame and one that lasts: fraction of the second by height, and its correlation."""
    in_air = [bin_index > 0 for bin_index in bins]
    near, far = _correlation(series, in_air, 1), _correlation(series, in_air, CORRELATION_LAG_FRAMES)
    lasting = float(np.clip((far / near) ** (1.0 / (CORRELATION_LAG_FRAMES - 1)), 0.5, 0.99)) if near > 0 else 0.5
    ratios = [
        _correlation(series, [bin_index == knot for bin_index in bins], 1) for knot in range(len(CLEARANCE_KNOTS_M))
    ]
    return tuple(min(1.0, ratio / lasting) for ratio in ratios), lasting


def _fit_bursts(
    flags: Sequence[np.ndarray],
    bins: Sequence[np.ndarray],
    speed_bins: Sequence[np.ndarray],
    where: Sequence[np.ndarray],
) -> MarkovBursts:
    """Onset and persistence of the flags (T, 10), by speed and height, and their variation over fingers."""
    shape = len(SPEED_BIN_EDGES_MPS) + 1, len(CLEARANCE_KNOTS_M)
    onsets, onset_frames = np.zeros(shape), np.full(shape, PRIOR_FRAMES)
    continuations, burst_frames = np.zeros(shape), np.full(shape, PRIOR_BURST_FRAMES)
    for flag, bin_index, speed_bin, hand_tracked in zip(flags, bins, speed_bins, where, strict=True):
        both = hand_tracked[1:] & hand_tracked[:-1]
        free, on = both & ~flag[:-1], both & flag[:-1]
        here = speed_bin[1:], bin_index[1:]
        for counts, counted in (
            (onsets, free & flag[1:]),
            (onset_frames, free),
            (continuations, on & flag[1:]),
            (burst_frames, on),
        ):
            np.add.at(counts, here, counted)
    fingers = np.concatenate([flag.mean(axis=0) for flag in flags])
    heterogeneity = float(fingers.std() / fingers.mean()) if fingers.any() else 0.0
    return MarkovBursts(_to_tuples(onsets / onset_frames), _to_tuples(continuations / burst_frames), heterogeneity)


def _fit_track_loss(track_loss: Sequence[np.ndarray]) -> MarkovBursts:
    """Bursts of lost hands, independent of speed and height."""
    flags = np.concatenate(track_loss)
    onsets, continuations = (flags[1:] & ~flags[:-1]).sum(), (flags[1:] & flags[:-1]).sum()
    onset_probability = float(onsets / max(1, (~flags[:-1]).sum()))
    return MarkovBursts.uniform(onset_probability, float(continuations / max(1, flags[:-1].sum())))


def _fit_flow_errors(recordings: Sequence[MeasurementErrors], side: int) -> Table:
    """Quantiles of the flow error along (0) or across (1) the true flow."""
    flow_magnitude_m = np.concatenate([errors.flow_magnitude_m.ravel() for errors in recordings])
    off_m = np.concatenate([errors.flow_error_m[..., side].ravel() for errors in recordings])
    known = np.isfinite(flow_magnitude_m) & np.isfinite(off_m)
    # The range of a knot ends at the geometric mean with its neighbour: lengths compare by ratios.
    nearest = np.searchsorted(np.sqrt(np.multiply(FLOW_KNOTS_M[1:-1], FLOW_KNOTS_M[2:])), flow_magnitude_m)
    bin_index = np.where(flow_magnitude_m < FLOW_KNOTS_M[1] / 2, 0, 1 + nearest)
    return tuple(
        _compute_quantiles(off_m[known & (bin_index == knot)], FLOW_ERROR_QUANTILES)
        for knot in range(len(FLOW_KNOTS_M))
    )


Xy = tuple[float, float]


def _fit_contact_point_errors(recordings: Sequence[MeasurementErrors]) -> tuple[Xy, Xy, Xy]:
    """Errors of the contact point in contact: mean, SD between fingers, and SD within a finger."""
    means, rest = [], []
    for errors in recordings:
        in_contact = errors.clearance_m < CONTACT_CLEARANCE_M
        for column in range(FINGER_COUNT):
            values = errors.contact_point_error_m[in_contact[:, column], column]
            values = values[np.isfinite(values).all(axis=1) & (np.abs(values) < 0.02).all(axis=1)]
            if len(values) >= MIN_BIN_FRAMES:
                means.append(values.mean(axis=0))
                rest.append(values - means[-1])
    if not means:
        raise ValueError("too few touches to fit the contact point to; render longer texts")
    return _to_xy(np.mean(means, axis=0)), _to_xy(np.std(means, axis=0)), _to_xy(np.concatenate(rest).std(axis=0))


def _to_xy(values: np.ndarray) -> Xy:
    return float(values[0]), float(values[1])


def _compute_quantiles(values: np.ndarray, quantiles: Sequence[float]) -> tuple[float, ...]:
    if not len(values):
        return (0.0,) * len(quantiles)
    return tuple(float(value) for value in np.quantile(values, quantiles))


def _to_tuples(table: Iterable[np.ndarray]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in table)
