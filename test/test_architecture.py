"""Rules of the design: who may import whom, and how short a node is. The levels are listed in pyproject.toml."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from repository import ROOT

MAX_NODE_LINES = 200


def find_imported_packages(source: Path) -> set[str]:
    """Top-level names of all that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def read_ros_packages() -> set[str]:
    """The ROS packages that only some modules may import, from the contract in pyproject.toml."""
    tomllib = pytest.importorskip("tomllib", reason="comes with Python 3.11")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return next(set(c["forbidden_modules"]) for c in contracts if "rclpy" in c.get("forbidden_modules", ()))


def test_imports_keep_the_contracts():
    """Imports run down the levels only; ROS and torch are imported where the contracts allow it."""
    pytest.importorskip("importlinter", reason="a development dependency: pip install import-linter")
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run = subprocess.run(
        [sys.executable, "-c", command, "--no-logo", "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "research")])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, (run.stdout.partition("Broken contracts")[2] or run.stdout) + run.stderr


def test_ros_dependencies_are_declared():
    """rosdep installs what package.xml declares: every ROS package that nodes and launch files import."""
    sources = [*ROOT.glob("fingertip_contact/**/*.py"), *ROOT.glob("launch/*.py")]
    imported = set().union(*map(find_imported_packages, sources)) & read_ros_packages()
    declared = {depend.text for depend in ElementTree.parse(ROOT / "package.xml").iter("exec_depend")}
    assert imported <= declared, f"package.xml lacks {', '.join(sorted(imported - declared))}"


def test_nodes_are_short():
    """A node connects topics to the pipeline and nothing else: fewer than 200 lines."""
    nodes = sorted(ROOT.glob("fingertip_contact/nodes/*.py"))
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in nodes}
    assert lengths
    assert {name: length for name, length in lengths.items() if length >= MAX_NODE_LINES} == {}
