"""Fits the figures of `fingertip_noise` to recordings whose truth is known frame by frame."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fingertip_contact.contact.fingertips import compute_approach_direction, to_approach_frame
from fingertip_contact.contact.history import FINGER_COUNT, find_column
from fingertip_contact.evaluation.fingertip_noise import (
    EDGES_M,
    GROUP_OF_FINGER,
    GROUPS,
    KNOTS_M,
    PACES_MPS,
    STRAY_SHARES,
    WAY_SHARES,
    WAYS_M,
    Episodes,
    FingertipNoise,
    NoiseFigures,
    Table,
    pace_of,
    pixels_per_m,
)
from fingertip_contact.evaluation.fingertip_recording import FingertipRecording, measure_recording
from fingertip_contact.frames import FINGERS, HANDS
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.bag import open_recording
from fingertip_contact.recordings.truth import read_frames, read_truth, truth_path

# Farther off the middle than so many robust standard deviations is a stray; as many metres at least.
STRAY_SIGMAS, STRAY_LEAST_M = 4.0, 0.003
# What reads so much higher over a pad than a touching rim does is the back of a finger that hides its tip: a stray,
# however many there are of them.
HIDDEN_M = 0.006
# Fewer frames say nothing of a range of heights: its neighbour's figures hold.
LEAST_FRAMES = 8
# In the air a finger's own bias is told from its strays by as many.
LEAST_FRAMES_OF_FINGER = 60
LEAST_SIGMA_M = 0.0002
MAD_TO_SIGMA = 1.4826
# Angles closer than this are one.
SAME_ANGLE_DEG = 4.0
TOUCHING_M = 0.0003
# The prior that keeps a chance that was never seen to come true off zero: frames in which it did not.
PRIOR_FRAMES, PRIOR_EPISODES = 50.0, 2.0
# So many frames later the scatter's lasting part is told from what is new in every frame.
LATER = 5
FARTHEST_ROW_PX = 30.0


@dataclass(frozen=True)
class Errors:
    """One recording against its truth, in columns as FingertipRecording. NaN where either is not known.

    over_m: (T, 10) measured height over the clearance. clearance_m: (T, 10). expected: (T, 10) whether the hand was
    found. found: (T, 2), from the first frame that each hand was found in. pad_m: (T, 10, 2) contact point, and row_px:
    (T, 10) landmark row, measured minus true.
    """

    angle_deg: float
    distance_m: float
    over_m: np.ndarray
    clearance_m: np.ndarray
    expected: np.ndarray
    found: np.ndarray
    pad_m: np.ndarray
    row_px: np.ndarray
    pace: np.ndarray
    way_m: np.ndarray
    off_way_m: np.ndarray


def fit_noise(bags: Sequence[Path], layout: Layout) -> NoiseFigures:
    """Figures for each camera angle of the recordings. Raises ValueError where a truth lacks its frames or camera."""
    by_angle: dict[int, list[Errors]] = defaultdict(list)
    for bag in bags:
        errors = measured_errors(bag, layout)
        nearest = min(by_angle, key=lambda angle: abs(angle - errors.angle_deg), default=None)
        same = nearest is not None and abs(nearest - errors.angle_deg) < SAME_ANGLE_DEG
        by_angle[nearest if same and nearest is not None else round(errors.angle_deg)].append(errors)
    return NoiseFigures(tuple(map(_name, bags)), tuple(_fit(by_angle[angle]) for angle in sorted(by_angle)))


def _name(bag: Path) -> str:
    """What was recorded, whatever the file is called."""
    header = read_truth(truth_path(bag)).header
    return f"{header.difficulty}_{header.seed}_{header.angle_deg:g}"


def measured_errors(bag: Path, layout: Layout) -> Errors:
    """What the real pipeline measures in a recording, minus its truth."""
    header = read_truth(truth_path(bag)).header
    if header.camera_from_sheet is None or header.angle_deg is None:
        raise ValueError(f"{truth_path(bag)} does not say where the camera stood; noise cannot be fitted to it")
    recording = measure_recording(bag, layout, header.calibration_seconds or 1.0)
    clearance_m, pad_m, tip_px = true_fingers(bag, recording)
    with open_recording(bag) as opened:
        camera = opened.camera
    way_m, off_way_m = _ways(recording, tip_px, camera, header.camera_from_sheet)
    sheet = header.camera_from_sheet.inverse
    seen = recording.tracks >= 0
    return Errors(
        angle_deg=header.angle_deg,
        distance_m=float(np.linalg.norm(header.camera_from_sheet.translation_m)),
        over_m=recording.samples.rim_height_m - clearance_m,
        clearance_m=clearance_m,
        expected=np.repeat(seen, len(FINGERS), axis=1) & np.isfinite(clearance_m),
        found=seen[int(np.argmax(seen.all(axis=1))) :],
        pad_m=sheet.apply(recording.samples.contact_point_m)[..., :2] - pad_m,
        row_px=recording.samples.tip_px[..., 1] - tip_px[..., 1],
        pace=pace_of(clearance_m, recording.stamps_ns),
        way_m=way_m,
        off_way_m=off_way_m,
    )


def _ways(
    recording: FingertipRecording, tip_px: np.ndarray, camera: Camera, pose: RigidTransform
) -> tuple[np.ndarray, np.ndarray]:
    """Errors.way_m and off_way_m. tip_px: (T, 10, 2), true."""
    true_m = np.diff(tip_px, axis=0, prepend=np.nan) / pixels_per_m(camera, pose, tip_px)[..., None]
    down = compute_approach_direction(camera, pose.rotation[:, 2], recording.samples.tip_px.reshape(-1, 2)).reshape(
        tip_px.shape
    )
    true_m = to_approach_frame(down, true_m)
    way_m = np.linalg.norm(true_m, axis=-1)
    ahead = true_m / np.maximum(way_m, 1e-9)[..., None]
    off_m = recording.samples.flow_m - true_m
    across = ahead[..., 0] * off_m[..., 1] - ahead[..., 1] * off_m[..., 0]
    return way_m, np.stack([(ahead * off_m).sum(axis=-1), across], axis=-1)


def true_fingers(bag: Path, recording: FingertipRecording) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clearance (T, 10), pad (T, 10, 2) on the sheet, and pixel (T, 10, 2) of each tip; NaN without a truth."""
    count = len(recording.stamps_ns)
    clearance_m = np.full((count, FINGER_COUNT), np.nan)
    pad_m, tip_px = (np.full((count, FINGER_COUNT, 2), np.nan) for _ in range(2))
    rows = {int(stamp): row for row, stamp in enumerate(recording.stamps_ns)}
    for frame in read_frames(truth_path(bag)):
        for hand in frame.hands:
            for finger, true in hand.fingers.items():
                at = rows[frame.stamp_ns], find_column(hand.hand, finger)
                clearance_m[at], tip_px[at] = max(0.0, true.clearance_m), true.tip_px
                pad_m[at] = true.pad_m[:2]
    return clearance_m, pad_m, tip_px


def _fit(recordings: Sequence[Errors]) -> FingertipNoise:
    seen = _with_tip_in_sight(recordings)
    rim_m = _rims(seen)
    own_m, finger_sigma_m = _own_biases(seen, rim_m)
    over_m, seen_m = (
        [errors.over_m - _by_clearance(errors, rim_m) - own for errors, own in zip(parts, own_m, strict=True)]
        for parts in (recordings, seen)
    )
    below_m, above_m = (_spreads(recordings, seen_m, side) for side in (-1.0, 1.0))
    sigma_m = (below_m + above_m) / 2
    limits_m = [np.maximum(STRAY_SIGMAS * _by_clearance(errors, sigma_m), STRAY_LEAST_M) for errors in recordings]
    # Upwards only: the few readings far too low are of fingers high in the air, where they mislead nobody; drawn for
    # fingers at any height they would be touches.
    stray = [over > limit_m for over, limit_m in zip(over_m, limits_m, strict=True)]
    plain = [np.where(np.abs(over) > limit_m, np.nan, over) for over, limit_m in zip(over_m, limits_m, strict=True)]
    bins = [_bins(errors.clearance_m) for errors in recordings]
    expected = [errors.expected for errors in recordings]
    gap = [errors.expected & ~np.isfinite(errors.over_m) for errors in recordings]
    pace = [errors.pace for errors in recordings]
    slow_share, slow_correlation = _slow(plain, bins)
    along_m, across_m = (_way_errors(recordings, side) for side in range(2))
    bias_m, bias_sigma_m, pad_sigma_m = _pad_errors(recordings)
    rows = [errors.row_px - np.nanmedian(errors.row_px, axis=0) for errors in recordings]
    rows = [np.where(np.abs(row) < FARTHEST_ROW_PX, row, np.nan) for row in rows]
    return FingertipNoise(
        angle_deg=float(np.mean([errors.angle_deg for errors in recordings])),
        distance_m=float(np.mean([errors.distance_m for errors in recordings])),
        rim_m=_tuples(rim_m),
        below_m=_tuples(below_m),
        above_m=_tuples(above_m),
        finger_sigma_m=finger_sigma_m,
        slow_share=slow_share,
        slow_correlation=slow_correlation,
        strays=_episodes(stray, bins, pace, expected),
        stray_m=_quantiles(
            np.concatenate([over[strayed] for over, strayed in zip(over_m, stray, strict=True)]), STRAY_SHARES
        ),
        gaps=_episodes(gap, bins, pace, expected),
        lost=_losses([~errors.found for errors in recordings]),
        pad_bias_m=bias_m,
        pad_bias_sigma_m=bias_sigma_m,
        pad_sigma_m=pad_sigma_m,
        row_sigma_px=float(np.nanstd(np.concatenate(rows))),
        row_correlation=_correlation(rows, [np.isfinite(row) for row in rows], 1),
        way_along_m=along_m,
        way_across_m=across_m,
    )


def _bins(clearance_m: np.ndarray) -> np.ndarray:
    """Which range each clearance is in."""
    return np.searchsorted(EDGES_M, np.nan_to_num(clearance_m, nan=1.0))


def _groups() -> np.ndarray:
    return np.array(GROUP_OF_FINGER * len(HANDS))


def _with_tip_in_sight(recordings: Sequence[Errors]) -> list[Errors]:
    """The recordings without the readings of fingers that hide their tips."""
    touching_m = _rims(recordings)[:, 0][_groups()]
    return [
        replace(errors, over_m=np.where(errors.over_m > touching_m + HIDDEN_M, np.nan, errors.over_m))
        for errors in recordings
    ]


def _rims(recordings: Sequence[Errors]) -> np.ndarray:
    """Middle (groups, knots) of what is measured over the clearance."""
    return _tabled(recordings, [errors.over_m for errors in recordings], lambda values: float(np.median(values)))


def _spreads(recordings: Sequence[Errors], over_m: Sequence[np.ndarray], side: float) -> np.ndarray:
    """Robust scatter (groups, knots) on one side of the middle, -1 below and 1 above."""

    def spread_m(values: np.ndarray) -> float:
        off_m = side * (values - np.median(values))
        return float(MAD_TO_SIGMA * np.median(off_m[off_m >= 0]))

    return np.maximum(LEAST_SIGMA_M, _tabled(recordings, over_m, spread_m))


def _tabled(
    recordings: Sequence[Errors], series: Sequence[np.ndarray], measure: Callable[[np.ndarray], float]
) -> np.ndarray:
    table = np.full((len(GROUPS), len(KNOTS_M)), np.nan)
    for group in range(len(GROUPS)):
        for number in range(len(KNOTS_M)):
            chosen = [
                values[(_bins(errors.clearance_m) == number) & (_groups() == group)]
                for errors, values in zip(recordings, series, strict=True)
            ]
            known = np.concatenate(chosen)
            known = known[np.isfinite(known)]
            if len(known) >= LEAST_FRAMES:
                table[group, number] = measure(known)
    return _filled(table)


def _robust_sigma(values: np.ndarray) -> float:
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))


def _own_biases(recordings: Sequence[Errors], rim_m: np.ndarray) -> tuple[list[np.ndarray], tuple[float, ...]]:
    """What is always off in each finger by its height (T, 10) a recording, and its robust scatter over fingers."""
    found: list[list[float]] = [[] for _ in KNOTS_M]
    biases = []
    for errors in recordings:
        over_m, bins = errors.over_m - _by_clearance(errors, rim_m), _bins(errors.clearance_m)
        bias_m = np.zeros(over_m.shape)
        for column in range(FINGER_COUNT):
            for number in range(len(KNOTS_M)):
                there = (bins[:, column] == number) & np.isfinite(over_m[:, column])
                if there.sum() >= (LEAST_FRAMES if number == 0 else LEAST_FRAMES_OF_FINGER):
                    bias_m[there, column] = np.median(over_m[there, column])
                    found[number].append(bias_m[there, column][0])
        biases.append(bias_m)
    sigmas_m = np.array([_robust_sigma(np.array(values)) if len(values) > 3 else np.nan for values in found])
    return biases, tuple(float(value) for value in _filled(sigmas_m[None])[0])


def _filled(values: np.ndarray) -> np.ndarray:
    """Gaps of each row by a line between its neighbours; a row of nothing by the mean of the others."""
    rows = []
    for row in values:
        known = np.isfinite(row)
        rows.append(np.interp(KNOTS_M, np.array(KNOTS_M)[known], row[known]) if known.any() else row)
    filled = np.array(rows)
    return np.where(np.isfinite(filled), filled, np.nanmean(filled, axis=0))


def _by_clearance(errors: Errors, table: np.ndarray) -> np.ndarray:
    """The table's value for each finger at its clearance (T, 10)."""
    columns = [
        np.interp(np.nan_to_num(errors.clearance_m[:, column]), KNOTS_M, table[group])
        for column, group in enumerate(_groups())
    ]
    return np.stack(columns, axis=1)


def _correlation(series: Sequence[np.ndarray], where: Sequence[np.ndarray], lag: int) -> float:
    """Of values (T, 10) with those `lag` frames later, both of them in `where`."""
    pairs = []
    for values, chosen in zip(series, where, strict=True):
        both = chosen[lag:] & chosen[:-lag] & np.isfinite(values[lag:]) & np.isfinite(values[:-lag])
        pairs.append(np.stack([values[:-lag][both], values[lag:][both]]))
    first, second = np.concatenate(pairs, axis=1)
    if len(first) < LEAST_FRAMES:
        return 0.0
    return float(np.clip(np.corrcoef(first, second)[0, 1], 0.0, 0.99))


def _slow(series: Sequence[np.ndarray], bins: Sequence[np.ndarray]) -> tuple[tuple[float, ...], float]:
    """Two parts, one new in every frame and one that lasts: share of the second by height, and its correlation."""
    in_air = [number > 0 for number in bins]
    near, far = _correlation(series, in_air, 1), _correlation(series, in_air, LATER)
    lasting = float(np.clip((far / near) ** (1.0 / (LATER - 1)), 0.5, 0.99)) if near > 0 else 0.5
    shares = [_correlation(series, [number == knot for number in bins], 1) for knot in range(len(KNOTS_M))]
    return tuple(min(1.0, share / lasting) for share in shares), lasting


def _episodes(
    flags: Sequence[np.ndarray], bins: Sequence[np.ndarray], paces: Sequence[np.ndarray], where: Sequence[np.ndarray]
) -> Episodes:
    """How often what is flagged (T, 10) begins and goes on, by pace and height, and how unevenly it is spread over
    fingers."""
    shape = len(PACES_MPS) + 1, len(KNOTS_M)
    begun, chances = np.zeros(shape), np.full(shape, PRIOR_FRAMES)
    stayed, running = np.zeros(shape), np.full(shape, PRIOR_EPISODES)
    for flag, number, pace, expected in zip(flags, bins, paces, where, strict=True):
        both = expected[1:] & expected[:-1]
        free, on = both & ~flag[:-1], both & flag[:-1]
        here = pace[1:], number[1:]
        for counts, counted in ((begun, free & flag[1:]), (chances, free), (stayed, on & flag[1:]), (running, on)):
            np.add.at(counts, here, counted)
    fingers = np.concatenate([flag.mean(axis=0) for flag in flags])
    spread = float(fingers.std() / fingers.mean()) if fingers.any() else 0.0
    return Episodes(_tuples(begun / chances), _tuples(stayed / running), spread)


def _losses(lost: Sequence[np.ndarray]) -> Episodes:
    """Of whole hands, whatever they do."""
    flags = np.concatenate(lost)
    began, went_on = (flags[1:] & ~flags[:-1]).sum(), (flags[1:] & flags[:-1]).sum()
    begin = float(began / max(1, (~flags[:-1]).sum()))
    return Episodes.even(begin, float(went_on / max(1, flags[:-1].sum())))


def _way_errors(recordings: Sequence[Errors], side: int) -> Table:
    """Of the pictures' ways, along (0) or across (1) the true one."""
    way_m = np.concatenate([errors.way_m.ravel() for errors in recordings])
    off_m = np.concatenate([errors.off_way_m[..., side].ravel() for errors in recordings])
    known = np.isfinite(way_m) & np.isfinite(off_m)
    # The range of a knot reaches half the way to its neighbours, as lengths go by ratios.
    nearest = np.searchsorted(np.sqrt(np.multiply(WAYS_M[1:-1], WAYS_M[2:])), way_m)
    number = np.where(way_m < WAYS_M[1] / 2, 0, 1 + nearest)
    return tuple(_quantiles(off_m[known & (number == knot)], WAY_SHARES) for knot in range(len(WAYS_M)))


Pair = tuple[float, float]


def _pad_errors(recordings: Sequence[Errors]) -> tuple[Pair, Pair, Pair]:
    """Of the contact point while touching: mean, SD from finger to finger, and SD about that."""
    means, rest = [], []
    for errors in recordings:
        touching = errors.clearance_m < TOUCHING_M
        for column in range(FINGER_COUNT):
            values = errors.pad_m[touching[:, column], column]
            values = values[np.isfinite(values).all(axis=1) & (np.abs(values) < 0.02).all(axis=1)]
            if len(values) >= LEAST_FRAMES:
                means.append(values.mean(axis=0))
                rest.append(values - means[-1])
    if not means:
        raise ValueError("too few touches to fit the contact point to; render longer texts")
    return _pair(np.mean(means, axis=0)), _pair(np.std(means, axis=0)), _pair(np.concatenate(rest).std(axis=0))


def _pair(values: np.ndarray) -> Pair:
    return float(values[0]), float(values[1])


def _quantiles(values: np.ndarray, shares: Sequence[float]) -> tuple[float, ...]:
    if not len(values):
        return (0.0,) * len(shares)
    return tuple(float(value) for value in np.quantile(values, shares))


def _tuples(table: Iterable[np.ndarray]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in table)
