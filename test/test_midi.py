"""Rules of the MIDI output: every note begins once and ends once."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("mido", reason="needs mido (extra midi)")

import mido

from cli_harness import run
from fingertip_contact.datatypes import ContactEvent, Fingertip, FrameResult, KeyEvent
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.outputs.midi_notes import DEFAULT_VELOCITY, NoteKeeper, find_note
from fingertip_contact.outputs.midi_port import MidiFile, MidiPort
from fingertip_contact.registry import OUTPUTS
from fingertip_contact.resources import find_share_file

MS = 1_000_000


def make_result(kind: str, key: str, press: int, at_ms: int, speed_mps: float | None = None) -> FrameResult:
    contact = ContactEvent((at_ms + 40) * MS, at_ms * MS, kind, press, 0, "right", "index", np.zeros(3), 1.0)
    tips = ()
    if speed_mps is not None:
        tips = (Fingertip(0, "right", "index", (0.0, 0.0), np.zeros(3), 0.0, speed_mps, 1.0, "contact"),)
    return FrameResult(at_ms * MS, (), tips, (contact,), (KeyEvent(contact, "piano", key, ""),), "", None, None)


def test_every_key_of_the_piano_is_a_note():
    """From c4, MIDI's 60, to c5, without a gap; other keys are none."""
    assert sorted(find_note(key.name) for key in load_layout("piano").keys) == list(range(60, 73))
    assert [find_note(name) for name in ("a", "space", "h4", "c10", "c-1", "g_sharp9")] == [*[None] * 4, 0, None]


events = st.lists(
    st.tuples(
        st.sampled_from(["press", "release", "cancel", "move"]),
        st.sampled_from(["c4", "d4", "space"]),
        st.integers(1, 4),
        st.integers(0, 3000),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=60)
@given(events)
def test_a_note_never_begins_twice(sequence: list[tuple[str, str, int, int]]):
    """In any order of events and times, read back from a file; at the end nothing sounds."""
    recording = MidiFile()
    for event in sequence:
        recording.process(make_result(*event))
    with tempfile.TemporaryDirectory() as folder:
        recording.save(Path(folder) / "out.mid")
        (track,) = mido.MidiFile(Path(folder) / "out.mid").tracks
    sounding: set[int] = set()
    for message in track:
        if message.type == "note_on":
            assert message.note not in sounding
            sounding.add(message.note)
        elif message.type == "note_off":
            sounding.remove(message.note)
    assert not sounding


def test_another_name_is_refused(tmp_path: Path, capsys):
    """Before anything is read or written."""
    out = tmp_path / "events.jsonl"
    assert run("process", tmp_path / "none.mcap", "--out", out, "--midi", tmp_path / "out.txt") != 0
    assert "has to end in .mid" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_times_are_those_of_touch_and_lift(tmp_path: Path):
    """In seconds from the first frame, to a millisecond."""
    recording = MidiFile()
    recording.process(make_result("press", "e4", 1, 1000))
    recording.process(make_result("release", "e4", 1, 1250))
    recording.save(tmp_path / "out.mid")
    on, off = [message for message in mido.MidiFile(tmp_path / "out.mid") if not message.is_meta]
    assert (on.type, on.note, off.type, off.note) == ("note_on", 64, "note_off", 64)
    assert off.time == pytest.approx(0.25, abs=1e-3)


def test_a_recording_is_played(readable_recording: Path, tmp_path: Path, hand_weights):
    """Keys h and i of the typist's sheet, under the names of notes."""
    values = yaml.safe_load(find_share_file("config/layouts/qwerty.yaml").read_text(encoding="utf-8"))
    names = {"h": "c4", "i": "e4"}
    for key in values["keys"]:
        key["name"] = names.get(key["name"], key["name"])
    values["fingers"] = {names.get(name, name): finger for name, finger in values["fingers"].items()}
    layout, song = tmp_path / "notes.yaml", tmp_path / "song.mid"
    layout.write_text(yaml.safe_dump(values, allow_unicode=True), encoding="utf-8")
    options = ["--layout", layout, "--out", tmp_path / "events.jsonl", "--midi", song]
    assert run("process", readable_recording, *options) == 0
    notes = [(message.type, message.note) for message in mido.MidiFile(song) if not message.is_meta]
    assert notes == [("note_on", 60), ("note_off", 60), ("note_on", 64), ("note_off", 64)]


def test_faster_is_louder():
    """A finger whose speed is not known plays at one loudness."""
    velocities = [
        NoteKeeper().update(make_result("press", "c4", 1, 0, speed))[0].velocity for speed in (None, np.nan, -0.1, -0.4)
    ]
    assert velocities[0] == velocities[1] == DEFAULT_VELOCITY
    assert velocities[2] < velocities[3]


def test_a_port_is_left_silent(monkeypatch: pytest.MonkeyPatch):
    """Output `midi` sends to the port at once, and ends what sounds when it is closed."""
    sent: list[tuple[str, int]] = []

    class Port(mido.ports.BaseOutput):
        def _send(self, message):
            sent.append((message.type, message.note))

    monkeypatch.setattr(mido, "open_output", lambda *arguments, **options: Port())
    port = OUTPUTS.make("midi", required=("process", "close"))
    assert isinstance(port, MidiPort)
    port.process(make_result("press", "c4", 1, 0))
    assert sent == [("note_on", 60)]
    port.close()
    assert sent == [("note_on", 60), ("note_off", 60)]
