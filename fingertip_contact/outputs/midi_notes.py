"""Key events to notes: a key named like a note (`c4`, `c_sharp4`, `d_flat4`) sounds while a finger holds it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fingertip_contact.datatypes import FrameResult, KeyEvent

_NAME = re.compile(r"([a-g])(_sharp|_flat)?(-?\d)")
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_ALTERATIONS = {"_sharp": 1, "_flat": -1, None: 0}
MAX_NOTE = 127
# Of a press whose finger's speed is not known.
DEFAULT_VELOCITY = 80
MIN_VELOCITY, MAX_VELOCITY = 20, 127
# How long before the touch-down the finger's descent is looked at, and the speed that sounds loudest.
DESCENT_NS = 150_000_000
LOUDEST_MPS = 0.6


@dataclass(frozen=True)
class NoteMessage:
    """stamp_ns: of the touch-down or lift-off. velocity: 1 to 127, how hard; 0 ends the note."""

    stamp_ns: int
    note: int
    velocity: int


def find_note(key: str) -> int | None:
    """MIDI's number of a note, 60 for c4; None for a key that is not named like one of MIDI's."""
    match = _NAME.fullmatch(key)
    if match is None:
        return None
    letter, alteration, octave = match.groups()
    note = 12 * (int(octave) + 1) + _SEMITONES[letter] + _ALTERATIONS[alteration]
    return note if 0 <= note <= MAX_NOTE else None


class NoteKeeper:
    """Which notes sound. Each begins once and ends once, whatever the events: a second finger on a key begins its note
    again, and the first one's lift-off then ends nothing. A note never ends before it began."""

    def __init__(self) -> None:
        # The press that holds a note, and when the note last changed.
        self._press_by_note: dict[int, int] = {}
        self._changed_ns: dict[int, int] = {}
        self._speeds_mps: dict[str, list[tuple[int, float]]] = {}

    def update(self, result: FrameResult) -> list[NoteMessage]:
        """What begins and ends with one frame's result, in order."""
        for tip in result.fingertips:
            recent = self._speeds_mps.setdefault(f"{tip.hand}_{tip.finger}", [])
            recent.append((result.stamp_ns, tip.speed_mps))
            # A press is decided up to 60 ms after its touch-down.
            while recent and recent[0][0] < result.stamp_ns - 2 * DESCENT_NS:
                recent.pop(0)
        messages: list[NoteMessage] = []
        for event in result.key_events:
            note = find_note(event.key)
            if note is not None and not event.repeat:
                messages += self._take(note, event)
        return messages

    def end_all(self, stamp_ns: int | None = None) -> list[NoteMessage]:
        """The ends of all notes that sound. stamp_ns: by default when each began."""
        return [self._end(note, stamp_ns or 0) for note in sorted(self._press_by_note)]

    def _take(self, note: int, event: KeyEvent) -> list[NoteMessage]:
        contact, holder = event.contact, self._press_by_note.get(note)
        if contact.type == "press":
            ended = [] if holder is None else [self._end(note, contact.contact_ns)]
            self._press_by_note[note] = contact.press
            return [*ended, self._stamp(contact.contact_ns, note, self._find_velocity(event))]
        if contact.type in ("release", "cancel") and holder == contact.press:
            return [self._end(note, contact.contact_ns)]
        return []

    def _end(self, note: int, stamp_ns: int) -> NoteMessage:
        del self._press_by_note[note]
        return self._stamp(stamp_ns, note, 0)

    def _stamp(self, stamp_ns: int, note: int, velocity: int) -> NoteMessage:
        self._changed_ns[note] = max(stamp_ns, self._changed_ns.get(note, stamp_ns))
        return NoteMessage(self._changed_ns[note], note, velocity)

    def _find_velocity(self, event: KeyEvent) -> int:
        """By the fastest descent just before the touch-down: an event carries no speed."""
        contact = event.contact
        recent = self._speeds_mps.get(f"{contact.hand}_{contact.finger}", ())
        begin_ns = contact.contact_ns - DESCENT_NS
        # Not NaN, which compares false.
        descents_mps = [
            -speed for stamp_ns, speed in recent if begin_ns <= stamp_ns <= contact.contact_ns and speed < 0
        ]
        if not descents_mps:
            return DEFAULT_VELOCITY
        loudness = min(max(descents_mps) / LOUDEST_MPS, 1.0)
        return round(MIN_VELOCITY + loudness * (MAX_VELOCITY - MIN_VELOCITY))
