"""EVENTS.jsonl: the decisions of the pipeline, one contact event per line."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from fingertip_contact.datatypes import (
    FINGERS,
    HANDS,
    ContactEvent,
    EventType,
    Finger,
    FrameResult,
    Handedness,
    KeyEvent,
    Rejection,
)
from fingertip_contact.files import atomic_write
from fingertip_contact.json_file import line_errors, read_lines, to_line, validate_choice
from fingertip_contact.text_buffer import TextBuffer

EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
REJECTIONS: tuple[Rejection, ...] = get_args(Rejection)


@dataclass(frozen=True)
class EventRecord:
    """One line of the file.

    stamp_ns: best estimate of the time of the event. decided_ns: exposure of the frame that decided, never earlier.
    press: number that a press shares with its moves and its single release or cancel. key: None if the finger is on no
    key. text: written by this event. x_m, y_m, z_m: contact point in the camera's optical frame, None if unknown.
    rejected, reason: the text that was not written, and the reason. repeat: number of repetitions of a held key.
    """

    stamp_ns: int
    decided_ns: int
    type: EventType
    hand: Handedness
    finger: Finger
    key: str | None
    text: str
    x_m: float | None
    y_m: float | None
    z_m: float | None
    confidence: float
    press: int
    rejected: str = ""
    reason: Rejection | None = None
    repeat: int = 0


def make_event_records(result: FrameResult) -> tuple[EventRecord, ...]:
    """The events of one frame, each with its key if any, followed by the repetitions of held keys."""
    keys = {(event.contact.press, event.contact.type): event for event in result.key_events if not event.repeat}
    records = [_make_record(event, keys.get((event.press, event.type))) for event in result.contact_events]
    return (*records, *(_make_record(event.contact, event) for event in result.key_events if event.repeat))


def _make_record(event: ContactEvent, key_event: KeyEvent | None) -> EventRecord:
    x_m, y_m, z_m = (float(value) if math.isfinite(value) else None for value in event.point_m)
    return EventRecord(
        stamp_ns=event.contact_ns,
        decided_ns=event.stamp_ns,
        type=event.type,
        hand=event.hand,
        finger=event.finger,
        key=key_event.key or None if key_event else None,
        text=key_event.text if key_event else "",
        x_m=x_m,
        y_m=y_m,
        z_m=z_m,
        confidence=float(event.confidence),
        press=event.press,
        rejected=key_event.rejected if key_event else "",
        reason=key_event.reason if key_event else None,
        repeat=key_event.repeat if key_event else 0,
    )


@contextmanager
def event_writer(path: Path, *, overwrite: bool = False) -> Iterator[Callable[[EventRecord], None]]:
    """Yields a function that writes one record. The file appears when the block ends; an exception leaves no file.

    Raises FileExistsError if `path` exists and `overwrite` is not given.
    """
    with atomic_write(path, overwrite=overwrite) as temporary_path, temporary_path.open("w", encoding="utf-8") as file:
        yield lambda record: _write_record(file.write, record)


def read_events(path: Path) -> list[EventRecord]:
    """Reads all records. Raises FileNotFoundError, or ValueError that names the line and the field."""
    records = []
    for line_number, line in read_lines(path, "events file"):
        with line_errors(path, line_number):
            records.append(
                EventRecord(
                    stamp_ns=int(line["stamp_ns"]),
                    decided_ns=int(line["decided_ns"]),
                    type=validate_choice(line["type"], EVENT_TYPES, "type"),
                    hand=validate_choice(line["hand"], HANDS, "hand"),
                    finger=validate_choice(line["finger"], FINGERS, "finger"),
                    key=line["key"],
                    text=str(line["text"]),
                    x_m=_parse_coordinate(line["x_m"]),
                    y_m=_parse_coordinate(line["y_m"]),
                    z_m=_parse_coordinate(line["z_m"]),
                    confidence=float(line["confidence"]),
                    press=int(line["press"]),
                    rejected=str(line.get("rejected", "")),
                    reason=validate_choice(line["reason"], REJECTIONS, "reason") if line.get("reason") else None,
                    repeat=int(line.get("repeat", 0)),
                )
            )
    return records


def decode_text(events: Iterable[EventRecord]) -> str:
    """The text that the events wrote, in the order in which they were decided, as `KeyDecoder` writes it."""
    buffer = TextBuffer()
    for event in events:
        if event.type == "cancel":
            buffer.cancel(event.press)
        elif event.key is not None and event.type == "press":
            buffer.press(event.press, event.key, event.text)
        elif event.key is not None and event.repeat:
            buffer.repeat(event.key, event.text)
    return buffer.text


def _write_record(write: Callable[[str], object], record: EventRecord) -> None:
    write(to_line(asdict(record)))


def _parse_coordinate(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"a coordinate is {value!r}; it must be a number or null")
    return float(value)
