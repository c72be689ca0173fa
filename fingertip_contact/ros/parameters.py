"""The parameters of every node, in one table each: descriptors, YAML files and the README's tables are made of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

Value = bool | int | float | str | list[str]


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
    def allowed(self) -> str:
        """The allowed values, for people."""
        if self.limits:
            return f"{self.limits[0]:g} to {self.limits[1]:g}"
        return ", ".join(self.choices)

    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows. rclpy holds values to the range by itself."""
        made = ParameterDescriptor(description=self.description, read_only=self.read_only)
        made.additional_constraints = f"one of: {self.allowed}" if self.choices else ""
        if self.limits and isinstance(self.default, float):
            made.floating_point_range = [FloatingPointRange(from_value=self.limits[0], to_value=self.limits[1])]
        elif self.limits:
            made.integer_range = [IntegerRange(from_value=int(self.limits[0]), to_value=int(self.limits[1]))]
        return made

    def complaint(self, value: Any) -> str:
        """What is wrong with a value of the right type, empty where nothing is."""
        if self.choices and value not in self.choices:
            return f"{self.name} is '{value}'; it has to be one of {self.allowed}"
        return ""


class NodeParameters:
    """Declares a table on a node and guards it.

    Values are read when the node is configured, so a change while it is configured is refused: nothing would follow
    it. Raises rclpy's ParameterException or ValueError where a value given at the start is not allowed.
    """

    def __init__(self, node: Node, table: Iterable[Parameter]) -> None:
        self._node = node
        self._table = {parameter.name: parameter for parameter in table}
        self.frozen = False
        for parameter in self._table.values():
            node.declare_parameter(parameter.name, parameter.default, parameter.descriptor())
        for name, parameter in self._table.items():
            if complaint := parameter.complaint(node.get_parameter(name).value):
                raise ValueError(complaint)
        node.add_on_set_parameters_callback(self._check)

    def snapshot(self) -> SimpleNamespace:
        """All values by name, as they are now."""
        return SimpleNamespace(**{name: self._node.get_parameter(name).value for name in self._table})

    def _check(self, changes: list[RosParameter]) -> SetParametersResult:
        ours = [change for change in changes if change.name in self._table]
        if self.frozen and ours:
            reason = f"{ours[0].name} is read when the node is configured; deactivate and clean it up first"
            return SetParametersResult(successful=False, reason=reason)
        complaints = [self._table[change.name].complaint(change.value) for change in ours]
        return SetParametersResult(successful=not any(complaints), reason="; ".join(filter(None, complaints)))
