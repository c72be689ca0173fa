"""Node parameters: a frozen dataclass per node, whose fields hold default, description and allowed values.

Descriptors, parameter files and the tables of docs/ros.md are made from the fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, field, fields, replace
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from fingertip_contact.safe_text import describe, suggest
from fingertip_contact.settings import find_error

Settings = TypeVar("Settings")


def value(default: bool | str, description: str) -> Any:
    """A field that accepts any value of its type; `settings.number` and `settings.choice` make the others."""
    return field(default=default, metadata={"description": description})


def names(description: str) -> Any:
    """A field of a list of names. ROS cannot pass an empty list: one empty name stands for none."""
    return field(default_factory=lambda: [""], metadata={"description": description})


def read_only(entry: Any) -> Any:
    """The field of a parameter that only a launch file or the command line can set.

    The others can be changed at any time.
    """
    entry.metadata = MappingProxyType({**entry.metadata, "read_only": True})
    return entry


def format_allowed(entry: Field[Any]) -> str:
    """The allowed values of a field as text; empty when every value is allowed."""
    if "range" in entry.metadata:
        low, high = entry.metadata["range"]
        return f"{low:g} to {high:g}"
    return ", ".join(entry.metadata.get("choices", ()))


def make_descriptor(entry: Field[Any]) -> ParameterDescriptor:
    """The descriptor that `ros2 param describe` shows. rclpy enforces the range."""
    descriptor = ParameterDescriptor(
        description=entry.metadata["description"], read_only=entry.metadata.get("read_only", False)
    )
    if "choices" in entry.metadata:
        descriptor.additional_constraints = f"one of: {format_allowed(entry)}"
    if "range" in entry.metadata:
        low, high = entry.metadata["range"]
        if isinstance(entry.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
        else:
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high)]
    return descriptor


class NodeParameters(Generic[Settings]):
    """Declares the fields of a settings dataclass as parameters of a node, and validates changes.

    apply: gets the settings with an allowed change before rclpy stores it, and returns why the change cannot be made;
    empty if it was. It is not called for values that are as before.
    Raises rclpy's ParameterException or ValueError for an initial value that is not allowed.
    """

    def __init__(
        self, node: Node, settings_class: type[Settings], apply: Callable[[Settings], str] = lambda settings: ""
    ) -> None:
        self._node = node
        self._settings_class = settings_class
        self._apply = apply
        self._fields: dict[str, Field[Any]] = {entry.name: entry for entry in fields(settings_class)}  # type: ignore[arg-type]
        defaults = settings_class()
        for name, entry in self._fields.items():
            node.declare_parameter(name, getattr(defaults, name), make_descriptor(entry))
        for name, entry in self._fields.items():
            if error := find_error(entry, node.get_parameter(name).value):
                raise ValueError(error)
        self._warn_about_unknown()
        node.add_on_set_parameters_callback(self._validate_changes)

    def snapshot(self) -> Settings:
        """The current values."""
        return self._settings_class(**{name: self._node.get_parameter(name).value for name in self._fields})

    def _warn_about_unknown(self) -> None:
        """rclpy ignores values of parameters that are not declared: a misspelt name would go unnoticed."""
        # No public way leads to them without declaring them all.
        given = getattr(self._node, "_parameter_overrides", {})
        for name in given:
            if not self._node.has_parameter(name) and not name.startswith("qos_overrides."):
                hint = suggest(name, self._fields)
                self._node.get_logger().warning(f"the parameter {describe(name)} is not one of this node{hint}")

    def _validate_changes(self, changes: list[Parameter]) -> SetParametersResult:
        values = {change.name: change.value for change in changes if change.name in self._fields}
        errors = [find_error(self._fields[name], value) for name, value in values.items()]
        reason = "; ".join(filter(None, errors)) or self._apply_values(values)
        return SetParametersResult(successful=not reason, reason=reason)

    def _apply_values(self, values: dict[str, Any]) -> str:
        settings: Any = self.snapshot()
        changed = replace(settings, **values)
        # Applied here and not once they are stored, when they could no longer be refused. No callback after this one
        # refuses what the descriptors allow: only rclpy's own for use_sim_time is called later.
        return "" if changed == settings else self._apply(changed)
