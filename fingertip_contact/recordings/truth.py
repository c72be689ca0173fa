"""The truth file of a simulated recording: `<bag>.truth.jsonl`, one JSON object a line, told apart by `kind`.

A header first; then, in any order, the taps, the rests (a finger that lies on the surface and is not typing) and one
line for each frame. All points are in the sheet's frame, metres.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fingertip_contact.frames import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.recordings.jsonl import choice, line_errors, read_lines
from fingertip_contact.recordings.names import beside

VERSION = 1
KINDS = ("header", "tap", "rest", "frame")


@dataclass(frozen=True)
class TruthHeader:
    """What was recorded; None where the file does not say. calibration_seconds: how long the desk is empty at first."""

    text: str
    seed: int | None
    angle_deg: float | None
    difficulty: str | None
    words_per_minute: float | None
    layout: str | None
    participant: dict[str, Any]
    calibration_seconds: float | None
    camera_from_sheet: RigidTransform | None


@dataclass(frozen=True)
class TrueTap:
    """A finger on the surface from press_ns to release_ns, meant for `key`. x_m, y_m: where the pad touched."""

    press_ns: int
    release_ns: int
    hand: Handedness
    finger: Finger
    key: str
    text: str
    x_m: float
    y_m: float


@dataclass(frozen=True)
class TrueRest:
    """A finger that lies on the surface from start_ns to end_ns without typing."""

    start_ns: int
    end_ns: int
    hand: Handedness
    finger: Finger


@dataclass(frozen=True)
class TrueFinger:
    """pad_m: (3,) lowest point of the pad. clearance_m: of the pad over the surface. tip_px: end of the finger in the
    colour picture. visible: whether the camera sees it."""

    pad_m: np.ndarray
    clearance_m: float
    contact: bool
    key: str | None
    tip_px: tuple[float, float]
    visible: bool


@dataclass(frozen=True)
class TrueHand:
    """joints_m: name -> (3,)."""

    hand: Handedness
    joints_m: dict[str, np.ndarray]
    fingers: dict[Finger, TrueFinger]


@dataclass(frozen=True)
class TrueFrame:
    stamp_ns: int
    hands: tuple[TrueHand, ...]


@dataclass(frozen=True)
class Truth:
    """Everything but the frames, which are many: `read_frames` streams those."""

    header: TruthHeader
    taps: tuple[TrueTap, ...]
    rests: tuple[TrueRest, ...] = field(default=())


def truth_path(bag: Path) -> Path:
    """Where the truth of a recording lies: beside it, `out/hello.mcap` -> `out/hello.truth.jsonl`."""
    return beside(bag, ".truth.jsonl")


def read_truth(path: Path) -> Truth:
    """Header, taps in order of time, and rests.

    Raises FileNotFoundError, or ValueError naming the line and the field.
    """
    header, taps, rests = None, [], []
    for number, line in read_lines(path, "truth file"):
        with line_errors(path, number):
            kind = choice(line["kind"], KINDS, "kind")
            if kind == "header":
                header = _header(line)
            elif kind == "tap":
                taps.append(_tap(line))
            elif kind == "rest":
                rests.append(_rest(line))
    if header is None:
        raise ValueError(f"{path} has no line of kind 'header'; it is no truth file, or is cut off")
    return Truth(header, tuple(sorted(taps, key=lambda tap: tap.press_ns)), tuple(rests))


def read_frames(path: Path) -> Iterator[TrueFrame]:
    """The frames in the file's order, one at a time. Raises as `read_truth` does."""
    for number, line in read_lines(path, "truth file"):
        with line_errors(path, number):
            frame = true_frame(line) if line["kind"] == "frame" else None
        if frame is not None:
            yield frame


def _header(line: dict[str, Any]) -> TruthHeader:
    if line["version"] != VERSION:
        raise ValueError(f"version is {line['version']!r}; this program reads version {VERSION}")
    pose = line.get("camera_from_sheet")
    return TruthHeader(
        text=str(line["text"]),
        seed=line.get("seed"),
        angle_deg=line.get("angle_deg"),
        difficulty=line.get("difficulty"),
        words_per_minute=line.get("words_per_minute"),
        layout=line.get("layout"),
        participant=line.get("participant", {}),
        calibration_seconds=line.get("calibration_seconds"),
        camera_from_sheet=None if pose is None else _pose(pose),
    )


def _pose(value: dict[str, Any]) -> RigidTransform:
    rotation = np.array(value["rotation"], dtype=np.float64)
    if rotation.shape != (3, 3) or not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-4):
        raise ValueError("camera_from_sheet.rotation is no 3x3 rotation matrix")
    return RigidTransform(rotation, _point(value["translation_m"]))


def _tap(line: dict[str, Any]) -> TrueTap:
    press_ns, release_ns = int(line["press_ns"]), int(line["release_ns"])
    if release_ns < press_ns:
        raise ValueError(f"release_ns {release_ns} is earlier than press_ns {press_ns}")
    return TrueTap(
        press_ns=press_ns,
        release_ns=release_ns,
        hand=choice(line["hand"], HANDS, "hand"),
        finger=choice(line["finger"], FINGERS, "finger"),
        key=str(line["key"]),
        text=str(line["text"]),
        x_m=float(line["x_m"]),
        y_m=float(line["y_m"]),
    )


def _rest(line: dict[str, Any]) -> TrueRest:
    return TrueRest(
        start_ns=int(line["start_ns"]),
        end_ns=int(line["end_ns"]),
        hand=choice(line["hand"], HANDS, "hand"),
        finger=choice(line["finger"], FINGERS, "finger"),
    )


def true_frame(line: dict[str, Any]) -> TrueFrame:
    """A line of kind `frame`. Raises KeyError, TypeError or ValueError where it is none."""
    return TrueFrame(int(line["stamp_ns"]), tuple(_hand(hand) for hand in line["hands"]))


def _hand(value: dict[str, Any]) -> TrueHand:
    return TrueHand(
        hand=choice(value["hand"], HANDS, "hand"),
        joints_m={name: _point(point) for name, point in value["joints_m"].items()},
        fingers={choice(name, FINGERS, "finger"): _finger(finger) for name, finger in value["fingers"].items()},
    )


def _finger(value: dict[str, Any]) -> TrueFinger:
    u, v = value["tip_px"]
    return TrueFinger(
        pad_m=_point(value["pad_m"]),
        clearance_m=float(value["clearance_m"]),
        contact=bool(value["contact"]),
        key=value["key"],
        tip_px=(float(u), float(v)),
        visible=bool(value["visible"]),
    )


def _point(value: Any) -> np.ndarray:
    point = np.array(value, dtype=np.float64)
    if point.shape != (3,):
        raise ValueError(f"{value!r} is no point of three coordinates")
    return point
