"""The settings of a depth network, and the properties of its weights that are known without opening them.

The network outputs sigmoid x max_depth, and the weights do not hold max_depth: with 20 instead of 0.5 every depth is
40 times too large. So it is never guessed.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.files import atomic_write
from fingertip_contact.json_file import read_object
from fingertip_contact.safe_text import describe
from fingertip_contact.weights import compute_sha256

logger = logging.getLogger(__name__)

D405_MAX_DEPTH_M = D405.depth_range_m[1]
ENCODER = "vits"
# The published file that fine-tuning starts from: its head outputs disparity without a scale.
RELATIVE_BASE = "depth_anything_v2_vits"
UNSUPPORTED_ENCODERS = ("vitb", "vitl", "vitg")
PATCH_SIZE_PX = 14  # side length of the squares that the encoder divides an image into
TRAINING_SIZE_PX = 518  # side length of the images that the published weights were trained on


@dataclass(frozen=True)
class NetworkSpec:
    """One network: its weights file, input size (pixels) and maximum depth.

    Raises ValueError if the size is not a multiple of 14.
    """

    weights: Path
    height: int
    width: int
    max_depth_m: float

    def __post_init__(self) -> None:
        check_input_size(self.height, self.width)

    @cached_property
    def sha256(self) -> str:
        """Of the weights file. Raises ValueError if it is missing."""
        check_exists(self.weights)
        return compute_sha256(self.weights)


def reference_size(height: int, width: int, shorter: int = TRAINING_SIZE_PX) -> tuple[int, int]:
    """(height, width) of the network input that the reference uses for images of the given size.

    The shorter side becomes `shorter`; the aspect ratio is kept to the nearest multiple of 14: 518x686 for 480x640.
    """
    scale = shorter / min(height, width)
    return round_to_patches(height * scale, shorter), round_to_patches(width * scale, shorter)


def round_to_patches(side: float, minimum: int) -> int:
    """The multiple of 14 nearest to a length, but at least `minimum`."""
    nearest = round(side / PATCH_SIZE_PX) * PATCH_SIZE_PX
    return nearest if nearest >= minimum else math.ceil(side / PATCH_SIZE_PX) * PATCH_SIZE_PX


def check_input_size(height: int, width: int) -> None:
    """Raises ValueError if images of that size cannot be divided into patches."""
    if min(height, width) < PATCH_SIZE_PX or height % PATCH_SIZE_PX or width % PATCH_SIZE_PX:
        raise ValueError(
            f"the network's input size {height}x{width} has to be a multiple of {PATCH_SIZE_PX} in both directions"
        )


def check_exists(weights: Path) -> None:
    """Raises ValueError if the file does not exist."""
    if not weights.is_file():
        raise ValueError(
            f"the depth weights {weights} do not exist: state the path of a .pth or .safetensors file, "
            "or run: fingertip-contact models pull d405"
        )


def resolve_max_depth_m(weights: Path, requested_m: float | None = None) -> float:
    """The requested value, else `max_depth` of the config.json beside the weights, else 0.5 for weights with d405 in
    their name. A requested value that contradicts a known one is used, with a warning.

    Raises ValueError if the weights do not exist or are of relative depth, the value is stated nowhere or is not a
    positive number, or config.json is damaged or for another encoder.
    """
    check_exists(weights)
    if weights.stem == RELATIVE_BASE:
        raise ValueError(
            f"{weights} holds relative depth, not metres: fine-tuning starts from it; "
            "run: fingertip-contact models pull d405"
        )
    known_m = find_max_depth_m(weights)
    if requested_m is None and known_m is None:
        raise ValueError(
            f"the maximum depth of {weights} is not stated: give max_depth_m (0.5 for weights fine-tuned for the "
            'D405), or put a config.json with {"max_depth": ...} beside it'
        )
    if requested_m is None:
        return known_m  # type: ignore[return-value]
    if known_m is not None and not math.isclose(requested_m, known_m):
        logger.warning("max_depth_m=%g was stated for %s, which was made with %g", requested_m, weights, known_m)
    return require_positive_m(requested_m, "max_depth_m")


def find_max_depth_m(weights: Path) -> float | None:
    """The value of config.json, else the one that the weights' name implies; None if there is neither."""
    config = weights.with_name("config.json")
    configured_m = read_max_depth_m(config) if config.is_file() else None
    if configured_m is not None:
        return configured_m
    return D405_MAX_DEPTH_M if "d405" in weights.name.lower() else None


def write_config(weights: Path, max_depth_m: float) -> Path:
    """Writes the maximum depth to a config.json beside the weights. Raises ValueError if one states another value."""
    config = weights.with_name("config.json")
    if not config.is_file():
        # A link that leads nowhere is replaced, not followed.
        line = json.dumps({"encoder": ENCODER, "max_depth": max_depth_m}) + "\n"
        with atomic_write(config) as temporary_path:
            temporary_path.write_text(line, encoding="utf-8")
    elif read_max_depth_m(config) != max_depth_m:
        raise ValueError(f"{config} states another maximum depth than {max_depth_m:g} m; choose another folder")
    return config


def read_max_depth_m(config: Path) -> float | None:
    try:
        fields = read_object(config)
    except (OSError, ValueError) as error:
        raise ValueError(f"{config} cannot be read as JSON: {error}; repair or remove it") from error
    encoder = fields.get("encoder", ENCODER)
    if str(encoder).lower() in UNSUPPORTED_ENCODERS:
        raise ValueError(f"{config} is for encoder {describe(encoder)}; only {ENCODER!r} (ViT-S) runs here")
    # transformers' form. What is not stated there is relative depth.
    if fields.get("model_type") == "depth_anything" and fields.get("depth_estimation_type") != "metric":
        raise ValueError(
            f"{config} is for relative depth, not metres; take a metric file, e.g. one whose config.json has "
            '"depth_estimation_type": "metric"'
        )
    return require_positive_m(fields["max_depth"], f"max_depth in {config}") if "max_depth" in fields else None


def require_positive_m(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ValueError(f"{name} is {describe(value)}; it has to be a positive number of metres, 0.5 for the D405")
    return float(value)
