"""Plays notes on a MIDI port, or collects them for a MIDI file. Needs mido (extra `midi`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from fingertip_contact.datatypes import FrameResult
from fingertip_contact.outputs.midi_notes import NoteKeeper, NoteMessage
from fingertip_contact.resources import PACKAGE, advise_install

SUFFIX = ".mid"
# 1 ms with mido's defaults would be 0.96 ticks: half a second per beat, a thousand ticks per second.
TICKS_PER_BEAT = 500


def import_mido() -> Any:
    """The module. Raises ValueError with the remedy where it is missing."""
    try:
        import mido
    except ModuleNotFoundError:
        raise ValueError(f"the Python module mido is not installed: {advise_install('.[midi]')}") from None
    return mido


class MidiPort:
    """Output `midi`: sends notes to the port that MIDO_DEFAULT_OUTPUT names, else to a virtual one of this package."""

    def __init__(self) -> None:
        """Raises ValueError where mido or its backend is missing, OSError where the port cannot be opened."""
        self._mido = import_mido()
        self._notes = NoteKeeper()
        try:
            if os.environ.get("MIDO_DEFAULT_OUTPUT"):
                self._port = self._mido.open_output()
            else:
                self._port = self._mido.open_output(PACKAGE, virtual=True)
        except ModuleNotFoundError as error:
            raise ValueError(f"mido's backend lacks {error.name}: {advise_install('.[midi]')}") from None

    def process(self, result: FrameResult) -> None:
        """See protocols.Output."""
        self._send(self._notes.update(result))

    def close(self) -> None:
        """See protocols.Output. No note is left sounding."""
        self._send(self._notes.end_all())
        self._port.close()

    def _send(self, messages: list[NoteMessage]) -> None:
        for message in messages:
            self._port.send(make_message(self._mido, message, 0))


class MidiFile:
    """Collects the notes of a recording; `save` writes them. Time counts from the first frame's stamp."""

    def __init__(self) -> None:
        """Raises ValueError where mido is missing."""
        self._mido = import_mido()
        self._notes = NoteKeeper()
        self._messages: list[NoteMessage] = []
        self._begin_ns: int | None = None

    def process(self, result: FrameResult) -> None:
        """See protocols.Output."""
        self._begin_ns = result.stamp_ns if self._begin_ns is None else self._begin_ns
        self._messages += self._notes.update(result)

    def save(self, path: Path) -> None:
        """Raises OSError where the file cannot be written."""
        # Of one note they are in order already, and sorting keeps that.
        messages = sorted([*self._messages, *self._notes.end_all()], key=lambda message: message.stamp_ns)
        file = self._mido.MidiFile(ticks_per_beat=TICKS_PER_BEAT)
        track = self._mido.MidiTrack()
        file.tracks.append(track)
        last_ms = 0
        for message in messages:
            now_ms = max(round((message.stamp_ns - (self._begin_ns or 0)) * 1e-6), last_ms)
            track.append(make_message(self._mido, message, now_ms - last_ms))
            last_ms = now_ms
        file.save(str(path))


def require_midi_name(path: Path) -> None:
    """Raises ValueError if the name does not end in .mid, or mido is not installed."""
    if path.suffix != SUFFIX:
        raise ValueError(f"MIDI file {path} has to end in {SUFFIX}")
    import_mido()


def make_message(mido: Any, message: NoteMessage, ticks: int) -> Any:
    """mido's message. ticks: since the one before, in a file."""
    kind = "note_on" if message.velocity else "note_off"
    return mido.Message(kind, note=message.note, velocity=message.velocity, time=ticks)
