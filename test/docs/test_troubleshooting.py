"""The page of symptoms knows every cause that the software tells, and no other."""

from __future__ import annotations

import ast
import re
import signal

import pytest

from fingertip_contact.cli.main import EXIT_BAD_INPUT, EXIT_INTERNAL_ERROR
from fingertip_contact.doctor.check import EXIT_CODES
from repository import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
ADVICE_TABLE = (ROOT / "docs" / "ros.md").read_text(encoding="utf-8").partition("## Advice")[2].partition("\n## ")[0]
CODE = re.compile(r"`([a-z]+(?:_[a-z]+)*)`")


def find_codes() -> set[str]:
    """The first argument of each Advice(...) in the package."""
    codes = set()
    for path in (ROOT / "fingertip_contact").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_advice = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Advice"
            if is_advice and node.args and isinstance(node.args[0], ast.Constant):
                codes.add(node.args[0].value)
    return codes


def read_code_column(text: str, column: int) -> set[str]:
    """The codes in one column of the tables with a column of that name."""
    found: set[str] = set()
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines())
        if header[column] == "code":
            for row in rows:
                found |= set(CODE.findall(row[column]))
    return found


def test_there_are_codes():
    """The search finds what it is for."""
    assert len(find_codes()) > 20


@pytest.mark.parametrize(("text", "column"), [(PAGE, 1), (ADVICE_TABLE, 0)], ids=["troubleshooting", "ros"])
def test_every_code_is_explained(text: str, column: int):
    """Each cause that can be told has a row, and each row is of a cause that can be told."""
    assert read_code_column(text, column) == find_codes()


def test_remedies_are_there():
    """Launch arguments, trackers and commands that a remedy names exist."""
    registry = (ROOT / "fingertip_contact" / "registry.py").read_text(encoding="utf-8")
    launching = (ROOT / "fingertip_contact" / "ros" / "launch_utils.py").read_text(encoding="utf-8")
    launching += "".join(path.read_text(encoding="utf-8") for path in (ROOT / "launch").glob("*.py"))
    for name, value in re.findall(r"`(\w+):=([\w/]+)`", PAGE):
        assert f'"{name}"' in launching, name
        if name == "hand_tracker":
            assert f'"{value}"' in registry, value


def list_said() -> list[str]:
    """What the column of that name says, without its marks."""
    said: list[str] = []
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        header, _, *rows = ([cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines())
        if header[1] == "it says":
            said += [text for row in rows for text in re.findall(r"`([^`]+)`", row[1])]
    return said


def list_texts() -> tuple[set[str], str]:
    """The names and strings of the sources; and all strings, one after another."""
    names: set[str] = set()
    texts: set[str] = set()
    for path in (ROOT / "fingertip_contact").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
    return names | texts, "\n".join(sorted(texts))


def test_what_the_page_quotes_is_said():
    """Counters and parameters are names in the sources, checks are the doctor's, other words are of a text."""
    names, texts = list_texts()
    doctor = "".join(path.read_text("utf-8") for path in (ROOT / "fingertip_contact" / "doctor").glob("*.py"))
    said = list_said()
    assert len(said) > 12
    for text in said:
        if text.startswith("doctor "):
            assert f'"{text.removeprefix("doctor ")}"' in doctor, text
        else:
            assert text in (names if re.fullmatch(r"\w+", text) else texts), text


def test_every_exit_code_is_told():
    """Of commands, of signals and of doctor, whose codes mean something else."""
    told: dict[str, set[int]] = {}
    for codes, of in re.findall(r"^\| ([\d, ]+) \| ([^|]+) \|", PAGE.partition("## Exit codes")[2], re.MULTILINE):
        told.setdefault(of, set()).update(map(int, codes.split(",")))
    signals = {128 + signal.SIGINT, 128 + signal.SIGTERM}
    assert told["commands"] | told["commands, nodes"] == {EXIT_INTERNAL_ERROR, EXIT_BAD_INPUT} | signals
    assert told["all"] | told["`doctor`"] == set(EXIT_CODES.values())
