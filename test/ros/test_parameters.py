"""What is not allowed is refused, and nothing changes."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.parameter import Parameter as RosParameter

from fingertip_contact.resources import find_share_file
from fingertip_contact.ros.parameter_tables import PARAMETER_TABLES, format_markdown, format_parameter_file
from fingertip_contact.ros.parameters import NodeParameters, Parameter
from ros_harness import ros_node

TABLE = (
    Parameter("rate", 1.0, "speed", limits=(0.1, 10.0)),
    Parameter("count", 3, "how many", limits=(1, 5)),
    Parameter("source", "sensor", "which", choices=("sensor", "model")),
    Parameter("file", "", "where from", read_only=True),
)
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
    """Range, type, choice and read-only are all held, with a reason."""
    parameters = NodeParameters(node, TABLE)
    before = parameters.snapshot()
    (result,) = node.set_parameters([RosParameter(name, value=value)])
    assert not result.successful
    assert message in result.reason
    assert parameters.snapshot() == before


def test_valid_parameter_is_accepted(node):
    """The next configuration sees it."""
    parameters = NodeParameters(node, TABLE)
    (result,) = node.set_parameters([RosParameter("source", value="model")])
    assert result.successful
    assert parameters.snapshot().source == "model"


def test_parameters_are_fixed_while_configured(node):
    """A value that nobody reads any more must not look as if it were in force."""
    parameters = NodeParameters(node, TABLE)
    parameters.frozen = True
    (result,) = node.set_parameters([RosParameter("rate", value=2.0)])
    assert "clean it up" in result.reason
    assert parameters.snapshot().rate == 1.0


def test_initial_parameter_values_are_validated():
    """Not only later changes."""
    overrides = [RosParameter("source", value="guess")]
    with ros_node(parameter_overrides=overrides) as node, pytest.raises(ValueError, match="sensor, model"):
        NodeParameters(node, TABLE)


def test_descriptors_have_description_and_range(node):
    """`ros2 param describe` is the manual."""
    NodeParameters(node, TABLE)
    rate, source = node.describe_parameters(["rate", "source"])
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (0.1, 10.0)
    assert source.additional_constraints == "one of: sensor, model"
    assert rate.description == "speed"


@pytest.mark.parametrize("table", PARAMETER_TABLES.values(), ids=PARAMETER_TABLES)
def test_every_default_is_valid(table):
    """A node starts without any parameters given."""
    for parameter in table:
        assert not parameter.validation_error(parameter.default)
        if parameter.limits:
            assert parameter.limits[0] <= parameter.default <= parameter.limits[1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_parameter_files_match_the_tables(path):
    """The files are made, not written: `python -m fingertip_contact.ros.parameter_tables --yaml NODE`."""
    assert path.read_text() == format_parameter_file(path.stem)
    section = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    assert section == {parameter.name: parameter.default for parameter in PARAMETER_TABLES[path.stem]}


def test_lifecycle_nodes_have_parameter_files():
    """Those that launch files start with one."""
    assert {path.stem for path in FILES} == {
        name for name, table in PARAMETER_TABLES.items() if any(parameter.name == "autostart" for parameter in table)
    }


def test_readme_table_lists_every_parameter():
    """One row each."""
    for node, table in PARAMETER_TABLES.items():
        text = format_markdown(node)
        assert all(f"| `{parameter.name}` |" in text for parameter in table)


def test_documentation_matches_the_parameter_tables():
    """docs/ros.md ends in what `python -m fingertip_contact.ros.parameter_tables` prints."""
    manual = (Path(find_share_file("package.xml")).parent / "docs" / "ros.md").read_text(encoding="utf-8")
    assert all(format_markdown(node) in manual for node in PARAMETER_TABLES)
