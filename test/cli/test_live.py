"""`live` types what is typed under a camera; a recording stands in for it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from cli_harness import run
from fingertip_contact.live import source as sources

pytestmark = pytest.mark.usefixtures("hand_weights")


def test_text_comes_as_it_is_typed(readable_recording: Path, capsys: pytest.CaptureFixture[str]):
    """The text on standard output, what was found on standard error."""
    assert run("live", "--camera", readable_recording) == 0
    said = capsys.readouterr()
    assert said.out == "hi\n"
    lines = said.err.splitlines()
    assert lines.index("sheet found") < lines.index("surface found: type")
    assert "Ctrl-C ends" in said.err


def test_events_are_those_of_process(readable_recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """With --json the lines are those that `process` writes into its file."""
    events = tmp_path / "events.jsonl"
    assert run("process", readable_recording, "--out", events, "--depth-source", "sensor") == 0
    capsys.readouterr()
    assert run("live", "--camera", readable_recording, "--json") == 0
    assert capsys.readouterr().out == events.read_text(encoding="utf-8")


def test_ctrl_c_lets_go_of_held_keys(
    readable_recording: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """An interrupt while a key is down cancels it, and ends the command with 130."""
    assert run("live", "--camera", readable_recording, "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    down_ns = next(event["decided_ns"] for event in events if event["type"] == "press")
    open_source = sources.open_source

    @contextmanager
    def open_interrupted(*arguments):
        def interrupt(frames):
            for frame in frames:
                yield frame
                if frame.stamp_ns >= down_ns:
                    raise KeyboardInterrupt

        with open_source(*arguments) as source:
            yield replace(source, frames=interrupt(source.frames))

    monkeypatch.setattr(sources, "open_source", open_interrupted)
    assert run("live", "--camera", readable_recording, "--json") == 130
    kinds = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["press", "cancel"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--camera", "nowhere.mcap"), "no recording that exists"),
        (("--layout", "nothing"), "nothing"),
        (("--profile", "nothing"), "nothing"),
        (("--mode", "640"), "--mode"),
        (("--rotate", "45"), "45"),
    ],
)
def test_wrong_options_are_told(arguments: tuple[str, ...], told: str, readable_recording, capsys):
    """One line and exit code 2, never a traceback."""
    camera = () if "--camera" in arguments else ("--camera", readable_recording)
    assert run("live", *camera, *arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
