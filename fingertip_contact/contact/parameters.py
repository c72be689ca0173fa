"""The parameters of surface and contact, and the named profiles of config/profiles.yaml."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.contact.own_profiles import find_profile_path, list_own_profiles
from fingertip_contact.registry import CONTACT_CLASSIFIERS, SURFACE_SOURCES, Registry
from fingertip_contact.resources import find_share_file
from fingertip_contact.safe_text import describe, suggest, to_printable
from fingertip_contact.settings import choice, number, read_yaml_mapping, replace_values, validate

PROFILES_FILE = "config/profiles.yaml"
# One frame at 30 Hz, and a step of the classifier's features: the frame after the touch shows that the finger stopped.
# Decided without it, errors multiply (event F1 0.97 to 0.7 on rendered hands); the network's word is lost in both.
FAST_DECISION_S = 0.03
EXAMPLE = "default: {entry_height_m: 0.0045}"


def _implementation(default: str, registry: Registry, description: str) -> Any:
    """A field that names an implementation of an extension point."""
    return field(default=default, metadata={"registry": registry, "description": description})


@dataclass(frozen=True)
class ContactParameters:
    """In SI units. Raises ValueError for a value outside its range or a name that is not registered.

    Each field's metadata holds `description`, and `range` (lowest and highest value) or `registry`.
    """

    classifier: str = _implementation(
        "tree_ensemble", CONTACT_CLASSIFIERS, "contact classifier: a registered name, or module:attribute"
    )
    model: str = field(
        default="", metadata={"description": "the classifier's model; relative to the profile's file; empty: built-in"}
    )
    cues: str = field(
        default="",
        metadata={"description": "cues that the classifier `touch` may use, separated by commas; empty: all"},
    )
    surface_source: str = _implementation(
        "sheet_and_depth", SURFACE_SOURCES, "what measures the surface: a registered name, or module:attribute"
    )

    calibration_seconds: float = number(1.0, 0.0, 60.0, "how long the bare desk is averaged for the surface, s")
    # A D405 at 848x480 over print: 2 mm RMS at 30 cm, 4 mm at 41 cm. Plain white paper has twice as much.
    surface_noise_px: float = number(
        0.16, 0.001, 4.0, "standard deviation of depth on a flat surface, fixed part included, px of disparity"
    )
    surface_tolerance_m: float = number(
        0.002, 0.0, 0.05, "distance of the surface's pixels to its plane that is accepted without noise too, m"
    )
    surface_inlier_ratio_min: float = number(
        0.5, 0.1, 1.0, "minimum ratio of the valid depth around the surface that lies on it"
    )
    surface_distance_min_m: float = number(0.07, 0.01, 10.0, "minimum distance from camera to surface, m")
    surface_distance_max_m: float = number(0.8, 0.05, 10.0, "maximum distance from camera to surface, m")
    surface_drift_m: float = number(0.003, 0.0002, 0.1, "largest shift of the surface that is not a movement, m")

    depth_noise_px: float = number(
        D405.disparity_sigma_px, 0.001, 2.0, "standard deviation of the depth camera's disparity, px"
    )
    baseline_m: float = number(D405.baseline_m, 0.001, 1.0, "baseline of the depth camera, m")
    contact_height_m: float = number(
        0.0071, 0.0, 0.03, "prior height of a touching fingertip's visible rim; thumbs 2 mm more, m"
    )

    entry_height_m: float = number(0.012, 0.0, 0.05, "maximum pad height, thickness subtracted, of a press, m")
    exit_height_m: float = number(0.0035, 0.0, 0.05, "rise above the lowest height of a press that releases it, m")
    refractory_s: float = number(0.1, 0.0, 2.0, "minimum time between two presses of one finger, s")
    move_threshold_m: float = number(0.006, 0.001, 0.1, "slide of a pressed finger that sends a move, m")
    track_loss_timeout_s: float = number(0.15, 0.0, 2.0, "a pressed finger unseen for longer is cancelled, s")
    decision_delay_s: float = number(0.06, 0.0, 0.2, "delay from a touch-down to its decision, s")
    decision: str = choice(
        "sure", ("sure", "fast"), f"fast: decide after {FAST_DECISION_S} s at most, with what is known by then"
    )
    press_log_odds_threshold: float = number(0.5, -50.0, 50.0, "log-odds above which a candidate is a press")
    height_weight: float = number(1.0, 0.0, 10.0, "weight of: the descent ends at the finger's contact height")
    descent_weight: float = number(1.0, 0.0, 10.0, "weight of: the descent is long and fast")
    rank_weight: float = number(1.0, 0.0, 10.0, "weight of: no other finger of the hand descended farther")
    flow_weight: float = number(1.0, 0.0, 10.0, "weight of: the fingertip's image was fast until it stopped")
    flow_lead_weight: float = number(1.0, 0.0, 10.0, "weight of: no other fingertip's image was as fast")

    @property
    def settling_s(self) -> float:
        """How old an instant is when it is decided about, s."""
        return min(self.decision_delay_s, FAST_DECISION_S) if self.decision == "fast" else self.decision_delay_s

    def __post_init__(self) -> None:
        validate(self)
        for name, registry in (("classifier", CONTACT_CLASSIFIERS), ("surface_source", SURFACE_SOURCES)):
            if getattr(self, name) not in registry:
                raise ValueError(
                    f"{name} is {describe(getattr(self, name))}; "
                    f"choose one of {', '.join(registry.names())}, or module:attribute"
                )
        if self.surface_distance_max_m <= self.surface_distance_min_m:
            raise ValueError(
                f"surface_distance_max_m is {self.surface_distance_max_m}; "
                f"it has to be larger than surface_distance_min_m {self.surface_distance_min_m}"
            )


def list_profiles() -> tuple[str, ...]:
    """The names of the built-in profiles."""
    return tuple(read_yaml_mapping(find_share_file(PROFILES_FILE), EXAMPLE))


def load_profile(name_or_path: str | Path) -> ContactParameters:
    """A profile by name, or the one of a YAML file. A name is one of config/profiles.yaml, or one that `setup` has
    saved for this user.

    A file holds `name: {field: value, ...}`; of several profiles the one called `default` is used.
    Raises ValueError for an unknown profile, field or value, FileNotFoundError for a missing file.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith((".yaml", ".yml")):
        return _load_file(Path(text))
    source = find_share_file(PROFILES_FILE)
    profiles = read_yaml_mapping(source, EXAMPLE)
    if text in profiles:
        return _build_parameters(source, text, profiles[text])
    own = list_own_profiles()
    if text in own:
        return _load_file(find_profile_path(text))
    saved = f", of those that you have saved ({', '.join(own)})" if own else ""
    raise ValueError(
        f"{source} has no contact profile {text!r}{suggest(text, (*profiles, *own))}; choose one of "
        f"{', '.join(profiles)}{saved}, or name a file that ends in .yaml"
    )


def _load_file(source: Path) -> ContactParameters:
    if not source.is_file():
        raise FileNotFoundError(f"the profile file {source} does not exist")
    profiles = read_yaml_mapping(source, EXAMPLE)
    if not profiles:
        raise ValueError(f"{source} holds no profile; add one, as `{EXAMPLE}`")
    name = next(iter(profiles)) if len(profiles) == 1 else "default"
    if name not in profiles:
        raise ValueError(
            f"{source} has no contact profile 'default', which one of several has to be: {', '.join(profiles)}"
        )
    return _build_parameters(source, name, profiles[name])


def _build_parameters(source: Path, name: str, values: Any) -> ContactParameters:
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise ValueError(f"{source}, profile {name}: has to map fields to values, not {describe(values)}")
    model = values.get("model", "")
    if not isinstance(model, str):
        raise ValueError(
            f"{source}, profile {name}: model is {describe(model)}; it has to be a path, or empty for the built-in"
        )
    if model:
        if not (source.parent / model).exists():
            raise FileNotFoundError(
                f"{source}, profile {name}: the model {to_printable(str(source.parent / model))} does not exist; "
                "correct the path, or leave it empty for the built-in model"
            )
        values = {**values, "model": str(source.parent / model)}
    return replace_values(ContactParameters(), values, f"{source}, profile {name}")
