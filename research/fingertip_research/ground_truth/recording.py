"""The ground truth of a simulated recording: `<bag>.truth.jsonl`, one JSON object per line, each with its `kind`.

First a header; then, in any order, the taps, the rests (contacts without typing) and one line per frame. All points are
in the sheet frame, metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.json_file import line_errors, read_lines, validate_choice
from fingertip_contact.recordings.paths import GROUND_TRUTH_SUFFIX, sibling_path

VERSION = 1
KINDS = ("header", "tap", "rest", "frame")


@dataclass(frozen=True)
class GroundTruthHeader:
    """The settings of the recording; None for fields that the file lacks. calibration_seconds: duration of the empty
    desk at the start. view: the side of the sheet that the camera is on; posture: of the fingers."""

    text: str
    seed: int | None
    angle_deg: float | None
    difficulty: str | None
    words_per_minute: float | None
    layout: str | None
    participant: dict[str, Any]
    calibration_seconds: float | None
    camera_from_sheet: RigidTransform | None
    view: str | None = None
    posture: str | None = None


@dataclass(frozen=True)
class GroundTruthTap:
    """A contact from press_ns to release_ns, intended for `key`. x_m, y_m: point at which the pad touched."""

    press_ns: int
    release_ns: int
    hand: Handedness
    finger: Finger
    key: str
    text: str
    x_m: float
    y_m: float


@dataclass(frozen=True)
class GroundTruthRest:
    """A contact from start_ns to end_ns without typing."""

    start_ns: int
    end_ns: int
    hand: Handedness
    finger: Finger


@dataclass(frozen=True)
class GroundTruthFinger:
    """pad_m: (3,) lowest point of the pad. clearance_m: of the pad over the surface. tip_px: end of the finger in the
    colour image. visible: whether the camera sees it."""

    pad_m: np.ndarray
    clearance_m: float
    contact: bool
    key: str | None
    tip_px: tuple[float, float]
    visible: bool


@dataclass(frozen=True)
class GroundTruthHand:
    """joints_m: name -> (3,)."""

    hand: Handedness
    joints_m: dict[str, np.ndarray]
    fingers: dict[Finger, GroundTruthFinger]


@dataclass(frozen=True)
class GroundTruthFrame:
    stamp_ns: int
    hands: tuple[GroundTruthHand, ...]


@dataclass(frozen=True)
class GroundTruth:
    """The file without its frames; `read_ground_truth_frames` streams those."""

    header: GroundTruthHeader
    taps: tuple[GroundTruthTap, ...]
    rests: tuple[GroundTruthRest, ...] = field(default=())


def ground_truth_path(bag: Path) -> Path:
    """The path of a recording's ground truth, beside the bag: `out/hello.mcap` -> `out/hello.truth.jsonl`."""
    return sibling_path(bag, GROUND_TRUTH_SUFFIX)


def read_ground_truth(path: Path) -> GroundTruth:
    """Header, taps in order of time, and rests.

    Raises FileNotFoundError, or ValueError naming the line and the field.
    """
    header, taps, rests = None, [], []
    for line_number, line in read_lines(path, "ground-truth file"):
        with line_errors(path, line_number):
            kind = validate_choice(line["kind"], KINDS, "kind")
            if kind == "header":
                header = _parse_header(line)
            elif kind == "tap":
                taps.append(_parse_tap(line))
            elif kind == "rest":
                rests.append(_parse_rest(line))
    if header is None:
        raise ValueError(f"{path} has no line of kind 'header'; it is not a ground-truth file, or is truncated")
    return GroundTruth(header, tuple(sorted(taps, key=lambda tap: tap.press_ns)), tuple(rests))


def read_ground_truth_frames(path: Path) -> Iterator[GroundTruthFrame]:
    """The frames in the file's order, one at a time. Raises as `read_ground_truth` does."""
    for line_number, line in read_lines(path, "ground-truth file"):
        with line_errors(path, line_number):
            frame = parse_ground_truth_frame(line) if line["kind"] == "frame" else None
        if frame is not None:
            yield frame


def _parse_header(line: dict[str, Any]) -> GroundTruthHeader:
    if line["version"] != VERSION:
        raise ValueError(f"version is {line['version']!r}; this program reads version {VERSION}")
    pose = line.get("camera_from_sheet")
    return GroundTruthHeader(
        text=str(line["text"]),
        seed=line.get("seed"),
        angle_deg=line.get("angle_deg"),
        difficulty=line.get("difficulty"),
        words_per_minute=line.get("words_per_minute"),
        layout=line.get("layout"),
        participant=line.get("participant", {}),
        calibration_seconds=line.get("calibration_seconds"),
        camera_from_sheet=None if pose is None else _parse_pose(pose),
        view=line.get("view"),
        posture=line.get("posture"),
    )


def _parse_pose(value: dict[str, Any]) -> RigidTransform:
    rotation = np.array(value["rotation"], dtype=np.float64)
    # Entries over 2 would overflow in the product.
    if (
        rotation.shape != (3, 3)
        or not np.all(np.abs(rotation) <= 2)
        or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4)
    ):
        raise ValueError("camera_from_sheet.rotation is not a 3x3 rotation matrix")
    return RigidTransform(rotation, _parse_point(value["translation_m"]))


def _parse_tap(line: dict[str, Any]) -> GroundTruthTap:
    press_ns, release_ns = int(line["press_ns"]), int(line["release_ns"])
    if release_ns < press_ns:
        raise ValueError(f"release_ns {release_ns} is earlier than press_ns {press_ns}")
    return GroundTruthTap(
        press_ns=press_ns,
        release_ns=release_ns,
        hand=validate_choice(line["hand"], HANDS, "hand"),
        finger=validate_choice(line["finger"], FINGERS, "finger"),
        key=str(line["key"]),
        text=str(line["text"]),
        x_m=float(line["x_m"]),
        y_m=float(line["y_m"]),
    )


def _parse_rest(line: dict[str, Any]) -> GroundTruthRest:
    return GroundTruthRest(
        start_ns=int(line["start_ns"]),
        end_ns=int(line["end_ns"]),
        hand=validate_choice(line["hand"], HANDS, "hand"),
        finger=validate_choice(line["finger"], FINGERS, "finger"),
    )


def parse_ground_truth_frame(line: dict[str, Any]) -> GroundTruthFrame:
    """Parses a line of kind `frame`. Raises KeyError, TypeError or ValueError if it is not valid."""
    return GroundTruthFrame(int(line["stamp_ns"]), tuple(_parse_hand(hand) for hand in line["hands"]))


def _parse_hand(value: dict[str, Any]) -> GroundTruthHand:
    return GroundTruthHand(
        hand=validate_choice(value["hand"], HANDS, "hand"),
        joints_m={name: _parse_point(point) for name, point in value["joints_m"].items()},
        fingers={
            validate_choice(name, FINGERS, "finger"): _parse_finger(finger) for name, finger in value["fingers"].items()
        },
    )


def _parse_finger(value: dict[str, Any]) -> GroundTruthFinger:
    u, v = value["tip_px"]
    return GroundTruthFinger(
        pad_m=_parse_point(value["pad_m"]),
        clearance_m=float(value["clearance_m"]),
        contact=bool(value["contact"]),
        key=value["key"],
        tip_px=(float(u), float(v)),
        visible=bool(value["visible"]),
    )


def _parse_point(value: Any) -> np.ndarray:
    point = np.array(value, dtype=np.float64)
    if point.shape != (3,):
        raise ValueError(f"{value!r} is not a point of three coordinates")
    return point
