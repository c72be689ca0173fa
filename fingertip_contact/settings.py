"""Dataclass fields with a range or choices, in one place: profiles, training recipes and node parameters use them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


class UniqueKeyLoader(yaml.SafeLoader):
    """Rejects duplicate keys, of which YAML would silently use the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        mapping = super().construct_mapping(node, deep)
        seen = set()
        for label_node, _ in node.value:
            label = self.construct_object(label_node, deep=True)
            if label in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{label!r} is listed twice", label_node.start_mark)
            seen.add(label)
        return mapping


def number(default: float, low: float, high: float, description: str) -> Any:
    """A field with a closed range; an int default asks for whole numbers."""
    return field(default=default, metadata={"range": (low, high), "description": description})


def choice(default: Any, choices: Iterable[Any], description: str) -> Any:
    """A field that takes one of a few values."""
    return field(default=default, metadata={"choices": tuple(choices), "description": description})


def validate(settings: Any) -> None:
    """Raises ValueError that names field, value and limits for the first field whose value is not allowed."""
    for entry in fields(settings):
        if error := find_error(entry, getattr(settings, entry.name)):
            raise ValueError(error)


def find_error(entry: Field[Any], value: Any) -> str:
    """What is wrong with a field's value; empty when it is allowed. Fields without range and choices take anything."""
    if "choices" in entry.metadata and value not in entry.metadata["choices"]:
        return f"{entry.name} is {value!r}; choose one of {', '.join(map(str, entry.metadata['choices']))}"
    if "range" not in entry.metadata:
        return ""
    low, high = entry.metadata["range"]
    types = int if isinstance(entry.default, int) else (int, float)
    is_number = isinstance(value, types) and not isinstance(value, bool)
    # False for NaN and infinity too.
    if is_number and low <= value <= high:
        return ""
    type_name = "a whole number" if types is int else "a number"
    return f"{entry.name} is {value!r}; it has to be {type_name} from {low:g} to {high:g}"


def replace_values(settings: T, values: Mapping[str, Any], source: str) -> T:
    """A copy of a settings dataclass with these values.

    Raises ValueError that names source and field for an unknown name or a value that is not allowed.
    """
    known = [entry.name for entry in fields(settings)]  # type: ignore[arg-type]
    unknown = [str(name) for name in values if name not in known]
    if unknown:
        raise ValueError(f"{source}: unknown {', '.join(unknown)}; the fields are {', '.join(known)}")
    try:
        return replace(settings, **values)  # type: ignore[type-var]
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def read_yaml_mapping(path: Path, example: str) -> dict[str, Any]:
    """A YAML file that maps names to values; an empty one maps none.

    Raises ValueError naming the file where it is not such a mapping, with an example; OSError where it cannot be read.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), UniqueKeyLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ValueError(f"{path} has to map names to values, as `{example}`")
    return values
