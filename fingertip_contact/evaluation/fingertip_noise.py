"""How the fingertips of a recording are off the truth, as figures: fitted to rendered recordings, drawn from without.

Heights err in ways that a detector can be misled by, so each has its own figures: the visible rim stands over the pad
by an amount that depends on how high the finger is; every person's finger adds a bias of its own; frames scatter about
that, more in the air than on the desk, and correlate; now and then the scan follows another finger and reads metres of
nonsense for some frames (a stray), or nothing at all (a gap). The way of a fingertip's picture has errors of its own.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.recordings.atomic import written_aside
from fingertip_contact.resources import share_file

NOISE_FILE = "config/fingertip_noise.yaml"
# Clearances for which there are figures, metres, and the ranges that they are fitted on; a line between them.
KNOTS_M = (0.0, 0.003, 0.006, 0.010, 0.016)
EDGES_M = (0.0001, 0.0045, 0.008, 0.013)
# Figures are shared by fingers that look alike to the camera, by FINGERS.
GROUPS = ("thumb", "inner", "outer")
GROUP_OF_FINGER = (0, 1, 1, 2, 2)
# Strays at these shares of their distribution.
STRAY_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
# How fast a pad goes up or down tells how often it is taken for another: one that taps is far ahead of its neighbours,
# one that is taken along is behind them. Between these are the three paces, metres a second.
PACES_MPS = (0.01, 0.05)
# Errors of a picture's way from frame to frame by how long it truly is, metres, at these shares of their distribution.
WAYS_M = (0.0, 0.0003, 0.001, 0.003, 0.008)
WAY_SHARES = (0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99)
Table = tuple[tuple[float, ...], ...]
# How far other hands' rims stand from those that figures were fitted to, and by what share (of logarithms) their
# scatter, the errors of ways, and what fingers differ by are larger or smaller: standard deviations.
OTHER_RIM_M = 0.001
OTHER_SHARES = (0.25, 0.3, 0.3)


@dataclass(frozen=True)
class Episodes:
    """Something that begins with a chance a frame at 30 Hz and goes on with another, a row for each pace, by KNOTS_M.
    spread: how much more it happens to some fingers than to others, SD over mean."""

    begin: Table
    stay: Table
    spread: float = 0.0

    @classmethod
    def even(cls, begin: float, stay: float) -> Episodes:
        """The same chances wherever the finger is and whatever it does."""
        begins, stays = ((((chance,) * len(KNOTS_M)),) * (len(PACES_MPS) + 1) for chance in (begin, stay))
        return cls(begins, stays)


@dataclass(frozen=True)
class FingertipNoise:
    """Figures of one camera angle. Metres, pixels; correlations from one frame to the next at 30 Hz.

    rim_m, below_m, above_m: of GROUPS by KNOTS_M, how far the measured height is over the clearance: middle, and
    scatter of a finger to both sides of it (a finger is solid: it errs upwards farther), strays left out.
    finger_sigma_m: by KNOTS_M, SD of the fingers' own biases. slow_share: by KNOTS_M, how much of the scatter's
    variance lasts, with the correlation slow_correlation; the rest is new in every frame. stray_m: what a stray adds,
    at STRAY_SHARES. lost: episodes of a whole hand that is not found (one chance for all heights). pad_bias_m,
    pad_bias_sigma_m, pad_sigma_m: (x, y) of the contact point: of all fingers, of each, of each touch. row_sigma_px,
    row_correlation: of the landmark's picture row. way_along_m, way_across_m: what is measured of a picture's way from
    one frame to the next over the truth, in its direction and across, of WAYS_M at WAY_SHARES. distance_m: of camera
    and sheet as fitted.
    """

    angle_deg: float
    distance_m: float
    rim_m: Table
    below_m: Table
    above_m: Table
    finger_sigma_m: tuple[float, ...]
    slow_share: tuple[float, ...]
    slow_correlation: float
    strays: Episodes
    stray_m: tuple[float, ...]
    gaps: Episodes
    lost: Episodes
    pad_bias_m: tuple[float, float]
    pad_bias_sigma_m: tuple[float, float]
    pad_sigma_m: tuple[float, float]
    row_sigma_px: float
    row_correlation: float
    way_along_m: Table
    way_across_m: Table

    @property
    def touching_m(self) -> np.ndarray:
        """(10,) how high the rim of a touching finger stands on average."""
        return np.array([self.rim_m[group][0] for group in GROUP_OF_FINGER * 2])


@dataclass(frozen=True)
class NoiseFigures:
    """Figures by angle, ascending, and the names of the recordings that they were fitted to."""

    recordings: tuple[str, ...]
    angles: tuple[FingertipNoise, ...]

    def at(self, angle_deg: float) -> FingertipNoise:
        """A line between the angles that were measured; beyond them the nearest holds."""
        known = [noise.angle_deg for noise in self.angles]
        position = float(np.interp(angle_deg, known, np.arange(len(known))))
        below = min(int(position), len(known) - 2) if len(known) > 1 else 0
        low, high = self.angles[below], self.angles[min(below + 1, len(known) - 1)]
        return _mixed(low, high, position - below)


def of_other_hands(noise: FingertipNoise, random: np.random.Generator) -> FingertipNoise:
    """Noise as hands, cameras and light might have it that the figures were not fitted to."""
    rim_m = np.array(noise.rim_m) + random.normal(0.0, OTHER_RIM_M)
    scatter, ways, fingers = (float(np.exp(random.normal(0.0, sigma))) for sigma in OTHER_SHARES)
    return replace(
        noise,
        rim_m=_frozen(rim_m.tolist()),
        below_m=_scaled(noise.below_m, scatter),
        above_m=_scaled(noise.above_m, scatter),
        way_along_m=_scaled(noise.way_along_m, ways),
        way_across_m=_scaled(noise.way_across_m, ways),
        finger_sigma_m=tuple(fingers * sigma_m for sigma_m in noise.finger_sigma_m),
    )


def _scaled(table: Table, factor: float) -> Table:
    return tuple(tuple(factor * value for value in row) for row in table)


def _mixed(low: Any, high: Any, share: float) -> Any:
    """(1 - share) low + share high, through tuples and records."""
    if isinstance(low, tuple):
        return tuple(_mixed(a, b, share) for a, b in zip(low, high, strict=True))
    if isinstance(low, (FingertipNoise, Episodes)):
        return type(low)(**{f.name: _mixed(getattr(low, f.name), getattr(high, f.name), share) for f in fields(low)})
    return (1.0 - share) * low + share * high


def pace_of(clearance_m: np.ndarray, stamps_ns: np.ndarray) -> np.ndarray:
    """Which pace each finger has (T, 10): 0 as good as still, 2 as fast as a tap. clearance_m: NaN where unknown."""
    speed_mps = np.abs(np.gradient(clearance_m, (stamps_ns - stamps_ns[0]) / 1e9, axis=0))
    return np.searchsorted(PACES_MPS, np.nan_to_num(speed_mps))


def pixels_per_m(camera: Camera, pose: RigidTransform, tip_px: np.ndarray) -> np.ndarray:
    """(...) of a metre on the sheet where tips (..., 2) are seen. pose: camera_from_sheet."""
    normal = pose.rotation[:, 2]
    slope = camera.rays(tip_px.reshape(-1, 2)).reshape(*tip_px.shape[:-1], 3) @ normal
    return camera.focal_px * slope / (normal @ pose.translation_m)


def load_noise(path: Path | None = None) -> NoiseFigures:
    """The figures that come with the package, or those of another file. Raises ValueError, FileNotFoundError."""
    source = path or share_file(NOISE_FILE)
    try:
        data = yaml.safe_load(source.read_text(encoding="utf-8"))
        angles = tuple(_noise(entry) for entry in data["angles"])
        figures = NoiseFigures(tuple(data["recordings"]), angles)
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{source} holds no fingertip noise: {error}; write one with `evaluate fit-noise`") from error
    if not figures.angles or list(figures.angles) != sorted(figures.angles, key=lambda noise: noise.angle_deg):
        raise ValueError(f"{source}: angles have to be there and to ascend")
    return figures


def save_noise(figures: NoiseFigures, path: Path) -> None:
    """Writes what load_noise reads."""
    text = yaml.safe_dump(_plain(asdict(figures)), sort_keys=False, default_flow_style=None, width=110)
    head = "# How measured fingertips are off the truth; written by `fingertip-contact evaluate fit-noise`.\n"
    with written_aside(path, overwrite=True) as aside:
        aside.write_text(head + text, encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(entry) for entry in value]
    return value if isinstance(value, str) else float(f"{value:.4g}")


def _noise(entry: dict[str, Any]) -> FingertipNoise:
    values = {name: _frozen(value) for name, value in entry.items()}
    for name in ("strays", "gaps", "lost"):
        values[name] = Episodes(**values[name])
    return FingertipNoise(**values)


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(entry) for entry in value)
    if isinstance(value, dict):
        return {name: _frozen(entry) for name, entry in value.items()}
    return float(value)
