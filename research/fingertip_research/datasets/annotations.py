"""Files about the hands in a frame: annotations (positions) and labels (which fingertips are in contact).

Both generations of the published files are read. Annotations: where the older ones have a depth of 0, the newer ones
have null; they also have the key under each fingertip. Labels: older ones have the states `contact` and `hover`, newer
ones `tap`, `touch` and `hover`, and the field `has_contact`. The files written suit older readers; the little finger is
`pinky`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from fingertip_contact.datatypes import FINGERS, LANDMARKS_PER_HAND, Finger, Handedness
from fingertip_contact.json_file import field_errors, read_object, validate_choice

CONTACT_STATES = ("contact", "tap", "touch")
STATES = (*CONTACT_STATES, "hover")

# The first two are ground truth, the others estimates. Published files lack this field; a rule labelled them.
Source = Literal["simulation", "touch_device", "detector", "published"]
SOURCES: tuple[Source, ...] = get_args(Source)
DEFAULT_SOURCE: Source = "published"

_FILE_NAMES: dict[Finger, str] = {finger: "pinky" if finger == "little" else finger for finger in FINGERS}
_FINGER_BY_NAME: dict[str, Finger] = {name: finger for finger, name in _FILE_NAMES.items()} | {"little": "little"}
_METRE_DIGITS, _PIXEL_DIGITS, _MM_DIGITS = 5, 2, 2


# Hands beyond the image have landmarks beyond it, but not by that much.
_MAX_LANDMARK_PX = 1e6


@dataclass(frozen=True)
class AnnotatedHand:
    """handedness: None if unknown. landmarks_px: (21, 2). fingertip_px: pixels. fingertip_depth_m: along the optical
    axis, NaN where not measured. keys: the keys under fingertips; fingertips over no key are omitted."""

    handedness: Handedness | None
    landmarks_px: np.ndarray
    fingertip_px: Mapping[Finger, tuple[float, float]]
    fingertip_depth_m: Mapping[Finger, float]
    keys: Mapping[Finger, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TipLabel:
    """depth_m, surface_depth_m: of the fingertip and of the surface behind it, along the optical axis. distance_m:
    between fingertip and surface. NaN if unknown. state: one of STATES."""

    state: str
    distance_m: float = math.nan
    depth_m: float = math.nan
    surface_depth_m: float = math.nan

    @property
    def contact(self) -> bool:
        return self.state in CONTACT_STATES


@dataclass(frozen=True)
class LabelledHand:
    handedness: Handedness | None
    fingertips: Mapping[Finger, TipLabel]


@dataclass(frozen=True)
class FrameLabel:
    """source: one of SOURCES; labels of `detector` are estimates, not ground truth."""

    hands: tuple[LabelledHand, ...]
    source: Source

    @property
    def contact_count(self) -> int:
        """Number of fingertips in contact."""
        return sum(tip.contact for hand in self.hands for tip in hand.fingertips.values())


def read_annotation(path: Path) -> tuple[AnnotatedHand, ...] | None:
    """The hands of a frame; None if it is not annotated. Raises ValueError that names the file and the fault."""
    value = _read_optional(path)
    if value is None:
        return None
    with field_errors(path):
        return tuple(_parse_annotated_hand(hand) for hand in value["hands"])


def read_label(path: Path) -> FrameLabel | None:
    """The fingertips' states in a frame; None if it is not labelled. Raises as `read_annotation` does."""
    value = _read_optional(path)
    if value is None:
        return None
    with field_errors(path):
        source = validate_choice(value.get("source", DEFAULT_SOURCE), SOURCES, "source")
        return FrameLabel(tuple(_parse_labelled_hand(hand) for hand in value["hands"]), source)


def annotation_to_json(frame_number: int, hands: tuple[AnnotatedHand, ...]) -> dict[str, Any]:
    """The content of an annotation file; an unmeasured depth is 0."""
    return {
        "frame_id": frame_number,
        "num_hands": len(hands),
        "hands": [
            {
                "handedness": _format_handedness(hand.handedness),
                "fingertip_depths_m": {
                    _FILE_NAMES[finger]: _round_or_none(depth_m, _METRE_DIGITS) or 0.0
                    for finger, depth_m in hand.fingertip_depth_m.items()
                },
                "fingertip_pixels": {
                    _FILE_NAMES[finger]: [round(float(x), _PIXEL_DIGITS), round(float(y), _PIXEL_DIGITS)]
                    for finger, (x, y) in hand.fingertip_px.items()
                },
                "fingertip_keys": {_FILE_NAMES[finger]: key for finger, key in hand.keys.items()},
                "landmarks_px": np.round(np.asarray(hand.landmarks_px, dtype=np.float64), _PIXEL_DIGITS).tolist(),
            }
            for hand in hands
        ],
    }


def label_to_json(frame_number: int, label: FrameLabel) -> dict[str, Any]:
    """The content of a label file."""
    return {
        "frame_id": frame_number,
        "num_hands": len(label.hands),
        "source": label.source,
        "has_contact": label.contact_count > 0,
        "hands": [
            {
                "handedness": _format_handedness(hand.handedness),
                "fingertips": {_FILE_NAMES[finger]: _tip_to_json(tip) for finger, tip in hand.fingertips.items()},
            }
            for hand in label.hands
        ],
    }


def _tip_to_json(tip: TipLabel) -> dict[str, Any]:
    return {
        "depth_m": _round_or_none(tip.depth_m, _METRE_DIGITS),
        "surface_depth_m": _round_or_none(tip.surface_depth_m, _METRE_DIGITS),
        "distance_mm": _round_or_none(1000 * tip.distance_m, _MM_DIGITS),
        "state": tip.state,
    }


def _parse_annotated_hand(value: dict[str, Any]) -> AnnotatedHand:
    landmarks = np.array(value["landmarks_px"], dtype=np.float64)
    if (np.abs(landmarks) > _MAX_LANDMARK_PX).any():
        raise ValueError(f"landmarks_px holds a number beyond {_MAX_LANDMARK_PX:g} px")
    landmarks = landmarks.astype(np.float32)
    if landmarks.shape != (LANDMARKS_PER_HAND, 2):
        raise ValueError(f"landmarks_px has the shape {landmarks.shape}; it must be ({LANDMARKS_PER_HAND}, 2)")
    pixels = {_parse_finger(name): (float(x), float(y)) for name, (x, y) in value["fingertip_pixels"].items()}
    depths = {_parse_finger(name): _parse_depth_m(depth) for name, depth in value["fingertip_depths_m"].items()}
    keys = {_parse_finger(name): str(key) for name, key in (value.get("fingertip_keys") or {}).items() if key}
    return AnnotatedHand(_parse_handedness(value.get("handedness")), landmarks, pixels, depths, keys)


def _parse_labelled_hand(value: dict[str, Any]) -> LabelledHand:
    tips = {_parse_finger(name): _parse_tip(tip) for name, tip in value["fingertips"].items()}
    return LabelledHand(_parse_handedness(value.get("handedness")), tips)


def _parse_tip(value: dict[str, Any]) -> TipLabel:
    state = value.get("state")
    if state is None and "has_contact" in value:
        state = "contact" if value["has_contact"] else "hover"
    distance_mm = value.get("distance_mm")
    return TipLabel(
        state=validate_choice(state, STATES, "state"),
        distance_m=math.nan if distance_mm is None else float(distance_mm) / 1000,
        depth_m=_parse_depth_m(value.get("depth_m")),
        surface_depth_m=_parse_depth_m(value.get("surface_depth_m")),
    )


def _parse_finger(name: str) -> Finger:
    if name not in _FINGER_BY_NAME:
        raise ValueError(f"{name!r} is not a finger; it must be one of {', '.join(_FINGER_BY_NAME)}")
    return _FINGER_BY_NAME[name]


def _parse_handedness(value: Any) -> Handedness | None:
    name = str(value).lower()
    return "left" if name == "left" else "right" if name == "right" else None


def _format_handedness(handedness: Handedness | None) -> str:
    return handedness.capitalize() if handedness else "Unknown"


def _parse_depth_m(value: Any) -> float:
    """A depth, metres; 0 and null mean that it is unknown."""
    return float(value) if value else math.nan


def _round_or_none(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def _read_optional(path: Path) -> dict[str, Any] | None:
    try:
        return read_object(path)
    except FileNotFoundError:
        return None
