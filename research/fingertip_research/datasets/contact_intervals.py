"""Labels from a touch device, which reports contact intervals by its own clock."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fingertip_contact.datatypes import FINGERS, HANDS, Finger, Handedness
from fingertip_contact.json_file import field_errors, validate_choice
from fingertip_research.datasets.annotations import (
    FrameLabel,
    LabelledHand,
    TipLabel,
    read_annotation,
    read_label,
)
from fingertip_research.datasets.dataset import Session
from fingertip_research.datasets.label import LabelledFrame

# Suffixes of the time columns, with their units in seconds.
SECONDS_PER_UNIT = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

# The clock offset is searched in steps of a third of a frame, then refined on the agreeing contacts.
_OFFSET_STEP_NS = 10_000_000
_OFFSET_TOLERANCE_NS = 60_000_000
_MIN_AGREEING = 3
_MAX_SAME_CLOCK_OFFSET_NS = 3600 * 1_000_000_000


@dataclass(frozen=True)
class LabelledContact:
    """A contact on a touch device, by the device's clock until `shift`."""

    touch_down_ns: int
    lift_off_ns: int
    hand: Handedness
    finger: Finger

    def shift(self, by_ns: int) -> LabelledContact:
        return LabelledContact(self.touch_down_ns + by_ns, self.lift_off_ns + by_ns, self.hand, self.finger)


def read_labelled_contacts(
    path: Path, hand: Handedness | None = None, finger: Finger | None = None
) -> list[LabelledContact]:
    """A touch device's CSV with a header: `down_<unit>,up_<unit>` and, unless given here, `hand` and `finger`.

    unit: s, ms, us or ns. Raises FileNotFoundError, or ValueError that names the line and the fault.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, skipinitialspace=True)
        unit = next(
            (unit for unit in SECONDS_PER_UNIT if {f"down_{unit}", f"up_{unit}"} <= set(rows.fieldnames or ())), None
        )
        if unit is None:
            raise ValueError(
                f"{path}: the first line must name the columns down_s and up_s (or _ms, _us, _ns), "
                f"hand and finger; it names {', '.join(rows.fieldnames or ()) or 'nothing'}"
            )
        contacts = []
        for number, row in enumerate(rows, start=2):
            with field_errors(f"{path}, line {number}"):
                contacts.append(_parse_contact(row, unit, hand, finger))
    if not contacts:
        raise ValueError(f"{path} has no contacts")
    return sorted(contacts, key=lambda contact: contact.touch_down_ns)


def labels_from_contacts(session: Session, contacts: Sequence[LabelledContact]) -> list[LabelledFrame]:
    """Labels every frame of the session: a fingertip is in contact during its intervals, by the camera's clock.

    Hands are those annotated, and those in contact. Raises ValueError if no contact overlaps the session.
    """
    stamps = [session.stamps_ns[number] for number in session.frame_numbers if number in session.stamps_ns]
    if not stamps or not any(
        contact.touch_down_ns <= stamps[-1] and contact.lift_off_ns >= stamps[0] for contact in contacts
    ):
        raise ValueError(f"{session.path}: none of {len(contacts)} contacts overlaps the session; set the clock offset")
    labelled = []
    for frame in session.frames():
        stamp_ns = session.stamps_ns.get(frame.number)
        if stamp_ns is None:
            continue
        in_contact = {
            (contact.hand, contact.finger)
            for contact in contacts
            if contact.touch_down_ns <= stamp_ns <= contact.lift_off_ns
        }
        annotated = {hand.handedness for hand in read_annotation(frame.annotation_path) or () if hand.handedness}
        hands = tuple(
            LabelledHand(
                hand,
                {finger: TipLabel("contact" if (hand, finger) in in_contact else "hover") for finger in FINGERS},
            )
            for hand in HANDS
            if hand in annotated or any(other == hand for other, _ in in_contact)
        )
        labelled.append(LabelledFrame(frame.number, FrameLabel(hands, "touch_device")))
    return labelled


def estimate_clock_offset_ns(
    contacts: Sequence[LabelledContact], onsets_ns: Sequence[int], search_range_ns: int
) -> int:
    """The offset, added to the device's clock, at which most of its contacts begin at an onset seen by the camera.

    onsets_ns: by the camera's clock, of any finger, detected or labelled. search_range_ns: largest difference from 0,
    or, if the clocks have different epochs, from the offset that aligns both first contacts. Raises ValueError if no
    offset makes at least three contacts agree, or if two distant offsets are equally good.
    """
    touch_downs, onsets = np.array([contact.touch_down_ns for contact in contacts]), np.array(sorted(onsets_ns))
    first_difference_ns = int(onsets[0] - touch_downs[0]) if len(onsets) else 0
    center_ns = first_difference_ns if abs(first_difference_ns) > _MAX_SAME_CLOCK_OFFSET_NS else 0
    differences = (onsets[:, None] - touch_downs[None]).ravel()
    differences = np.sort(differences[np.abs(differences - center_ns) <= search_range_ns])
    candidates = np.arange(center_ns - search_range_ns, center_ns + search_range_ns + 1, _OFFSET_STEP_NS)
    agreeing = np.searchsorted(differences, candidates + _OFFSET_TOLERANCE_NS, "right") - np.searchsorted(
        differences, candidates - _OFFSET_TOLERANCE_NS, "left"
    )
    best = int(candidates[int(agreeing.argmax())]) if len(candidates) else 0
    competitors = candidates[(agreeing == agreeing.max()) & (np.abs(candidates - best) > 3 * _OFFSET_TOLERANCE_NS)]
    if agreeing.max() < _MIN_AGREEING or len(competitors):
        raise ValueError(
            f"the clock offset is ambiguous: {int(agreeing.max())} of {len(touch_downs)} contacts agree "
            "at best; set it by hand, or tap an uneven rhythm at the start of a session"
        )
    inliers = differences[np.abs(differences - best) <= _OFFSET_TOLERANCE_NS]
    return int(np.median(inliers))


def find_contact_onsets_ns(session: Session) -> list[int]:
    """Stamps of the frames in which a labelled contact begins."""
    onsets, previous = [], set[tuple[Handedness | None, Finger]]()
    for frame in session.frames():
        frame_label = read_label(frame.label_path)
        stamp_ns = session.stamps_ns.get(frame.number)
        if frame_label is None or stamp_ns is None:
            continue
        current = {
            (hand.handedness, finger)
            for hand in frame_label.hands
            for finger, tip in hand.fingertips.items()
            if tip.contact
        }
        onsets += [stamp_ns] * len(current - previous)
        previous = current
    return onsets


def _parse_contact(
    row: Mapping[str, str], unit: str, hand: Handedness | None, finger: Finger | None
) -> LabelledContact:
    touch_down_ns, lift_off_ns = (_parse_time_ns(row[f"{name}_{unit}"], unit) for name in ("down", "up"))
    if lift_off_ns < touch_down_ns:
        raise ValueError(f"up_{unit} is earlier than down_{unit}")
    return LabelledContact(
        touch_down_ns,
        lift_off_ns,
        validate_choice(hand or row["hand"].strip().lower(), HANDS, "hand"),
        validate_choice(finger or row["finger"].strip().lower().replace("pinky", "little"), FINGERS, "finger"),
    )


def _parse_time_ns(value: str, unit: str) -> int:
    """Nanoseconds are parsed as integers, which keeps every digit."""
    if unit == "ns":
        return int(value)
    seconds = float(value) * SECONDS_PER_UNIT[unit]
    if not math.isfinite(seconds):
        raise ValueError(f"{value!r} is not a time")
    return round(seconds * 1e9)
