"""The settings of a training run. The published recipe is this package's config/training/d405.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fingertip_contact.depth.configuration import D405_MAX_DEPTH_M, check_input_size
from fingertip_contact.settings import choice, number, read_yaml_mapping, replace_values, validate
from fingertip_contact.yaml_file import parse_yaml
from fingertip_research.resources import find_config_file

RECIPE_FILE = "training/d405.yaml"

# Metric -> whether higher is better.
HIGHER_IS_BETTER = {"delta1": True, "mae_mm": False, "abs_rel": False, "rmse_mm": False, "silog": False}


@dataclass(frozen=True)
class TrainingConfiguration:
    """Every value of a run, by default the published recipe. Raises ValueError for a value outside its range.

    Each field's metadata holds `range` or `choices`, and `description`. 0 disables an option that can be disabled.
    """

    base: str = choice(
        "relative",
        ("relative", "metric", "none"),
        "initial weights: the encoder of a relative checkpoint, encoder and head of a metric one, or random ones",
    )
    epochs: int = number(80, 1, 100_000, "passes over the training frames; the cosine ends with the last")
    batch_size: int = number(4, 1, 4096, "images per batch")
    accumulation: int = number(4, 1, 4096, "batches per step, over all processes together")
    height: int = number(518, 14, 4096, "rows of the network's input, a multiple of 14")
    width: int = number(518, 14, 4096, "columns of the network's input, a multiple of 14")
    sizes: tuple[tuple[int, int], ...] = field(
        default=(),
        metadata={"description": "further input sizes [[height, width], ...]; each step draws one size. Improvement"},
    )
    encoder_learning_rate: float = number(5e-6, 0.0, 1.0, "at the start of the cosine")
    head_learning_rate: float = number(5e-5, 0.0, 1.0, "at the start of the cosine")
    weight_decay: float = number(0.01, 0.0, 1.0, "of AdamW")
    beta1: float = number(0.9, 0.0, 0.999999, "of AdamW")
    beta2: float = number(0.999, 0.0, 0.999999, "of AdamW")
    gradient_clip: float = number(0.0, 0.0, 1e6, "largest norm of the gradient; 0: not clipped")
    silog_lambda: float = number(0.5, 0.0, 1.0, "fraction of the common scale error that SiLog forgives")
    min_depth_m: float = number(0.001, 1e-6, 100.0, "smaller depth is invalid")
    max_depth_m: float = number(D405_MAX_DEPTH_M, 1e-3, 1000.0, "larger depth is invalid; maximum depth of the sigmoid")
    flip_probability: float = number(0.5, 0.0, 1.0, "fraction of frames mirrored left to right")
    jitter_probability: float = number(0.5, 0.0, 1.0, "fraction of frames with changed colours")
    jitter: float = number(
        0.1, 0.0, 0.9, "brightness, contrast and saturation change by a factor of 1 - jitter to 1 + jitter"
    )
    seed: int = number(42, 0, 2**31, "of order, augmentation and random weights")
    precision: str = choice("float32", ("float32", "bfloat16"), "of the network; loss and weights are float32")
    best_by: str = choice("delta1", HIGHER_IS_BETTER, "validation metric that selects the best epoch")
    patience: int = number(0, 0, 100_000, "epochs without improvement before the run ends; 0: all epochs")
    bad_batches_max: int = number(50, 1, 1_000_000, "consecutive unusable batches before the run fails")
    epoch_frames: int = number(0, 0, 10**9, "frames per epoch, drawn again for each; 0: all")
    validation_frames: int = number(0, 0, 10**9, "validation frames per epoch, evenly spaced; 0: all")

    near_surface_weight: float = number(1.0, 0.0, 1000.0, "weight of pixels near the surface. Improvement")
    near_surface_band_m: float = number(0.03, 0.004, 1.0, "maximum height of pixels near the surface, m")
    crop_probability: float = number(0.0, 0.0, 1.0, "fraction of frames that are cropped. Improvement")
    crop_scale_min: float = number(0.5, 0.05, 1.0, "smallest crop, as a fraction of either side")
    focal_aware: bool = choice(
        False,
        (True, False),
        "multiply the depth of a crop by its fraction of the side: enlarged objects appear nearer. Improvement",
    )

    def __post_init__(self) -> None:
        validate(self)
        object.__setattr__(self, "sizes", _parse_sizes(self.sizes))
        for height, width in self.all_sizes:
            check_input_size(height, width)
        if self.min_depth_m >= self.max_depth_m:
            raise ValueError(f"min_depth_m is {self.min_depth_m}; it has to be below max_depth_m {self.max_depth_m}")

    @property
    def all_sizes(self) -> tuple[tuple[int, int], ...]:
        """The input sizes from which a step draws, (height, width); the first one is used for validation."""
        return ((self.height, self.width), *self.sizes)


def load_configuration(path: Path | None = None, overrides: Mapping[str, Any] | None = None) -> TrainingConfiguration:
    """The recipe; values of a YAML file replace its own, and those of `overrides` replace both.

    Raises ValueError that names the file for an unknown name or a value out of range; FileNotFoundError if the file is
    missing.
    """
    configuration = replace_values(TrainingConfiguration(), _read(find_config_file(RECIPE_FILE)), RECIPE_FILE)
    if path is not None:
        configuration = replace_values(configuration, _read(path), str(path))
    return replace_values(configuration, overrides or {}, "the command line") if overrides else configuration


def parse_overrides(assignments: Iterable[str]) -> dict[str, Any]:
    """`name=value` with the value in YAML -> name: value. Raises ValueError without `=`."""
    overrides = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ValueError(f"{assignment!r} sets nothing: write NAME=VALUE, e.g. epochs=20")
        overrides[name.strip()] = _parse_value(value)
    return overrides


def to_yaml(configuration: TrainingConfiguration) -> str:
    """Every value; load_configuration restores the same configuration."""
    values = {**asdict(configuration), "sizes": [list(size) for size in configuration.sizes]}
    return yaml.safe_dump(values, sort_keys=False)


def _parse_value(value: str) -> Any:
    parsed = parse_yaml(value, "the value")
    try:
        # YAML 1.1 reads 1e-5 as text: a number needs the point, 1.0e-5.
        return float(parsed) if isinstance(parsed, str) else parsed
    except ValueError:
        return parsed


def _read(path: Path) -> dict[str, Any]:
    values = read_yaml_mapping(path, "epochs: 80")
    try:
        return {name: _parse_value(value) if isinstance(value, str) else value for name, value in values.items()}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _parse_sizes(sizes: Any) -> tuple[tuple[int, int], ...]:
    are_pairs = isinstance(sizes, list | tuple) and all(
        isinstance(size, list | tuple) and len(size) == 2 for size in sizes
    )
    if not are_pairs or not all(type(side) is int for size in sizes for side in size):
        raise ValueError(f"sizes is {sizes!r}; it has to be a list of [height, width]")
    return tuple((height, width) for height, width in sizes)
