"""Labels for sessions: from ground truth, or from the detector, marked as such.

The detector's labels are estimates; they never replace labels from another source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.datatypes import FINGERS, FINGERTIP_LANDMARKS, DepthImage, Finger, FrameResult, Handedness
from fingertip_contact.files import require_inside
from fingertip_research.datasets.annotations import (
    AnnotatedHand,
    FrameLabel,
    LabelledHand,
    Source,
    TipLabel,
    annotation_to_json,
    label_to_json,
    read_label,
)
from fingertip_research.datasets.conversion import SessionGroundTruth
from fingertip_research.datasets.dataset import ANNOTATIONS, LABELS, Session
from fingertip_research.datasets.from_ground_truth import annotate, label, sample_depth_m
from fingertip_research.datasets.writer import write_json

DETECTOR_SOURCE: Source = "detector"


@dataclass(frozen=True)
class LabelledFrame:
    """The label and annotation to write for a frame. hands: None keeps the annotation unchanged."""

    frame_number: int
    label: FrameLabel
    hands: tuple[AnnotatedHand, ...] | None = None


def save_labels(session: Session, labelled: Iterable[LabelledFrame], *, overwrite: bool = False) -> int:
    """Writes labels, and annotations if given; returns the number of frames.

    Existing labels are kept unless `overwrite`; the detector's labels only ever replace the detector's. Raises
    FileExistsError, before anything is written, if existing labels prevent it, and ValueError if a link in the session
    leads out of it.
    """
    for folder in (LABELS, ANNOTATIONS):
        require_inside(session.path / folder, session.path)
    pending = list(labelled)
    for item in pending:
        path = _label_path(session, item.frame_number)
        existing = read_label(path)
        if existing is None:
            continue
        if item.label.source == DETECTOR_SOURCE and existing.source != DETECTOR_SOURCE:
            raise FileExistsError(
                f"{path} has labels of the source {existing.source}, which the detector's estimates never replace"
            )
        if not overwrite:
            raise FileExistsError(f"{path} exists already; allow overwriting (--force)")
    for folder in (LABELS, ANNOTATIONS):
        (session.path / folder).mkdir(exist_ok=True)
    for item in pending:
        if item.hands is not None:
            path = session.path / ANNOTATIONS / f"{item.frame_number:06d}.json"
            write_json(path, annotation_to_json(item.frame_number, item.hands))
        write_json(_label_path(session, item.frame_number), label_to_json(item.frame_number, item.label))
    return len(pending)


def labels_from_ground_truth(session: Session, ground_truth: SessionGroundTruth) -> list[LabelledFrame]:
    """Labels the frames whose exact stamps are in the ground truth. Raises ValueError if there is none."""
    labelled = []
    for frame in session.frames():
        ground_truth_frame = ground_truth.frames.get(session.stamps_ns.get(frame.number, -1))
        if ground_truth_frame is not None:
            hands = annotate(ground_truth_frame, session.camera, ground_truth.camera_from_sheet, frame.load_depth())
            tips = label(ground_truth_frame, session.camera, ground_truth.camera_from_sheet)
            labelled.append(LabelledFrame(frame.number, tips, hands))
    if not labelled:
        raise ValueError(
            f"{session.path}: the ground truth has none of its {len(session.frame_numbers)} stamps; is it another's?"
        )
    return labelled


def label_from_result(
    frame_number: int, result: FrameResult, depth: DepthImage, *, annotate_hands: bool
) -> LabelledFrame:
    """The detector's label of a frame, marked as such. annotate_hands: also return the positions of the hands."""
    states: dict[int, dict[Finger, TipLabel]] = {}
    for tip in result.fingertips:
        state = "contact" if tip.state == "contact" else "hover"
        states.setdefault(tip.track, {})[tip.finger] = TipLabel(state, tip.height_m, float(tip.point_m[2]))
    hands = tuple(LabelledHand(hand.handedness, states.get(hand.track, {})) for hand in result.hands)
    annotated = None
    if annotate_hands:
        annotated = tuple(
            _annotate_hand(hand.handedness, np.asarray(hand.landmarks_px), depth) for hand in result.hands
        )
    return LabelledFrame(frame_number, FrameLabel(hands, DETECTOR_SOURCE), annotated)


def _annotate_hand(handedness: Handedness, landmarks_px: np.ndarray, depth: DepthImage) -> AnnotatedHand:
    pixels: dict[Finger, tuple[float, float]] = {
        finger: (float(landmarks_px[index, 0]), float(landmarks_px[index, 1]))
        for finger, index in zip(FINGERS, FINGERTIP_LANDMARKS, strict=True)
    }
    depths = {finger: sample_depth_m(depth, pixel) for finger, pixel in pixels.items()}
    return AnnotatedHand(handedness, landmarks_px, pixels, depths)


def _label_path(session: Session, frame_number: int) -> Path:
    return session.path / LABELS / f"{frame_number:06d}.json"
