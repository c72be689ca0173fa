"""What can be set about contact detection, and the named profiles of config/profiles.yaml."""

from __future__ import annotations

import math
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from fingertip_contact.resources import find_share_file

PROFILES_FILE = "config/profiles.yaml"
CLASSIFIERS = ("tree_ensemble", "evidence", "published")


def _bounded_field(default: float, low: float, high: float, description: str) -> Any:
    """A field with a closed range of values, from which nodes also make their parameter descriptors."""
    return field(default=default, metadata={"range": (low, high), "description": description})


@dataclass(frozen=True)
class ContactParameters:
    """Parameters of surface and contact, in SI units. Raises ValueError for a value outside its range.

    Each field's metadata holds `range` (lowest and highest value) or `choices`, and `description`.
    """

    classifier: str = field(
        default="tree_ensemble",
        metadata={
            "choices": CLASSIFIERS,
            "description": "how a press is decided: by fitted trees, evidence, or as published",
        },
    )

    calibration_seconds: float = _bounded_field(1.0, 0.0, 60.0, "how long the bare desk is averaged for the surface, s")
    surface_tolerance_m: float = _bounded_field(
        0.004, 0.0005, 0.05, "largest distance of the surface's pixels to it, m"
    )
    surface_inlier_ratio_min: float = _bounded_field(
        0.5, 0.1, 1.0, "share of valid depth that has to lie on the surface"
    )
    surface_distance_min_m: float = _bounded_field(0.07, 0.01, 10.0, "smallest distance of camera and surface, m")
    surface_distance_max_m: float = _bounded_field(0.8, 0.05, 10.0, "largest distance of camera and surface, m")
    surface_drift_m: float = _bounded_field(0.0015, 0.0002, 0.1, "median shift of the desk that starts a new fit, m")

    depth_noise_px: float = _bounded_field(0.08, 0.001, 2.0, "disparity noise of the depth camera, px")
    baseline_m: float = _bounded_field(0.018, 0.001, 1.0, "baseline of the depth camera, m (D405: 0.018)")
    finger_radius_m: float = _bounded_field(0.0075, 0.002, 0.02, "half the thickness of a fingertip, m")
    contact_height_m: float = _bounded_field(
        0.0071, 0.0, 0.03, "height of a touching fingertip's visible rim before anything is learnt, thumbs 2 mm more, m"
    )

    entry_height_m: float = _bounded_field(0.012, 0.0, 0.05, "a pad lower than this, thickness taken off, may press, m")
    exit_height_m: float = _bounded_field(
        0.0035, 0.0, 0.05, "a pressing pad so much higher than at its lowest is released, m"
    )
    refractory_s: float = _bounded_field(
        0.1, 0.0, 2.0, "no second press of a finger sooner than this after its last one, s"
    )
    move_threshold_m: float = _bounded_field(
        0.006, 0.001, 0.1, "a pressed finger that slides on by more than this sends a move, m"
    )
    track_loss_timeout_s: float = _bounded_field(
        0.15, 0.0, 2.0, "a pressing finger out of sight for longer is cancelled, s"
    )
    decision_delay_s: float = _bounded_field(0.06, 0.0, 0.2, "how long after the touch a press is decided, s")
    press_log_odds_threshold: float = _bounded_field(0.5, -50.0, 50.0, "log-odds above which a touch is a press")
    height_weight: float = _bounded_field(1.0, 0.0, 10.0, "weight of: the pad stops at its finger's contact height")
    descent_weight: float = _bounded_field(1.0, 0.0, 10.0, "weight of: it came down far and fast")
    rank_weight: float = _bounded_field(1.0, 0.0, 10.0, "weight of: no other finger of the hand came down farther")
    flow_weight: float = _bounded_field(1.0, 0.0, 10.0, "weight of: its picture was fast until it stopped")
    flow_lead_weight: float = _bounded_field(1.0, 0.0, 10.0, "weight of: no other finger's picture was as fast")

    def __post_init__(self) -> None:
        for entry in fields(self):
            _validate(entry, getattr(self, entry.name))
        if self.surface_distance_max_m <= self.surface_distance_min_m:
            raise ValueError(
                f"surface_distance_max_m is {self.surface_distance_max_m}; "
                f"it has to be larger than surface_distance_min_m {self.surface_distance_min_m}"
            )


def _validate(entry: Field[Any], value: Any) -> None:
    """Raises ValueError where the value is not one that the field allows."""
    if "choices" in entry.metadata:
        if value not in entry.metadata["choices"]:
            raise ValueError(f"{entry.name} is {value!r}; choose one of {', '.join(entry.metadata['choices'])}")
        return
    low, high = entry.metadata["range"]
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not low <= value <= high:
        raise ValueError(f"{entry.name} is {value!r}; it has to be a number from {low:g} to {high:g}")


def list_profiles() -> tuple[str, ...]:
    """The profiles that come with the package."""
    return tuple(_read_profiles(find_share_file(PROFILES_FILE)))


def load_profile(name_or_path: str | Path) -> ContactParameters:
    """A profile of config/profiles.yaml by name, or the one of a YAML file of the same form.

    A file holds `name: {field: value, ...}`; of a file with several profiles the one called `default` is taken.
    Raises ValueError for an unknown profile, field or value, FileNotFoundError for a file that is not there.
    """
    text = str(name_or_path)
    is_path = isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml"))
    source = Path(text) if is_path else find_share_file(PROFILES_FILE)
    if not source.is_file():
        raise FileNotFoundError(f"profile file {source} is not there")
    profiles = _read_profiles(source)
    name = text
    if is_path:
        name = next(iter(profiles)) if len(profiles) == 1 else "default"
    if name not in profiles:
        raise ValueError(f"{source} has no contact profile {name!r}; choose one of {', '.join(profiles)}")
    return _build_parameters(source, name, profiles[name])


def _read_profiles(source: Path) -> dict[str, Any]:
    try:
        profiles = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{source} is not valid YAML: {error}") from error
    if not isinstance(profiles, dict) or not profiles or not all(isinstance(name, str) for name in profiles):
        raise ValueError(f"{source} has to map profile names to their fields, as `default: {{entry_height_m: 0.0045}}`")
    return profiles


def _build_parameters(source: Path, name: str, values: Any) -> ContactParameters:
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise ValueError(f"{source}, profile {name}: has to map fields to values, not {values!r}")
    known = [entry.name for entry in fields(ContactParameters)]
    unknown = [str(key) for key in values if key not in known]
    if unknown:
        raise ValueError(f"{source}, profile {name}: unknown {', '.join(unknown)}; the fields are {', '.join(known)}")
    try:
        return ContactParameters(**values)
    except ValueError as error:
        raise ValueError(f"{source}, profile {name}: {error}") from error
