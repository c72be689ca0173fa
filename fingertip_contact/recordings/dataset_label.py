"""Labels for sessions that have none: from truth, or from a detector, which is marked as such.

What a detector says must never replace what is known: machine labels are not written over others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.frames import FINGERS, FINGERTIP_LANDMARKS, DepthImage, Finger, FrameResult, Handedness
from fingertip_contact.recordings.dataset import ANNOTATIONS, LABELS, Session
from fingertip_contact.recordings.dataset_annotations import (
    AnnotatedHand,
    FrameLabel,
    LabelledHand,
    Source,
    TipLabel,
    annotation_json,
    label_json,
    read_label,
)
from fingertip_contact.recordings.dataset_bag import Truth
from fingertip_contact.recordings.dataset_truth import annotate, depth_at, label
from fingertip_contact.recordings.dataset_writer import write_json

GUESSED: Source = "detector"


@dataclass(frozen=True)
class Labelled:
    """What is to be written of a frame; None: leave as it is."""

    number: int
    label: FrameLabel
    hands: tuple[AnnotatedHand, ...] | None = None


def save_labels(session: Session, labelled: Iterable[Labelled], *, overwrite: bool = False) -> int:
    """Writes labels, and annotations where there are some; returns how many frames.

    Labels that are there stay unless `overwrite`; a guess never replaces anything but a guess. Raises FileExistsError
    before anything is written where labels are in the way.
    """
    waiting = list(labelled)
    for item in waiting:
        path = _label_path(session, item.number)
        before = read_label(path)
        if before is None:
            continue
        if item.label.source == GUESSED and before.source != GUESSED:
            raise FileExistsError(f"{path} has labels of the source {before.source}; a guess does not replace them")
        if not overwrite:
            raise FileExistsError(f"{path} exists already; allow overwriting (--force)")
    for folder in (LABELS, ANNOTATIONS):
        (session.path / folder).mkdir(exist_ok=True)
    for item in waiting:
        if item.hands is not None:
            path = session.path / ANNOTATIONS / f"{item.number:06d}.json"
            write_json(path, annotation_json(item.number, item.hands))
        write_json(_label_path(session, item.number), label_json(item.number, item.label))
    return len(waiting)


def labels_from_truth(session: Session, truth: Truth) -> list[Labelled]:
    """Of the frames whose exact stamps the truth knows. Raises ValueError where there is none."""
    labelled = []
    for frame in session.frames():
        true_frame = truth.frames.get(session.stamps_ns.get(frame.number, -1))
        if true_frame is not None:
            hands = annotate(true_frame, session.camera, truth.camera_from_sheet, frame.load_depth())
            tips = label(true_frame, session.camera, truth.camera_from_sheet)
            labelled.append(Labelled(frame.number, tips, hands))
    if not labelled:
        raise ValueError(f"{session.path}: the truth knows none of its {len(session.numbers)} stamps; is it another's?")
    return labelled


def label_of_result(number: int, result: FrameResult, depth: DepthImage, *, annotate_hands: bool) -> Labelled:
    """What the detector says of a frame, marked as its guess. annotate_hands: also where the hands are."""
    states: dict[int, dict[Finger, TipLabel]] = {}
    for tip in result.fingertips:
        state = "contact" if tip.state == "contact" else "hover"
        states.setdefault(tip.track, {})[tip.finger] = TipLabel(state, tip.height_m, float(tip.point_m[2]))
    hands = tuple(LabelledHand(hand.handedness, states.get(hand.track, {})) for hand in result.hands)
    annotated = None
    if annotate_hands:
        annotated = tuple(_annotated(hand.handedness, np.asarray(hand.landmarks_px), depth) for hand in result.hands)
    return Labelled(number, FrameLabel(hands, GUESSED), annotated)


def _annotated(handedness: Handedness, landmarks_px: np.ndarray, depth: DepthImage) -> AnnotatedHand:
    pixels: dict[Finger, tuple[float, float]] = {
        finger: (float(landmarks_px[index, 0]), float(landmarks_px[index, 1]))
        for finger, index in zip(FINGERS, FINGERTIP_LANDMARKS, strict=True)
    }
    depths = {finger: depth_at(depth, pixel) for finger, pixel in pixels.items()}
    return AnnotatedHand(handedness, landmarks_px, pixels, depths)


def _label_path(session: Session, number: int) -> Path:
    return session.path / LABELS / f"{number:06d}.json"
