"""What is known of all ten fingers around one instant, as numbers that mean the same at any frame rate.

One row of features per finger, from whatever was measured: what is missing is NaN. Names end in the time relative to
the instant, in steps of 1/30 s.
"""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.contact.measurement.history import FingertipHistory
from fingertip_contact.datatypes import FINGERS, HANDS

# Steps of 1/30 s around the instant. Flow is the displacement in the step that ends there.
STEP_S = 1 / 30
STEPS = np.arange(-9, 3)
_FLOW_STEPS = range(-8, 3)
_RELATIVE_STEPS = range(-4, 3)
_OTHERS_STEPS = range(-3, 3)
_SUMS = ((-2, 0), (-3, 0), (-5, 0), (-8, 0), (1, 2))
_HEIGHT_STEPS = range(-5, 3)
_CHANGE_STEPS = (-3, -2, -1, 1, 2)
# The network's word on the instant comes with the frame two steps later; earlier words before it.
_APPEARANCE_STEPS = range(-1, 3)
_HEIGHTS = ("depth", "stereo")

# Features by the cue that they belong to.
CUES: dict[str, tuple[str, ...]] = {
    "flow": (
        *(f"flow_along_mm_{step:+d}" for step in _FLOW_STEPS),
        *(f"flow_across_mm_{step:+d}" for step in _FLOW_STEPS),
        *(f"path_along_mm_{first:+d}{last:+d}" for first, last in _SUMS),
        *(f"path_across_mm_{first:+d}{last:+d}" for first, last in _SUMS),
    ),
    "others": (
        *(f"relative_along_mm_{step:+d}" for step in _RELATIVE_STEPS),
        *(f"relative_across_mm_{step:+d}" for step in _RELATIVE_STEPS),
        *(f"others_{name}_flow_mm_{step:+d}" for name in ("max", "median", "min") for step in _OTHERS_STEPS),
        "flow_rank",
    ),
    "shape": ("finger", *SHAPE, *(f"length_change_mm_{step:+d}" for step in _CHANGE_STEPS)),
    "appearance": (
        *(f"appearance_{output}_{step:+d}" for output in OUTPUTS for step in _APPEARANCE_STEPS),
        "others_max_appearance_touch_down_+2",
        "others_max_appearance_touch_down_+1",
    ),
    **{
        source: (
            *(f"{source}_height_mm_{step:+d}" for step in _HEIGHT_STEPS),
            *(f"{source}_change_mm_{step:+d}" for step in _CHANGE_STEPS),
            f"{source}_hand_median_mm",
            f"{source}_above_floor_mm",
            f"{source}_relative_descent_mm_-1",
            f"{source}_relative_descent_mm_+0",
        )
        for source in _HEIGHTS
    },
}
FEATURES = tuple(name for names in CUES.values() for name in names)
# In place of NaN, for trees that compare numbers: below every value that is measured.
MISSING = -1000.0


def find_unused_features(cues: str) -> np.ndarray:
    """Indices into FEATURES of those that belong to none of these cues, a list separated by commas; empty: all are
    used. Raises ValueError for an unknown cue."""
    names = [name.strip() for name in cues.split(",") if name.strip()] or list(CUES)
    unknown = [name for name in names if name not in CUES]
    if unknown:
        raise ValueError(f"there is no cue {unknown[0]!r}; choose of {', '.join(CUES)}")
    used = {feature for name in names for feature in CUES[name]}
    return np.array([index for index, feature in enumerate(FEATURES) if feature not in used], dtype=int)


def compute_touch_features(history: FingertipHistory, row: int, floors_mm: np.ndarray) -> np.ndarray:
    """(FINGER_COUNT, len(FEATURES)) of the instant of a row; MISSING where unknown.

    floors_mm: (2, FINGER_COUNT) how low each finger's heights (by depth, by stereo) were lately; NaN where unknown.
    """
    at = _Grid(history.stamps_ns, row)
    known = np.isfinite(history.flow_m[..., 0] + history.flow_m[..., 1])
    path_mm = at.sample(1e3 * np.where(known[..., None], history.flow_m, 0.0).cumsum(axis=0))
    flow_mm = np.diff(path_mm, axis=0)  # Step k is row k + 8.
    recent = known[max(0, row - 1) : row + 1].any(axis=0)
    flow_mm[:, ~recent] = np.nan
    features = np.concatenate(
        [
            _describe_flow(flow_mm),
            _describe_others(flow_mm),
            _describe_shape(history.shape[row], at.sample(history.shape[..., 0])),
            _describe_appearance(at.sample(history.appearance)),
            _describe_heights(1e3 * at.sample(history.finger_height_m), floors_mm[0]),
            _describe_heights(1e3 * at.sample(history.stereo_height_m), floors_mm[1]),
        ]
    ).T
    return np.where(np.isfinite(features), features, MISSING)


class _Grid:
    """Interpolates rows of a history at STEPS around one of them; before the first row and after the last nothing is
    known, but for half a step."""

    def __init__(self, stamps_ns: np.ndarray, row: int) -> None:
        times_s = (stamps_ns - stamps_ns[row]) / 1e9
        after = times_s.searchsorted(_WANTED_S).clip(1, max(1, len(times_s) - 1))
        self._before, self._after = after - 1, np.minimum(after, len(times_s) - 1)
        before_s = times_s[self._before]
        gap_s = np.maximum(times_s[self._after] - before_s, 1e-9)
        self._fraction = ((_WANTED_S - before_s) / gap_s).clip(0.0, 1.0)
        self._unknown = (times_s[0] - STEP_S / 2 >= _WANTED_S) | (times_s[-1] + STEP_S / 2 <= _WANTED_S)

    def sample(self, values: np.ndarray) -> np.ndarray:
        """(len(STEPS), ...) of values (T, ...). Beside a missing row the nearest one counts."""
        fraction = self._fraction.reshape(-1, *(1,) * (values.ndim - 1))
        before, after = values[self._before], values[self._after]
        sampled = before + fraction * (after - before)
        np.copyto(sampled, np.where(fraction < 0.5, before, after), where=~np.isfinite(sampled))
        sampled[self._unknown] = np.nan
        return sampled


# Of every kind of features: (its number of features, FINGER_COUNT), in the order of CUES.


def _describe_flow(flow_mm: np.ndarray) -> np.ndarray:
    paths_mm = np.stack([flow_mm[rows].sum(axis=0) for rows in _SUM_ROWS])
    return np.concatenate(
        [flow_mm[..., 1], np.abs(flow_mm[..., 0]), paths_mm[..., 1], np.abs(paths_mm[..., 0])],
    )


def _describe_others(flow_mm: np.ndarray) -> np.ndarray:
    """Each finger beside the others of its hand."""
    # (steps, across and along, hands, fingers)
    by_hand_mm = flow_mm.transpose(0, 2, 1).reshape(len(flow_mm), 2, len(HANDS), len(FINGERS))
    related_mm = by_hand_mm[_RELATIVE_ROWS]
    relative_mm = (related_mm - nan_median(related_mm)[..., None]).reshape(-1, 2, FINGER_COUNT)
    length_mm = np.sqrt((by_hand_mm * by_hand_mm).sum(axis=1))
    path_mm = np.nan_to_num(length_mm[_rows(-2, 0)]).sum(axis=0)
    rank = (path_mm[:, None] > path_mm[:, :, None]).sum(axis=2)
    others_mm = _select_others(length_mm[_OTHERS_ROWS])
    return np.concatenate(
        [
            relative_mm[:, 1],
            np.abs(relative_mm[:, 0]),
            np.fmax.reduce(others_mm, axis=-1).reshape(-1, FINGER_COUNT),
            nan_median(others_mm).reshape(-1, FINGER_COUNT),
            np.fmin.reduce(others_mm, axis=-1).reshape(-1, FINGER_COUNT),
            rank.reshape(1, FINGER_COUNT),
        ]
    )


def _describe_shape(now: np.ndarray, length_mm: np.ndarray) -> np.ndarray:
    """now: (FINGER_COUNT, len(SHAPE)). length_mm: (len(STEPS), FINGER_COUNT)."""
    return np.concatenate([_FINGER_NUMBERS, now.T, length_mm[_CHANGE_SAMPLES] - now[:, 0]])


def _describe_appearance(appearance: np.ndarray) -> np.ndarray:
    """appearance: (len(STEPS), FINGER_COUNT, len(OUTPUTS))."""
    seen = appearance[_APPEARANCE_SAMPLES].transpose(2, 0, 1).reshape(-1, FINGER_COUNT)
    touch_down = appearance[[2 - STEPS[0], 1 - STEPS[0]], :, 0].reshape(2, len(HANDS), len(FINGERS))
    return np.concatenate([seen, np.fmax.reduce(_select_others(touch_down), axis=-1).reshape(2, FINGER_COUNT)])


def _describe_heights(height_mm: np.ndarray, floor_mm: np.ndarray) -> np.ndarray:
    """height_mm: (len(STEPS), FINGER_COUNT). floor_mm: (FINGER_COUNT,)."""
    now_mm = height_mm[-STEPS[0]]
    descents_mm = height_mm[_DESCENT_SAMPLES] - height_mm[_DESCENT_SAMPLES - 2]
    # Of each hand, now and both descents.
    medians_mm = nan_median(np.concatenate([now_mm[None], descents_mm]).reshape(3, len(HANDS), len(FINGERS)))
    medians_mm = medians_mm.repeat(len(FINGERS), axis=1)
    return np.concatenate(
        [
            height_mm[_HEIGHT_SAMPLES],
            height_mm[_CHANGE_SAMPLES] - now_mm,
            medians_mm[:1],
            (now_mm - floor_mm)[None],
            descents_mm - medians_mm[1:],
        ]
    )


def nan_median(values: np.ndarray) -> np.ndarray:
    """(...) medians of the known of values (..., K); NaN where none is. np.nanmedian takes a hundred times as long for
    a few numbers each, and warns where there are none."""
    ordered = np.sort(values, axis=-1).reshape(-1, values.shape[-1])  # NaN comes last.
    count = (~np.isnan(ordered)).sum(axis=1)
    index = np.arange(len(ordered))
    return ((ordered[index, (count - 1) // 2] + ordered[index, count // 2]) / 2).reshape(values.shape[:-1])


def _select_others(values: np.ndarray) -> np.ndarray:
    """Values (..., fingers of a hand) -> (..., fingers, the other fingers)."""
    return values[..., _OTHERS]


def _rows(first: int, last: int) -> slice:
    """The rows of steps in flow."""
    return slice(first - int(STEPS[0]) - 1, last - int(STEPS[0]))


def _sample_rows(steps: range) -> slice:
    """The rows of steps in samples."""
    return slice(steps.start - int(STEPS[0]), steps.stop - int(STEPS[0]))


_WANTED_S = STEPS * STEP_S
_SUM_ROWS = tuple(_rows(first, last) for first, last in _SUMS)
_RELATIVE_ROWS, _OTHERS_ROWS = (_rows(steps[0], steps[-1]) for steps in (_RELATIVE_STEPS, _OTHERS_STEPS))
_APPEARANCE_SAMPLES, _HEIGHT_SAMPLES = _sample_rows(_APPEARANCE_STEPS), _sample_rows(_HEIGHT_STEPS)
_CHANGE_SAMPLES = np.array(_CHANGE_STEPS) - STEPS[0]
# Descents are of two steps, and end here.
_DESCENT_SAMPLES = np.array([-1, 0]) - STEPS[0]
_OTHERS = np.array([[other for other in range(len(FINGERS)) if other != finger] for finger in range(len(FINGERS))])
_FINGER_NUMBERS = np.tile(np.arange(float(len(FINGERS))), len(HANDS))[None]
