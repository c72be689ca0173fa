"""The last frames of all ten fingers, aligned, so that fingers and instants can be compared."""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.numerics import MAD_TO_SIGMA

# One second at 30 Hz; at higher rates all that a classifier may look at: 0.3 s before an instant that is decided up to
# 0.2 s later. No more than MAX_ROWS, which is that at 120 Hz.
MIN_ROWS, SPAN_S, MAX_ROWS = 32, 0.52, 64
# Rows that are allocated: the last ones move to the front whenever these are full.
_CAPACITY = 4 * MAX_ROWS
# Plausibility limit of heights (metres) and landmarks (pixels): larger values are treated as missing.
PLAUSIBILITY_LIMIT = 1e5
# The arrays of the history, and the field of FingertipSamples that each collects.
_MEASURED = {
    "rim_height_m": "rim_height_m",
    "axial_height_m": "axial_height_m",
    "finger_height_m": "finger_height_m",
    "stereo_height_m": "stereo_height_m",
    "tip_px": "tip_px",
    "contact_points_m": "contact_point_m",
    "flow_m": "flow_m",
    "shape": "shape",
    "appearance": "appearance",
}
_SHAPES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("rim_height_m", "axial_height_m", "finger_height_m", "stereo_height_m", "speed_mps"), ()),
    **dict.fromkeys(("tip_px", "flow_m"), (2,)),
    "contact_points_m": (3,),
    "shape": (len(SHAPE),),
    "appearance": (len(OUTPUTS),),
}
# Standard deviation of heights before it can be estimated, and its limits.
DEFAULT_NOISE_M = 0.0010
NOISE_LIMITS_M = (0.0004, 0.0011)


class FingertipHistory:
    """One row per frame, one column per finger (left thumb to right little finger); NaN where not measured.

    stamps_ns: (T,) int64. rim_height_m, axial_height_m, finger_height_m, stereo_height_m: (T, FINGER_COUNT). tip_px,
    flow_m: (T, FINGER_COUNT, 2). contact_points_m: (T, FINGER_COUNT, 3). shape: (T, FINGER_COUNT, len(SHAPE)).
    appearance: (T, FINGER_COUNT, len(OUTPUTS)). speed_mps: (T, FINGER_COUNT), by HeightFilter. For the others see
    FingertipSamples. All are views of one memory, to be read before the next add().
    """

    stamps_ns: np.ndarray
    rim_height_m: np.ndarray
    axial_height_m: np.ndarray
    tip_px: np.ndarray
    contact_points_m: np.ndarray
    flow_m: np.ndarray
    finger_height_m: np.ndarray
    stereo_height_m: np.ndarray
    shape: np.ndarray
    appearance: np.ndarray
    speed_mps: np.ndarray

    def __init__(self) -> None:
        self._first = self._end = self._pending = 0
        self._stamps_ns = np.zeros(_CAPACITY, dtype=np.int64)
        self._rows = {name: np.full((_CAPACITY, FINGER_COUNT, *shape), np.nan) for name, shape in _SHAPES.items()}
        self._show()

    def add(
        self, stamp_ns: int, columns: list[int], samples: FingertipSamples | None, speeds_mps: np.ndarray | None = None
    ) -> None:
        """Append a frame. columns: the column of each row of samples and of speeds_mps."""
        if self._end == _CAPACITY:
            self._move_to_front()
        row, self._end = self._end, self._end + 1
        self._stamps_ns[row] = stamp_ns
        for name, field in _MEASURED.items():
            _fill_row(self._rows[name][row], columns, None if samples is None else getattr(samples, field))
        _fill_row(self._rows["speed_mps"][row], columns, speeds_mps)
        self._drop_old(stamp_ns)
        self._show()

    def _show(self) -> None:
        shown = slice(self._first, self._end)
        self.stamps_ns = self._stamps_ns[shown]
        for name, values in self._rows.items():
            setattr(self, name, values[shown])

    def _drop_old(self, stamp_ns: int) -> None:
        """Of more than MIN_ROWS those are dropped that are not needed to cover SPAN_S."""
        oldest_ns = stamp_ns - round(SPAN_S * 1e9)
        while (count := self._end - self._first) > MIN_ROWS and (
            count > MAX_ROWS or self._stamps_ns[self._first + 1] <= oldest_ns
        ):
            self._first += 1
        self._pending = max(self._pending, self._first)

    def _move_to_front(self) -> None:
        kept = slice(self._first, self._end)
        for values in (self._stamps_ns, *self._rows.values()):
            values[: self._end - self._first] = values[kept]
        self._first, self._end, self._pending = 0, self._end - self._first, self._pending - self._first

    def pop_settled(self, delay_s: float) -> list[int]:
        """The rows, oldest first, that are at least `delay_s` older than the last one and were not returned before."""
        age_ns = self.stamps_ns[-1] - self._stamps_ns[self._pending : self._end]
        count = int((age_ns >= delay_s * 1e9).sum())
        first = self._pending - self._first
        self._pending += count
        return list(range(first, first + count))

    def estimate_noise_m(self) -> np.ndarray:
        """(FINGER_COUNT,) standard deviation of each finger's heights, metres, from the deviation of each frame
        from the mean of its two neighbours. Over one second the median ignores the few frames of a tap."""
        deviation_m = np.abs(self.rim_height_m[1:-1] - (self.rim_height_m[:-2] + self.rim_height_m[2:]) / 2)
        known = np.isfinite(deviation_m).sum(axis=0)
        # NaN comes last.
        ordered_m = np.sort(deviation_m, axis=0)
        rows = np.stack([(known - 1) // 2, known // 2]).clip(0)
        if not len(ordered_m):
            return np.full(FINGER_COUNT, DEFAULT_NOISE_M)
        median_m = ordered_m[rows, np.arange(FINGER_COUNT)].mean(axis=0)
        noise_m = np.where(known >= 5, median_m * MAD_TO_SIGMA / np.sqrt(1.5), DEFAULT_NOISE_M)
        return np.clip(noise_m, *NOISE_LIMITS_M)


def _fill_row(row: np.ndarray, columns: list[int], values: np.ndarray | None) -> None:
    """These values in these columns of a row, NaN elsewhere."""
    row.fill(np.nan)
    if values is not None:
        row[columns] = np.where(np.abs(values) < PLAUSIBILITY_LIMIT, values, np.nan)
