"""Options of `simulate` that are missing or exclude each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_harness import run
from fingertip_contact.file_locks import hold_folder


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--text", "hi"], "--out is missing"),
        (["--out", "a.mcap"], "--text is missing"),
        (["--text", "", "--out", "a.mcap"], "the text is empty"),
        (["--text", "hi", "--angle", "nan", "--out", "a.mcap"], "--angle is nan"),
        (["--no-typing", "--out", "a.mcap"], "--seconds is missing"),
        (
            ["--no-typing", "--seconds", "60", "--text", "hi", "--out", "a.mcap"],
            "--text has no effect with --no-typing",
        ),
        (["--text", "hi", "--seconds", "60", "--out", "a.mcap"], "--seconds has no effect with --typing"),
        (["--text", "hi", "--view", "above", "--out", "a.mcap"], "view is above: choose one of facing, own_side"),
        (["--text", "hi", "--posture", "fist", "--out", "a.mcap"], "posture is fist: choose one of curled, stretched"),
        (["--text", "hi", "--clutter", "all", "--out", "a.mcap"], "clutter is all: choose one of none, some, much"),
        (["--text", "hi", "--resolution", "1280x720", "--out", "a.mcap"], "resolution is 1280x720: choose one of"),
        (["--no-typing", "--seconds", "5", "--out", "a.mcap"], "seconds is 5.0: choose 30 to 600"),
    ],
)
def test_impossible_options_are_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    """One line names the option, or the value and the choices; nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert run("simulate", *options) != 0
    assert message in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_has_one_writer(tmp_path, capsys):
    """The second command is refused before it renders; one that fails leaves no folder."""
    arguments = ("simulate", "dataset", "--frames", "1", "--angles", "steep", "--out", tmp_path / "people")
    with hold_folder(tmp_path / "people"):
        assert run(*arguments) == 2
    assert "another process is writing into" in capsys.readouterr().err
    assert run(*arguments) == 2
    assert "--angles is 'steep'" in capsys.readouterr().err
    assert not (tmp_path / "people").exists()
