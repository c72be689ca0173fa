"""Every tutorial is done, top to bottom, and prints what it says. A recording and a video stand in for cameras."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

import cli_harness
from fingertip_contact.recordings.open import open_recording
from repository import ROOT
from tutorial_pages import Command, NewFile, matches, read_page
from video_files import write_video

pytestmark = pytest.mark.usefixtures("hand_weights")
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
PACKAGE = "fingertip_contact"
COMMAND_TIMEOUT_S = 120


@pytest.fixture
def desk(readable_recording: Path, tmp_path: Path) -> Path:
    """An empty folder but for desk.mcap and desk.avi: hands type "hi" on a qwerty sheet."""
    (tmp_path / "desk.mcap").symlink_to(readable_recording)
    with open_recording(readable_recording, depth_source="none") as recording:
        write_video(tmp_path / "desk.avi", [frame.color_bgr for frame in recording.frames()], 30.0)
    return tmp_path


def test_the_tutorials_are_there():
    """One for each way to begin."""
    assert [page.stem for page in PAGES] == ["bag", "d405", "own-layout", "own-robot", "webcam"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_tutorial_is_true(page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Files are written, commands run in their order, and their output is what the page shows. Of ROS's own commands
    test_ros_lines.py holds what they name."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk / "config"))
    monkeypatch.setenv("COLUMNS", "200")
    steps = read_page(page)
    assert steps
    for step in steps:
        if isinstance(step, NewFile):
            (desk / step.name).write_text(step.content, encoding="utf-8")
        elif not step.line.startswith("ros2 ") or " fingertip-contact " in step.line:
            run(step)


def run(step: Command) -> None:
    """The command in the current folder; its output has to be the expected one."""
    words = shlex.split(step.line.removeprefix(f"ros2 run {PACKAGE} "))
    if words[0] == "fingertip-contact":
        code, printed = run_own(words[1:])
    else:
        assert words[0] == "python", step.line
        code, printed = run_program([str(ROOT / word) if word.startswith("examples/") else word for word in words[1:]])
    assert matches(step.expected, printed), f"$ {step.line}\n{printed}\n-- expected --\n{step.expected}"
    assert step.has_any_exit_code or (code == 0) == ("error" not in step.expected), step.line


def run_own(arguments: list[str]) -> tuple[int, str]:
    """Exit code and what a terminal shows, in this process, which has loaded libraries and networks once."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        code = cli_harness.run(*arguments)
    return code, printed.getvalue()


def run_program(words: list[str]) -> tuple[int, str]:
    """The same of a Python program."""
    done = subprocess.run(
        [sys.executable, *words],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("expected", "printed", "is_same"),
    [
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n...\nd\n", "a\nd\n", True),
        ("read ... of 3\n", "read 2 of 3\n", True),
        ("read ... of 3\n", "read 2 of 4\n", False),
        ("a\n", "a\nb\n", False),
        ("", "", True),
        ("", "a\n", False),
    ],
)
def test_outputs_are_compared(expected: str, printed: str, is_same: bool):
    """An ellipsis stands for text or lines, everything else for itself."""
    assert matches(expected, printed) == is_same


def test_a_block_without_a_comment_is_refused(tmp_path: Path):
    """No command of a tutorial goes untested by oversight."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ ls\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="nothing is said of the block"):
        read_page(page)
