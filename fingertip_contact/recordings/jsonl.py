"""JSON lines, one object per line, and single objects: errors name the file, the line and the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def read_lines(path: Path, description: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is not blank. description: the kind of file, for error messages.

    Raises FileNotFoundError if there is no file, ValueError if a line is not a JSON object.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{description} {path} does not exist")
    with path.open("rb") as file:
        for line_number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            with line_errors(path, line_number):
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise ValueError(f"expected a JSON object, found {type(value).__name__}")
            yield line_number, value


@contextmanager
def line_errors(path: Path, line_number: int) -> Iterator[None]:
    """Turns an error in the fields of one line into a ValueError that names the file and the line."""
    with field_errors(f"{path}, line {line_number}"):
        yield


@contextmanager
def field_errors(location: str | Path) -> Iterator[None]:
    """Turns an error in fields read from JSON into a ValueError that names the location."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{location}: field {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{location}: {error}") from error


def read_object(path: Path) -> dict[str, Any]:
    """Reads a file with one JSON object. Raises FileNotFoundError, or ValueError that names the file."""
    text = path.read_text(encoding="utf-8")
    with field_errors(path):
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError(f"expected a JSON object, found {type(value).__name__}")
        return value


def to_line(value: dict[str, Any]) -> str:
    """An object as one line. Raises ValueError on NaN and infinity, which JSON does not have."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n"


def validate_choice(value: Any, allowed: tuple[Any, ...], name: str) -> Any:
    """Returns the value. Raises ValueError if it is not one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it has to be one of {', '.join(map(str, allowed))}")
    return value
