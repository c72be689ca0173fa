"""A value that is not allowed is rejected without effect."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.parameter import Parameter as RosParameter

from fingertip_contact.resources import find_share_file
from fingertip_contact.ros.parameter_tables import (
    PARAMETER_TABLES,
    LifecycleSettings,
    format_markdown,
    format_parameter_file,
)
from fingertip_contact.ros.parameters import NodeParameters, read_only, value
from fingertip_contact.ros.process import describe_node
from fingertip_contact.settings import choice, find_error, number
from repository import ROOT
from ros_harness import ros_node


@dataclass(frozen=True)
class Settings:
    rate: float = number(1.0, 0.1, 10.0, "speed")
    count: int = number(3, 1, 5, "number of hands")
    source: str = choice("sensor", ("sensor", "model"), "source of depth")
    file: str = read_only(value("", "file to read"))


FILES = sorted(Path(find_share_file("package.xml")).parent.glob("config/nodes/*.yaml"))


@pytest.fixture
def node():
    with ros_node() as node:
        yield node


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rate", 11.0, "range"),
        ("rate", math.nan, "range"),
        ("count", 0, "range"),
        ("count", "many", "type"),
        ("source", "guess", "sensor, model"),
        ("file", "other", "read-only"),
    ],
)
def test_invalid_parameter_is_rejected_without_effect(node, name, value, message):
    """Range, type, choices and read-only are all enforced, with a reason."""
    parameters = NodeParameters(node, Settings)
    before = parameters.snapshot()
    (result,) = node.set_parameters([RosParameter(name, value=value)])
    assert not result.successful
    assert message in result.reason
    assert parameters.snapshot() == before


def test_valid_parameter_is_accepted(node):
    """The next configuration uses it."""
    parameters = NodeParameters(node, Settings)
    (result,) = node.set_parameters([RosParameter("source", value="model")])
    assert result.successful
    assert parameters.snapshot().source == "model"


def test_a_change_is_applied_before_it_is_stored(node):
    """With all values that are set at once, and only where one of them is new and all are allowed."""
    applied: list[Settings] = []
    parameters = NodeParameters(node, Settings, lambda settings: str(applied.append(settings) or ""))
    node.set_parameters([RosParameter("rate", value=1.0)])
    node.set_parameters_atomically([RosParameter("rate", value=2.0), RosParameter("source", value="guess")])
    assert applied == []
    node.set_parameters_atomically([RosParameter("rate", value=2.0), RosParameter("count", value=4)])
    assert applied == [parameters.snapshot()] == [Settings(rate=2.0, count=4)]


def test_a_change_that_cannot_be_applied_is_refused(node):
    """With the reason."""
    parameters = NodeParameters(node, Settings, lambda settings: "no such camera")
    (result,) = node.set_parameters([RosParameter("rate", value=2.0)])
    assert (result.successful, result.reason) == (False, "no such camera")
    assert parameters.snapshot() == Settings()


def test_initial_parameter_values_are_validated():
    """A wrong value from a launch file is an error at the start."""
    overrides = [RosParameter("source", value="guess")]
    with ros_node(parameter_overrides=overrides) as node, pytest.raises(ValueError, match="sensor, model"):
        NodeParameters(node, Settings)


def test_descriptors_have_description_and_range(node):
    """`ros2 param describe` shows both."""
    NodeParameters(node, Settings)
    rate, source = node.describe_parameters(["rate", "source"])
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (0.1, 10.0)
    assert source.additional_constraints == "one of: sensor, model"
    assert rate.description == "speed"


@pytest.mark.parametrize("table", PARAMETER_TABLES.values(), ids=PARAMETER_TABLES)
def test_every_default_is_valid(table):
    """A node starts without any parameter being set."""
    defaults = table()
    for entry in fields(defaults):
        assert not find_error(entry, getattr(defaults, entry.name))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parameter_files_match_the_tables(path):
    """The files are generated: `python -m fingertip_contact.ros.parameter_tables --yaml NODE`."""
    assert path.read_text() == format_parameter_file(path.stem)
    section = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    assert section == asdict(PARAMETER_TABLES[path.stem]())


def test_lifecycle_nodes_have_parameter_files():
    """Launch files pass one to each of them."""
    assert {path.stem for path in FILES} == {
        name for name, table in PARAMETER_TABLES.items() if issubclass(table, LifecycleSettings)
    }


def test_readme_table_lists_every_parameter():
    """One row per parameter."""
    for node, table in PARAMETER_TABLES.items():
        text = format_markdown(node)
        assert all(f"| `{entry.name}` |" in text for entry in fields(table))


def test_documentation_matches_the_parameter_tables():
    """docs/ros.md contains the output of `python -m fingertip_contact.ros.parameter_tables`."""
    manual = (Path(find_share_file("package.xml")).parent / "docs" / "ros.md").read_text(encoding="utf-8")
    assert all(format_markdown(node) in manual for node in PARAMETER_TABLES)


def test_misspelt_parameter_is_warned_about(monkeypatch):
    """rclpy takes values of undeclared parameters silently; a node names the nearest one that it has."""
    overrides = [RosParameter("rat", value=2.0), RosParameter("count", value=2)]
    warnings: list[str] = []
    with ros_node(parameter_overrides=overrides) as node:
        monkeypatch.setattr(node, "get_logger", lambda: SimpleNamespace(warning=warnings.append))
        settings = NodeParameters(node, Settings).snapshot()
    assert warnings == ["the parameter 'rat' is not one of this node; did you mean 'rate'?"]
    assert (settings.rate, settings.count) == (1.0, 2)


@pytest.mark.parametrize("name", PARAMETER_TABLES)
def test_help_describes_a_node(name):
    """What it does, and each parameter."""
    text = describe_node(ROOT / f"fingertip_contact/nodes/{name}.py")
    assert text.startswith(f"{name}: ")
    assert all(f"    {entry.name}: " in text for entry in fields(PARAMETER_TABLES[name]))


def test_help_starts_no_node():
    """`contact_node --help` prints and ends."""
    command = [sys.executable, "-m", "fingertip_contact.start", "contact_node", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("contact_node: ")


# As where only the package is installed: ROS 2 is not there.
WITHOUT_ROS = """
import sys
sys.modules["rclpy"] = sys.modules["rcl_interfaces"] = sys.modules["diagnostic_msgs"] = None
from fingertip_contact import start
start.contact_node()
"""


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_a_node_without_ros_names_the_remedy(arguments):
    """One line, exit code 2."""
    command = [sys.executable, "-c", WITHOUT_ROS, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "pip install" in done.stderr
    assert "[ros]" in done.stderr
