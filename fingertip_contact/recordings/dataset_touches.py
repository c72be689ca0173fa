"""Labels from a touch device: when fingers were down, by a clock of its own."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.frames import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.recordings.dataset import Session
from fingertip_contact.recordings.dataset_annotations import (
    FrameLabel,
    LabelledHand,
    TipLabel,
    read_annotation,
    read_label,
)
from fingertip_contact.recordings.dataset_label import Labelled
from fingertip_contact.recordings.jsonl import choice, field_errors

# What the columns may be called, with their units in seconds.
TIME_COLUMNS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

# An offset of the clocks is looked for in steps of a third of a frame, then refined on the touches that agree.
_OFFSET_STEP_NS = 10_000_000
_OFFSET_AGREE_NS = 60_000_000
_LEAST_AGREEING = 3
_SAME_CLOCK_NS = 3600 * 1_000_000_000


@dataclass(frozen=True)
class Touch:
    """A finger on a touch device, by the device's clock until `shifted`."""

    down_ns: int
    up_ns: int
    hand: Handedness
    finger: Finger

    def shifted(self, by_ns: int) -> Touch:
        return Touch(self.down_ns + by_ns, self.up_ns + by_ns, self.hand, self.finger)


def read_touches(path: Path, hand: Handedness | None = None, finger: Finger | None = None) -> list[Touch]:
    """A touch device's CSV with a header: `down_<unit>,up_<unit>` and, unless given here, `hand` and `finger`.

    unit: s, ms, us or ns. Raises FileNotFoundError, or ValueError naming the line and what is wrong in it.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        unit = next(
            (unit for unit in TIME_COLUMNS if {f"down_{unit}", f"up_{unit}"} <= set(rows.fieldnames or ())), None
        )
        if unit is None:
            raise ValueError(
                f"{path}: the first line has to name the columns, down_s and up_s (or _ms, _us, _ns), "
                f"hand and finger; it names {', '.join(rows.fieldnames or ()) or 'nothing'}"
            )
        touches = []
        for number, row in enumerate(rows, start=2):
            with field_errors(f"{path}, line {number}"):
                touches.append(_touch(row, unit, hand, finger))
    if not touches:
        raise ValueError(f"{path} holds no touch")
    return sorted(touches, key=lambda touch: touch.down_ns)


def labels_from_touches(session: Session, touches: Sequence[Touch]) -> list[Labelled]:
    """Every frame of the session: a finger touches while one of its touches lasts, by the camera's clock.

    Hands are those annotated, and those that touch. Raises ValueError where no touch falls into the session.
    """
    stamps = [session.stamps_ns[number] for number in session.numbers if number in session.stamps_ns]
    if not stamps or not any(touch.down_ns <= stamps[-1] and touch.up_ns >= stamps[0] for touch in touches):
        raise ValueError(
            f"{session.path}: none of {len(touches)} touches falls into the session; set the offset between the clocks"
        )
    labelled = []
    for frame in session.frames():
        stamp_ns = session.stamps_ns.get(frame.number)
        if stamp_ns is None:
            continue
        touching = {(touch.hand, touch.finger) for touch in touches if touch.down_ns <= stamp_ns <= touch.up_ns}
        seen = {hand.handedness for hand in read_annotation(frame.annotation_path) or () if hand.handedness}
        hands = tuple(
            LabelledHand(
                hand,
                {finger: TipLabel("contact" if (hand, finger) in touching else "hover") for finger in FINGERS},
            )
            for hand in HANDS
            if hand in seen or any(other == hand for other, _ in touching)
        )
        labelled.append(Labelled(frame.number, FrameLabel(hands, "touch_device")))
    return labelled


def clock_offset_ns(touches: Sequence[Touch], onsets_ns: Sequence[int], within_ns: int) -> int:
    """What has to be added to the device's clock so that most of its touches begin when the camera saw one begin.

    onsets_ns: by the camera, of any finger, found or labelled. within_ns: how far the offset is looked for round 0, or,
    where the clocks count from different days, round that at which both begin together. Raises ValueError where no
    offset makes at least three touches agree, or two far apart do equally well.
    """
    downs, onsets = np.array([touch.down_ns for touch in touches]), np.array(sorted(onsets_ns))
    apart_ns = int(onsets[0] - downs[0]) if len(onsets) else 0
    around_ns = apart_ns if abs(apart_ns) > _SAME_CLOCK_NS else 0
    differences = (onsets[:, None] - downs[None]).ravel()
    differences = np.sort(differences[np.abs(differences - around_ns) <= within_ns])
    candidates = np.arange(around_ns - within_ns, around_ns + within_ns + 1, _OFFSET_STEP_NS)
    agreeing = np.searchsorted(differences, candidates + _OFFSET_AGREE_NS, "right") - np.searchsorted(
        differences, candidates - _OFFSET_AGREE_NS, "left"
    )
    best = int(candidates[int(agreeing.argmax())]) if len(candidates) else 0
    rivals = candidates[(agreeing == agreeing.max()) & (np.abs(candidates - best) > 3 * _OFFSET_AGREE_NS)]
    if agreeing.max() < _LEAST_AGREEING or len(rivals):
        raise ValueError(
            f"the offset between the clocks is not clear: {int(agreeing.max())} of {len(downs)} touches agree at best; "
            "give it by hand, or tap an uneven rhythm at the start of a session"
        )
    near = differences[np.abs(differences - best) <= _OFFSET_AGREE_NS]
    return int(np.median(near))


def onsets_of(session: Session) -> list[int]:
    """Stamps of the frames in which a labelled fingertip begins to touch."""
    onsets, before = [], set[tuple[Handedness | None, Finger]]()
    for frame in session.frames():
        found = read_label(frame.label_path)
        stamp_ns = session.stamps_ns.get(frame.number)
        if found is None or stamp_ns is None:
            continue
        now = {
            (hand.handedness, finger) for hand in found.hands for finger, tip in hand.fingertips.items() if tip.contact
        }
        onsets += [stamp_ns] * len(now - before)
        before = now
    return onsets


def _touch(row: Mapping[str, str], unit: str, hand: Handedness | None, finger: Finger | None) -> Touch:
    down_ns, up_ns = (_nanoseconds(row[f"{name}_{unit}"], unit) for name in ("down", "up"))
    if up_ns < down_ns:
        raise ValueError(f"up_{unit} is earlier than down_{unit}")
    return Touch(
        down_ns,
        up_ns,
        choice(hand or row["hand"].strip().lower(), HANDS, "hand"),
        choice(finger or row["finger"].strip().lower().replace("pinky", "little"), FINGERS, "finger"),
    )


def _nanoseconds(value: str, unit: str) -> int:
    """Whole numbers exactly, whatever their size."""
    if unit == "ns":
        return int(value)
    seconds = float(value) * TIME_COLUMNS[unit]
    if not math.isfinite(seconds):
        raise ValueError(f"{value!r} is no time")
    return round(seconds * 1e9)
