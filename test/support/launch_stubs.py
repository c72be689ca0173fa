"""Stands in for `launch`, which the ROS wheels lack: launch files are loaded, and their actions can be looked at."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import fingertip_contact.ros
from repository import ROOT

_MODULES = {
    "launch": ("LaunchContext", "LaunchDescription"),
    "launch.actions": (
        "DeclareLaunchArgument",
        "GroupAction",
        "IncludeLaunchDescription",
        "OpaqueFunction",
        "SetEnvironmentVariable",
        "SetLaunchConfiguration",
        "Shutdown",
    ),
    "launch.conditions": ("IfCondition", "UnlessCondition"),
    "launch.launch_description_sources": ("PythonLaunchDescriptionSource",),
    "launch_ros": (),
    "launch_ros.actions": ("Node",),
    "launch_ros.parameter_descriptions": ("ParameterValue",),
}


class Action:
    """Any action or condition: keeps its arguments."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self.arguments, self.options = arguments, options

    @property
    def name(self) -> str:
        """Of a declared argument."""
        return self.arguments[0]


class ParameterValue(Action):
    """Of launch_ros, which takes a substitution, or a value of its type: TypeError for text in place of a number."""

    def __init__(self, value: Any, *, value_type: type) -> None:
        super().__init__(value, value_type=value_type)
        if not isinstance(value, (LaunchConfiguration, value_type)):
            raise TypeError(f"{value!r} is not an instance of {value_type}")


class LaunchConfiguration:
    """The value of an argument. perform, here and below: context maps arguments to values."""

    def __init__(self, name: str, default: str | None = None) -> None:
        self.name, self.default = name, default

    def perform(self, context: dict[str, str]) -> str:
        return context[self.name] if self.default is None else context.get(self.name, self.default)


class EqualsSubstitution:
    def __init__(self, left: LaunchConfiguration, right: str) -> None:
        self.left, self.right = left, right

    def perform(self, context: dict[str, str]) -> str:
        return str(self.left.perform(context) == self.right).lower()


class OrSubstitution:
    def __init__(self, left: EqualsSubstitution, right: EqualsSubstitution) -> None:
        self.sides = left, right

    def perform(self, context: dict[str, str]) -> str:
        return str(any(side.perform(context) == "true" for side in self.sides)).lower()


_OWN = {"ParameterValue": ParameterValue}


def stub_realsense_driver(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """realsense2_camera 4.57.4 is installed, in this folder."""
    packages = ModuleType("ament_index_python.packages")
    packages.PackageNotFoundError = LookupError  # type: ignore[attr-defined]
    packages.get_package_share_directory = lambda name: str(folder)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ament_index_python.packages", packages)
    (folder / "package.xml").write_text("<package><version>4.57.4</version></package>")


def list_arguments(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str | None, str]]:
    """Default and description of what `ros2 launch --show-args` shows of a launch file: what it declares, and what
    those that it includes do; nothing that a function returns."""
    shown: dict[str, tuple[str | None, str]] = {}
    for action in load_launch_file(name, monkeypatch).generate_launch_description().arguments[0]:
        kind = type(action).__name__
        if kind == "DeclareLaunchArgument":
            shown[action.name] = (action.options.get("default_value"), action.options["description"])
        elif kind == "IncludeLaunchDescription":
            (source,) = action.arguments
            included = Path(source.arguments[0]).name.removesuffix(".launch.py")
            shown = list_arguments(included, monkeypatch) | shown
    return shown


def load_launch_file(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module of launch/NAME.launch.py, with its own launch_utils as `launching`."""
    for module_name, class_names in _MODULES.items():
        module = ModuleType(module_name)
        for class_name in class_names:
            setattr(module, class_name, _OWN.get(class_name) or type(class_name, (Action,), {}))
        monkeypatch.setitem(sys.modules, module_name, module)
    substitutions = ModuleType("launch.substitutions")
    for substitution in (LaunchConfiguration, EqualsSubstitution, OrSubstitution):
        setattr(substitutions, substitution.__name__, substitution)
    monkeypatch.setitem(sys.modules, "launch.substitutions", substitutions)
    # Imported again by each test, with these stubs, and forgotten afterwards: setting first makes monkeypatch do that.
    monkeypatch.setitem(sys.modules, "fingertip_contact.ros.launch_utils", ModuleType("launch_utils"))
    del sys.modules["fingertip_contact.ros.launch_utils"]
    monkeypatch.setattr(fingertip_contact.ros, "launch_utils", None, raising=False)
    del fingertip_contact.ros.launch_utils
    specification = importlib.util.spec_from_file_location(f"launch_file_{name}", ROOT / f"launch/{name}.launch.py")
    assert specification is not None
    assert specification.loader is not None
    launch_file = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(launch_file)
    return launch_file
