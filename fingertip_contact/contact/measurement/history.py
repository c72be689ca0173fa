"""The last frames of all ten fingers, aligned, so that fingers and instants can be compared."""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.columns import FINGER_COUNT
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.numerics import MAD_TO_SIGMA

# One second at 30 Hz, a third at 90 Hz: longer than any approach and any decision delay.
MAX_ROWS = 32
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
# Standard deviation of heights before it can be estimated, and its limits.
DEFAULT_NOISE_M = 0.0010
NOISE_LIMITS_M = (0.0004, 0.0011)


class FingertipHistory:
    """One row per frame, one column per finger (left thumb to right little finger); NaN where not measured.

    stamps_ns: (T,) int64. rim_height_m, axial_height_m, finger_height_m, stereo_height_m: (T, FINGER_COUNT). tip_px,
    flow_m: (T, FINGER_COUNT, 2). contact_points_m: (T, FINGER_COUNT, 3). shape: (T, FINGER_COUNT, len(SHAPE)).
    appearance: (T, FINGER_COUNT, len(OUTPUTS)). speed_mps: (T, FINGER_COUNT), by HeightFilter. For the others see
    FingertipSamples.
    """

    def __init__(self) -> None:
        self.stamps_ns = np.zeros(0, dtype=np.int64)
        self.rim_height_m = np.zeros((0, FINGER_COUNT))
        self.axial_height_m = np.zeros((0, FINGER_COUNT))
        self.tip_px = np.zeros((0, FINGER_COUNT, 2))
        self.contact_points_m = np.zeros((0, FINGER_COUNT, 3))
        self.flow_m = np.zeros((0, FINGER_COUNT, 2))
        self.finger_height_m = np.zeros((0, FINGER_COUNT))
        self.stereo_height_m = np.zeros((0, FINGER_COUNT))
        self.shape = np.zeros((0, FINGER_COUNT, len(SHAPE)))
        self.appearance = np.zeros((0, FINGER_COUNT, len(OUTPUTS)))
        self.speed_mps = np.zeros((0, FINGER_COUNT))
        self._pending = 0

    def add(
        self, stamp_ns: int, columns: list[int], samples: FingertipSamples | None, speeds_mps: np.ndarray | None = None
    ) -> None:
        """Append a frame. columns: the column of each row of samples and of speeds_mps."""
        dropped = max(0, len(self.stamps_ns) - (MAX_ROWS - 1))
        self._pending = max(0, self._pending - dropped)
        self.stamps_ns = np.append(self.stamps_ns[dropped:], stamp_ns)
        for name, field in _MEASURED.items():
            values = None if samples is None else getattr(samples, field)
            setattr(self, name, _append_row(getattr(self, name)[dropped:], columns, values))
        self.speed_mps = _append_row(self.speed_mps[dropped:], columns, speeds_mps)

    def pop_settled(self, delay_s: float) -> list[int]:
        """The rows, oldest first, that are at least `delay_s` older than the last one and were not returned before."""
        age_ns = self.stamps_ns[-1] - self.stamps_ns[self._pending :]
        count = int((age_ns >= delay_s * 1e9).sum())
        rows = list(range(self._pending, self._pending + count))
        self._pending += count
        return rows

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


def _append_row(rows: np.ndarray, columns: list[int], values: np.ndarray | None) -> np.ndarray:
    """The rows and one more: these values in these columns, NaN elsewhere."""
    row = np.full((1, *rows.shape[1:]), np.nan)
    if values is not None:
        row[0, columns] = np.where(np.abs(values) < PLAUSIBILITY_LIMIT, values, np.nan)
    return np.concatenate([rows, row])
