"""The parameters of every node, in one table each: descriptors, YAML files and the README's tables are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, make_dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

Value = bool | int | float | str | list[str]

# A frozen dataclass with one field per parameter of a node's table; made at run time, so mypy cannot name it.
NodeSettings = Any


@dataclass(frozen=True)
class Parameter:
    """One parameter. limits: smallest and largest allowed number. choices: the allowed strings. read_only: only a
    launch file or the command line sets it; the others may change while the node is not configured."""

    name: str
    default: Value
    description: str
    limits: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    read_only: bool = False

    @property
    def allowed_text(self) -> str:
        """The allowed values, for people."""
        if self.limits:
            return f"{self.limits[0]:g} to {self.limits[1]:g}"
        return ", ".join(self.choices)

    def make_descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows. rclpy holds values to the range by itself."""
        descriptor = ParameterDescriptor(description=self.description, read_only=self.read_only)
        descriptor.additional_constraints = f"one of: {self.allowed_text}" if self.choices else ""
        if self.limits and isinstance(self.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=self.limits[0], to_value=self.limits[1])]
        elif self.limits:
            descriptor.integer_range = [IntegerRange(from_value=int(self.limits[0]), to_value=int(self.limits[1]))]
        return descriptor

    def validation_error(self, value: Any) -> str:
        """What is wrong with a value of the right type, empty where nothing is."""
        if self.choices and value not in self.choices:
            return f"{self.name} is '{value}'; it has to be one of {self.allowed_text}"
        return ""


class NodeParameters:
    """Declares a table on a node and guards it.

    Values are read when the node is configured, so a change while it is configured is refused: nothing would follow
    it. Raises rclpy's ParameterException or ValueError where a value given at the start is not allowed.
    """

    def __init__(self, node: Node, table: Iterable[Parameter]) -> None:
        self._node = node
        self._table = {parameter.name: parameter for parameter in table}
        types = [(name, type(parameter.default)) for name, parameter in self._table.items()]
        self._settings_class = make_dataclass("NodeSettings", types, frozen=True)
        self.frozen = False
        for parameter in self._table.values():
            node.declare_parameter(parameter.name, parameter.default, parameter.make_descriptor())
        for name, parameter in self._table.items():
            if error := parameter.validation_error(node.get_parameter(name).value):
                raise ValueError(error)
        node.add_on_set_parameters_callback(self._validate_changes)

    def snapshot(self) -> NodeSettings:
        """The current values: a frozen dataclass with one field per parameter."""
        return self._settings_class(**{name: self._node.get_parameter(name).value for name in self._table})

    def _validate_changes(self, changes: list[RosParameter]) -> SetParametersResult:
        own_changes = [change for change in changes if change.name in self._table]
        if self.frozen and own_changes:
            reason = f"{own_changes[0].name} is read when the node is configured; deactivate and clean it up first"
            return SetParametersResult(successful=False, reason=reason)
        errors = [self._table[change.name].validation_error(change.value) for change in own_changes]
        return SetParametersResult(successful=not any(errors), reason="; ".join(filter(None, errors)))
