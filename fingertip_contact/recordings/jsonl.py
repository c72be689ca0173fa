"""JSON lines, one object a line, and single objects: errors name the file, the line and the field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def read_lines(path: Path, description: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is not blank. description: what the file is, for the errors.

    Raises FileNotFoundError where there is no file, ValueError where a line is no JSON object.
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
    """Makes a trouble with the fields of one line a ValueError that names the file and the line."""
    with field_errors(f"{path}, line {line_number}"):
        yield


@contextmanager
def field_errors(location: str | Path) -> Iterator[None]:
    """Makes a trouble with the fields of something read from JSON a ValueError that says where."""
    try:
        yield
    except KeyError as error:
        raise ValueError(f"{location}: field {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{location}: {error}") from error


def read_object(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object. Raises FileNotFoundError, or ValueError naming the file."""
    text = path.read_text(encoding="utf-8")
    with field_errors(path):
        value = json.loads(text)
        if not isinstance(value, dict):
            raise ValueError(f"expected a JSON object, found {type(value).__name__}")
        return value


def to_line(value: dict[str, Any]) -> str:
    """An object as one line. Raises ValueError on NaN and infinity, which JSON does not know."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n"


def validate_choice(value: Any, allowed: tuple[Any, ...], name: str) -> Any:
    """The value, if it is one of those allowed; else ValueError."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it has to be one of {', '.join(map(str, allowed))}")
    return value
