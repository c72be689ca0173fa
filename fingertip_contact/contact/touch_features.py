"""What is known of all ten fingers around one instant, as numbers that mean the same at any frame rate.

One row of features per finger, from whatever was measured: what is missing is NaN. Names end in the time relative to
the instant, in steps of 1/30 s.
"""

from __future__ import annotations

import warnings

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
    flow_mm[:, np.flatnonzero(~recent)] = np.nan
    with warnings.catch_warnings():
        # Hands that are not there: medians of nothing.
        warnings.simplefilter("ignore", RuntimeWarning)
        columns = [
            *_describe_flow(flow_mm),
            *_describe_others(flow_mm),
            *_describe_shape(history, row, at),
            *_describe_appearance(at.sample(history.appearance)),
        ]
        for heights_m, floor_mm in zip((history.finger_height_m, history.stereo_height_m), floors_mm, strict=True):
            columns += _describe_heights(1e3 * at.sample(heights_m), floor_mm)
    features = np.stack(columns, axis=1)
    return np.where(np.isfinite(features), features, MISSING)


class _Grid:
    """Interpolates rows of a history at STEPS around one of them; before the first row and after the last nothing is
    known, but for half a step."""

    def __init__(self, stamps_ns: np.ndarray, row: int) -> None:
        times_s = (stamps_ns - stamps_ns[row]) / 1e9
        wanted_s = STEPS * STEP_S
        after = np.clip(np.searchsorted(times_s, wanted_s), 1, max(1, len(times_s) - 1))
        self._before, self._after = after - 1, np.minimum(after, len(times_s) - 1)
        gap_s = np.maximum(times_s[self._after] - times_s[self._before], 1e-9)
        self._fraction = np.clip((wanted_s - times_s[self._before]) / gap_s, 0.0, 1.0)
        self._unknown = np.flatnonzero((wanted_s <= times_s[0] - STEP_S / 2) | (wanted_s >= times_s[-1] + STEP_S / 2))

    def sample(self, values: np.ndarray) -> np.ndarray:
        """(len(STEPS), ...) of values (T, ...). Beside a missing row the nearest one counts."""
        fraction = self._fraction.reshape(-1, *(1,) * (values.ndim - 1))
        before, after = values[self._before], values[self._after]
        nearest = np.where(fraction < 0.5, before, after)
        between = before + fraction * (after - before)
        sampled = np.where(np.isfinite(between), between, nearest)
        sampled[self._unknown] = np.nan
        return sampled


def _describe_flow(flow_mm: np.ndarray) -> list[np.ndarray]:
    across_mm, along_mm = flow_mm[..., 0], flow_mm[..., 1]
    return [
        *along_mm,
        *np.abs(across_mm),
        *(along_mm[_rows(first, last)].sum(axis=0) for first, last in _SUMS),
        *(np.abs(across_mm[_rows(first, last)].sum(axis=0)) for first, last in _SUMS),
    ]


def _describe_others(flow_mm: np.ndarray) -> list[np.ndarray]:
    """Each finger beside the others of its hand."""
    by_hand_mm = flow_mm.reshape(len(flow_mm), len(HANDS), len(FINGERS), 2)
    relative_mm = (by_hand_mm - np.nanmedian(by_hand_mm, axis=2, keepdims=True)).reshape(flow_mm.shape)
    length_mm = np.linalg.norm(by_hand_mm, axis=-1)
    path_mm = np.nan_to_num(length_mm[_rows(-2, 0)]).sum(axis=0)
    rank = (path_mm[:, None] > path_mm[:, :, None]).sum(axis=2).astype(float)
    others_mm = _others(length_mm)
    return [
        *(relative_mm[_row(step), :, 1] for step in _RELATIVE_STEPS),
        *(np.abs(relative_mm[_row(step), :, 0]) for step in _RELATIVE_STEPS),
        *(
            reduce(others_mm[_row(step)], axis=-1).reshape(FINGER_COUNT)
            for reduce in (np.nanmax, np.nanmedian, np.nanmin)
            for step in _OTHERS_STEPS
        ),
        rank.reshape(FINGER_COUNT),
    ]


def _describe_shape(history: FingertipHistory, row: int, at: _Grid) -> list[np.ndarray]:
    length_mm = at.sample(history.shape[..., 0])
    now_mm = history.shape[row, :, 0]
    return [
        np.tile(np.arange(float(len(FINGERS))), len(HANDS)),
        *history.shape[row].T,
        *(length_mm[step - STEPS[0]] - now_mm for step in _CHANGE_STEPS),
    ]


def _describe_appearance(appearance: np.ndarray) -> list[np.ndarray]:
    """appearance: (len(STEPS), FINGER_COUNT, len(OUTPUTS))."""
    touch_down = appearance[..., 0].reshape(len(STEPS), len(HANDS), len(FINGERS))
    others = _others(touch_down)
    return [
        *(appearance[step - STEPS[0], :, output] for output in range(len(OUTPUTS)) for step in _APPEARANCE_STEPS),
        *(np.nanmax(others[step - STEPS[0]], axis=-1).reshape(FINGER_COUNT) for step in (2, 1)),
    ]


def _describe_heights(height_mm: np.ndarray, floor_mm: np.ndarray) -> list[np.ndarray]:
    """height_mm: (len(STEPS), FINGER_COUNT). floor_mm: (FINGER_COUNT,)."""
    now_mm = height_mm[-STEPS[0]]
    by_hand_mm = now_mm.reshape(len(HANDS), len(FINGERS))
    descents = []
    for step in (-1, 0):
        descent_mm = (height_mm[step - STEPS[0]] - height_mm[step - 2 - STEPS[0]]).reshape(len(HANDS), len(FINGERS))
        descents.append((descent_mm - np.nanmedian(descent_mm, axis=1, keepdims=True)).reshape(FINGER_COUNT))
    return [
        *(height_mm[step - STEPS[0]] for step in _HEIGHT_STEPS),
        *(height_mm[step - STEPS[0]] - now_mm for step in _CHANGE_STEPS),
        np.repeat(np.nanmedian(by_hand_mm, axis=1), len(FINGERS)),
        now_mm - floor_mm,
        *descents,
    ]


def _others(values: np.ndarray) -> np.ndarray:
    """Values (..., fingers of a hand) -> (..., fingers, the other fingers)."""
    count = values.shape[-1]
    index = np.array([[other for other in range(count) if other != finger] for finger in range(count)])
    return values[..., index]


def _row(step: int) -> int:
    """The row of a step in flow."""
    return int(step - STEPS[0] - 1)


def _rows(first: int, last: int) -> slice:
    return slice(_row(first), _row(last) + 1)
