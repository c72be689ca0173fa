"""Noise model of measured fingertips: fitted to rendered recordings, sampled in the kinematic suite.

Each kind of height error that can mislead a detector has its own parameters: the offset of the visible rim above the
pad, which depends on the finger's height; a bias per finger and participant; scatter, which is correlated in time and
larger in the air than on the desk; outliers, where the measurement follows another finger for some frames; and
dropouts. Fingertip flow has errors of its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from fingertip_contact.files import atomic_write
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.yaml_file import read_yaml
from fingertip_research.resources import find_config_file

NOISE_FILE = "fingertip_noise.yaml"
# Of the ideal sensor, whose depth is sharp to a pixel; for comparison.
IDEAL_NOISE_FILE = "fingertip_noise_ideal.yaml"
# Clearances of the table columns, metres, and the edges of the ranges that they are fitted to; linear between them.
CLEARANCE_KNOTS_M = (0.0, 0.003, 0.006, 0.010, 0.016)
CLEARANCE_BIN_EDGES_M = (0.0001, 0.0045, 0.008, 0.013)
# Fingers with a similar appearance share parameters; the index is by FINGERS.
FINGER_GROUPS = ("thumb", "inner", "outer")
FINGER_GROUP_INDEX = (0, 1, 1, 2, 2)
# Quantiles that describe the distribution of outliers.
OUTLIER_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
# Outlier and dropout rates depend on the vertical speed of the pad: a tapping finger is far ahead of its neighbours, a
# coupled one behind them. Edges of the three speed bins, metres per second.
SPEED_BIN_EDGES_MPS = (0.01, 0.05)
# Errors of the fingertip flow per frame: rows by its true length, metres, columns by quantile.
FLOW_KNOTS_M = (0.0, 0.0003, 0.001, 0.003, 0.008)
FLOW_ERROR_QUANTILES = (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
Table = tuple[tuple[float, ...], ...]
# Variation of other hands: standard deviations of the rim offset, and of the natural logarithms of the factors on
# scatter, flow errors and differences between fingers.
RIM_OFFSET_VARIATION_M = 0.001
LOG_SCALE_VARIATIONS = (0.25, 0.3, 0.3)


@dataclass(frozen=True)
class MarkovBursts:
    """Bursts of frames, as a two-state Markov chain at 30 Hz. onset_probability, persistence: per frame, one row per
    speed bin, by CLEARANCE_KNOTS_M. heterogeneity: variation of the rate between fingers, SD over mean."""

    onset_probability: Table
    persistence: Table
    heterogeneity: float = 0.0

    @classmethod
    def uniform(cls, onset_probability: float, persistence: float) -> MarkovBursts:
        """The same probabilities at every height and speed."""
        onset_table, persistence_table = (
            (((probability,) * len(CLEARANCE_KNOTS_M)),) * (len(SPEED_BIN_EDGES_MPS) + 1)
            for probability in (onset_probability, persistence)
        )
        return cls(onset_table, persistence_table)


@dataclass(frozen=True)
class FingertipNoise:
    """Parameters for one camera angle. Metres, pixels; correlations are between consecutive frames at 30 Hz.

    rim_offset_m, sigma_below_m, sigma_above_m: of FINGER_GROUPS by CLEARANCE_KNOTS_M, the measured height minus the
    clearance: median, and scatter of a finger on either side of it (larger above, because fingers are solid), without
    outliers. finger_bias_sigma_m: by CLEARANCE_KNOTS_M, SD of the fingers' own biases. slow_variance_ratio: by
    CLEARANCE_KNOTS_M, the fraction of the scatter's variance that is correlated in time, by slow_correlation; the rest
    is independent in every frame. outlier_offset_m: addition of an outlier, at OUTLIER_QUANTILES. track_loss: bursts
    of frames in which a whole hand is not found (one probability for all heights). contact_point_bias_m,
    contact_point_bias_sigma_m, contact_point_sigma_m: (x, y) errors of the contact point: common to all fingers, per
    finger, per touch. landmark_row_sigma_px, landmark_row_correlation: error of the landmark's image row.
    flow_error_along_m, flow_error_across_m: measured minus true fingertip flow per frame, in its direction and across,
    by FLOW_KNOTS_M at FLOW_ERROR_QUANTILES. distance_m: from camera to sheet in the fitted recordings.
    """

    angle_deg: float
    distance_m: float
    rim_offset_m: Table
    sigma_below_m: Table
    sigma_above_m: Table
    finger_bias_sigma_m: tuple[float, ...]
    slow_variance_ratio: tuple[float, ...]
    slow_correlation: float
    outliers: MarkovBursts
    outlier_offset_m: tuple[float, ...]
    dropouts: MarkovBursts
    track_loss: MarkovBursts
    contact_point_bias_m: tuple[float, float]
    contact_point_bias_sigma_m: tuple[float, float]
    contact_point_sigma_m: tuple[float, float]
    landmark_row_sigma_px: float
    landmark_row_correlation: float
    flow_error_along_m: Table
    flow_error_across_m: Table

    @property
    def contact_rim_height_m(self) -> np.ndarray:
        """(10,) mean height of the rim of a touching finger."""
        return np.array([self.rim_offset_m[group][0] for group in FINGER_GROUP_INDEX * 2])


@dataclass(frozen=True)
class NoiseModel:
    """Noise by camera angle, ascending, and the names of the recordings that it was fitted to."""

    recordings: tuple[str, ...]
    angles: tuple[FingertipNoise, ...]

    def interpolate(self, angle_deg: float) -> FingertipNoise:
        """Linear between the fitted angles; beyond them the nearest one."""
        known = [noise.angle_deg for noise in self.angles]
        position = float(np.interp(angle_deg, known, np.arange(len(known))))
        below = min(int(position), len(known) - 2) if len(known) > 1 else 0
        low, high = self.angles[below], self.angles[min(below + 1, len(known) - 1)]
        return _interpolate(low, high, position - below)


def randomise_noise(noise: FingertipNoise, random: np.random.Generator) -> FingertipNoise:
    """The noise of other hands, cameras and light: a random variation of the fitted noise."""
    rim_offset_m = np.array(noise.rim_offset_m) + random.normal(0.0, RIM_OFFSET_VARIATION_M)
    scatter_scale, flow_scale, finger_scale = (
        float(np.exp(random.normal(0.0, sigma))) for sigma in LOG_SCALE_VARIATIONS
    )
    return replace(
        noise,
        rim_offset_m=_freeze(rim_offset_m.tolist()),
        sigma_below_m=_scale(noise.sigma_below_m, scatter_scale),
        sigma_above_m=_scale(noise.sigma_above_m, scatter_scale),
        flow_error_along_m=_scale(noise.flow_error_along_m, flow_scale),
        flow_error_across_m=_scale(noise.flow_error_across_m, flow_scale),
        finger_bias_sigma_m=tuple(finger_scale * sigma_m for sigma_m in noise.finger_bias_sigma_m),
    )


def _scale(table: Table, factor: float) -> Table:
    return tuple(tuple(factor * value for value in row) for row in table)


def _interpolate(low: Any, high: Any, fraction: float) -> Any:
    """(1 - fraction) low + fraction high, through tuples and records."""
    if isinstance(low, tuple):
        return tuple(_interpolate(a, b, fraction) for a, b in zip(low, high, strict=True))
    if isinstance(low, (FingertipNoise, MarkovBursts)):
        return type(low)(
            **{f.name: _interpolate(getattr(low, f.name), getattr(high, f.name), fraction) for f in fields(low)}
        )
    return (1.0 - fraction) * low + fraction * high


def compute_speed_bins(clearance_m: np.ndarray, stamps_ns: np.ndarray) -> np.ndarray:
    """Speed bin of each finger, (T, 10): 0 nearly still, 2 as fast as a tap. clearance_m: NaN where unknown."""
    speed_mps = np.abs(np.gradient(clearance_m, (stamps_ns - stamps_ns[0]) / 1e9, axis=0))
    return np.searchsorted(SPEED_BIN_EDGES_MPS, np.nan_to_num(speed_mps))


def pixels_per_m(camera: Camera, pose: RigidTransform, tip_px: np.ndarray) -> np.ndarray:
    """(...) pixels per metre on the sheet at the tips (..., 2). pose: camera_from_sheet."""
    normal = pose.rotation[:, 2]
    slope = camera.rays(tip_px.reshape(-1, 2)).reshape(*tip_px.shape[:-1], 3) @ normal
    return camera.focal_px * slope / (normal @ pose.translation_m)


def load_noise_model(path: Path | None = None) -> NoiseModel:
    """The noise model of the package, or of another file. Raises ValueError, FileNotFoundError."""
    source = path or find_config_file(NOISE_FILE)
    try:
        data = read_yaml(source)
        angles = tuple(_parse_noise(entry) for entry in data["angles"])
        noise_model = NoiseModel(tuple(data["recordings"]), angles)
        angles_deg = [float(noise.angle_deg) for noise in angles]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{source} holds no fingertip noise: {error}; write one with `evaluate fit-noise`") from error
    if not angles_deg or angles_deg != sorted(angles_deg):
        raise ValueError(f"{source}: the list of angles is empty or not ascending")
    return noise_model


def save_noise_model(noise_model: NoiseModel, path: Path) -> None:
    """Writes a file for load_noise_model."""
    text = yaml.safe_dump(_to_plain(asdict(noise_model)), sort_keys=False, default_flow_style=None, width=110)
    head = "# Noise of measured fingertips; written by `fingertip-contact evaluate fit-noise`.\n"
    with atomic_write(path, overwrite=True) as temporary_path:
        temporary_path.write_text(head + text, encoding="utf-8")


def _to_plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _to_plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_to_plain(entry) for entry in value]
    return value if isinstance(value, str) else float(f"{value:.4g}")


def _parse_noise(entry: dict[str, Any]) -> FingertipNoise:
    values = {name: _freeze(value) for name, value in entry.items()}
    for name in ("outliers", "dropouts", "track_loss"):
        values[name] = MarkovBursts(**values[name])
    return FingertipNoise(**values)


def _freeze(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_freeze(entry) for entry in value)
    if isinstance(value, dict):
        return {name: _freeze(entry) for name, entry in value.items()}
    return float(value)
