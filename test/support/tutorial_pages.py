"""Reads the tutorials: files to write, commands to run, and what they are said to print.

Each fenced block with commands (`console`) or with a file stands behind a comment that says what is done with it:

    <!-- run -->                     every command is run, and prints what follows it
    <!-- run, any exit code -->      the same, where the exit code depends on the machine
    <!-- run as: COMMAND -->         COMMAND stands in for the one that is shown
    <!-- not run: REASON -->
    <!-- file: NAME -->              the block is the file's content
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"(?:<!-- (?P<what>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<content>.*?)```", re.DOTALL)
PROMPT, ANYTHING = "$ ", "..."


@dataclass(frozen=True)
class Command:
    """line: as shown, or what stands in for it. expected: its output, `...` for any text or any lines."""

    line: str
    expected: str
    has_any_exit_code: bool


@dataclass(frozen=True)
class NewFile:
    name: str
    content: str


def read_page(path: Path) -> list[Command | NewFile]:
    """What a reader does, in order. Raises ValueError for a block of commands without a comment."""
    steps: list[Command | NewFile] = []
    for block in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        what, content = block["what"] or "", block["content"]
        if what.startswith("file: "):
            steps.append(NewFile(what.removeprefix("file: "), content))
        elif block["language"] == "console" and not what.startswith("not run: "):
            steps += _read_commands(path, what, content)
    return steps


def _read_commands(path: Path, what: str, content: str) -> list[Command]:
    if not (what.split(",")[0] == "run" or what.startswith("run as: ")):
        raise ValueError(f"{path.name}: nothing is said of the block that begins {content[:40]!r}")
    parts = [part.partition("\n") for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]]
    commands = [Command(line, expected, "any exit code" in what) for line, _, expected in parts]
    if what.startswith("run as: "):
        (shown,) = commands
        return [Command(what.removeprefix("run as: "), shown.expected, False)]
    return commands


def matches(expected: str, printed: str) -> bool:
    """Whether an output is the expected one. A line `...` stands for any lines, also none."""
    pattern = ""
    for line in expected.splitlines():
        if line == ANYTHING:
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(re.escape(part.strip()) for part in line.split(ANYTHING)) + r"[ ]*\n"
    # Spaces beside an ellipsis, and those that align columns, may be any number.
    pattern = re.sub(r"(?:\\ )+", r" +", pattern)
    return re.fullmatch(pattern, "".join(f"{line.strip()}\n" for line in printed.splitlines())) is not None
