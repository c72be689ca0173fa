"""Lines of ros2 in README, documentation and examples: what they name is declared."""

from __future__ import annotations

import re
import shlex
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.parameter_tables import PARAMETER_TABLES
from launch_stubs import list_arguments, stub_realsense_driver
from repository import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md")))
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Arguments that d405.launch.py hands on to realsense2_camera.
DRIVER_ARGUMENTS = re.compile(r"^(depth_module|rgb_camera|pointcloud|align_depth)\.")


def find_lines(page: Path, start: str) -> list[list[str]]:
    """The words of the lines of a page's blocks that begin so, without comments, ends of lines put together."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.split("\n")]
    return [shlex.split(line, comments=True) for line in lines if line.startswith(start)]


def test_launch_lines_have_arguments_that_there_are(monkeypatch, tmp_path):
    """Of launch files that there are. `[name:=value]` of docstrings is none of these."""
    stub_realsense_driver(tmp_path, monkeypatch)
    checked = 0
    for page in PAGES:
        for words in find_lines(page, f"ros2 launch {PACKAGE} "):
            declared = set(list_arguments(words[3].removesuffix(".launch.py"), monkeypatch))
            given = {word.split(":=", 1)[0] for word in words[4:] if ":=" in word}
            unknown = [name for name in given - declared if not DRIVER_ARGUMENTS.match(name)]
            assert unknown == [], f"{page}: {' '.join(words)}"
            checked += 1
    assert checked >= 20


def test_run_lines_have_parameters_that_there_are():
    """Of nodes that there are."""
    checked = 0
    for page in PAGES:
        for words in find_lines(page, f"ros2 run {PACKAGE} "):
            if words[3] == "fingertip-contact":
                continue
            names = {field.name for field in fields(PARAMETER_TABLES[words[3]])}
            given = {value.split(":=")[0] for flag, value in pairwise(words) if flag == "-p"}
            given = {name for name in given if not name.startswith("qos_overrides.")}
            assert given - names - {"use_sim_time"} == set(), f"{page}: {' '.join(words)}"
            checked += 1
    assert checked > 3


def test_echoed_topics_are_in_the_table_of_topics():
    """Of the README; those of the examples in their programs."""
    programs = "".join(path.read_text("utf-8") for path in (ROOT / "examples").rglob("main.py"))
    checked = 0
    for page in PAGES:
        for words in find_lines(page, "ros2 topic echo "):
            name = words[3].removeprefix(f"/{PACKAGE}/").lstrip("/")
            assert f"`{name}`" in README or f"`/{name}`" in README or f'"{name}"' in programs, f"{page}: {words}"
            checked += 1
    assert checked > 5
