"""Dataclass fields with a range or choices, in one place: profiles, training recipes and node parameters use them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import Field, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from fingertip_contact.safe_text import describe, suggest
from fingertip_contact.yaml_file import read_yaml

T = TypeVar("T")

logger = logging.getLogger(__name__)


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
        return f"{entry.name} is {describe(value)}; choose one of {', '.join(map(str, entry.metadata['choices']))}"
    if "range" not in entry.metadata:
        return ""
    low, high = entry.metadata["range"]
    types = int if isinstance(entry.default, int) else (int, float)
    is_number = isinstance(value, types) and not isinstance(value, bool)
    # False for NaN and infinity too.
    if is_number and low <= value <= high:
        return ""
    type_name = "a whole number" if types is int else "a number"
    return f"{entry.name} is {describe(value)}; it has to be {type_name} from {low:g} to {high:g}"


def replace_values(settings: T, values: Mapping[str, Any], source: str) -> T:
    """A copy of a settings dataclass with these values.

    Raises ValueError that names source and field for an unknown name or a value that is not allowed.
    """
    known = [entry.name for entry in fields(settings)]  # type: ignore[arg-type]
    unknown = [name for name in values if name not in known]
    if unknown:
        names = ", ".join(describe(name) for name in unknown)
        raise ValueError(f"{source}: unknown {names}{suggest(unknown[0], known)}; the fields are {', '.join(known)}")
    try:
        return replace(settings, **values)  # type: ignore[type-var]
    except ValueError as error:
        raise ValueError(f"{source}: {error}") from error


def warn_about_unknown(names: Iterable[object], known: Iterable[str], source: str) -> None:
    """Log a warning for each name that nothing reads, with the nearest name that something does. source: where the
    names are, e.g. the file. For files that other versions and programs may add fields to; else `replace_values`."""
    known = tuple(known)
    for name in names:
        if name not in known:
            logger.warning("%s: %s is not read%s", source, describe(name), suggest(name, known))


def read_yaml_mapping(path: Path, example: str) -> dict[str, Any]:
    """A YAML file that maps names to values; an empty one maps none.

    Raises ValueError naming the file where it is not such a mapping, with an example; and as `read_yaml` does.
    """
    values = read_yaml(path)
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise ValueError(f"{path} has to map names to values, as `{example}`")
    return values
