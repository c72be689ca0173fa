"""Small sessions of a dataset, made fast: noise over a level desk, with annotated hands that are not rendered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.datatypes import FINGERS, DepthImage, Frame
from fingertip_contact.geometry import Camera
from fingertip_research.datasets.annotations import AnnotatedHand, FrameLabel, LabelledHand, TipLabel
from fingertip_research.datasets.dataset import Session, open_session
from fingertip_research.datasets.writer import SessionInfo, SessionWriter

CAMERA = Camera(fx=80.0, fy=81.0, cx=31.0, cy=23.5, width=64, height=48, distortion=(-0.05, 0.05, 0.001, 0.002, -0.01))
START_NS, PERIOD_NS = 1_700_000_000_000_000_000, 33_333_333
INFO = SessionInfo("P01", 90.0, "white_desk", "typing")
DESK_M = 0.35


def stamp_ns(frame_index: int) -> int:
    return START_NS + frame_index * PERIOD_NS


def image(frame_index: int) -> np.ndarray:
    return np.random.default_rng(frame_index).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def make_depth_mm(frame_index: int) -> np.ndarray:
    """A desk seen from straight above, with a little noise and a hole."""
    values = np.random.default_rng(1000 + frame_index).integers(349, 352, (48, 64)).astype(np.uint16)
    values[:3, :3] = 0
    return values


def make_frame(frame_index: int) -> Frame:
    return Frame(
        stamp_ns(frame_index),
        D405.optical_frame,
        CAMERA,
        image(frame_index),
        DepthImage(make_depth_mm(frame_index), 0.001),
    )


def make_frames(count: int) -> Iterator[Frame]:
    return map(make_frame, range(count))


def make_hands(handedness: str = "right") -> tuple[AnnotatedHand, ...]:
    """One hand; landmark i is at (i, i + 10) pixels."""
    landmarks = np.column_stack([np.arange(21), np.arange(21) + 10]).astype(float)
    tips = {finger: (float(4 + 4 * index), 20.0) for index, finger in enumerate(FINGERS)}
    return (AnnotatedHand(handedness, landmarks, tips, dict.fromkeys(FINGERS, 0.34)),)


def make_label(*in_contact: str, source: str = "simulation", handedness: str = "right") -> FrameLabel:
    tips = {finger: TipLabel("contact" if finger in in_contact else "hover", 0.01, 0.34, DESK_M) for finger in FINGERS}
    return FrameLabel((LabelledHand(handedness, tips),), source)


def write_session(
    root: Path, participant: str = "P01", count: int = 3, *, action: str = "typing", labelled: bool = True
) -> Session:
    info = SessionInfo(participant, 90.0, "white_desk", action, "both", "074155", "2026-01-02 07:41:55")
    folder = info.folder(root)
    with SessionWriter(folder, info, CAMERA) as session:
        for frame_index in range(count):
            frame = make_frame(frame_index)
            extras = (make_hands(), make_label("index") if frame_index == 1 else make_label()) if labelled else ()
            session.write(frame.stamp_ns, frame.color_bgr, frame.depth, *extras)
    return open_session(folder)


def change_metadata(session: Session, /, **fields: object) -> Session:
    """The session with some fields of its metadata replaced; None removes a field."""
    file = session.path / "metadata.json"
    metadata = json.loads(file.read_text())
    for name, value in fields.items():
        metadata.pop(name, None)
        if value is not None:
            metadata[name] = value
    file.write_text(json.dumps(metadata))
    return open_session(session.path)
