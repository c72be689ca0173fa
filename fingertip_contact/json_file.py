"""The only reader of JSON: lines of objects, and single objects. Errors name the file, the line and the field.

Files come from anybody: size and nesting are checked before they are parsed.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fingertip_contact.safe_text import describe, to_one_line

# Lines of ground truth have 4 kB, trees of a classifier 400 kB.
MAX_LINE_BYTES = 1 << 20
MAX_OBJECT_BYTES = 16 << 20
MAX_DEPTH = 20
MAX_NAME_LENGTH = 200
# Whole numbers beyond 64 bits overflow in numpy; no float needs as many digits.
MAX_INTEGER = (1 << 63) - 1
_MAX_NUMBER_LENGTH = 100

_OPENING, _CLOSING = b"[{", b"]}"
_WITHOUT_STRUCTURE = bytes(set(range(256)) - set(_OPENING + _CLOSING + b'"'))
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


def read_lines(path: Path, description: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, object) of every line that is not blank. description: the kind of file, for error messages.

    Raises FileNotFoundError if there is no file, ValueError if a line is not a JSON object within the limits.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{description} {path} does not exist")
    with path.open("rb") as file:
        lines = iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")
        for line_number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            with line_errors(path, line_number):
                value = _parse_object(line, MAX_LINE_BYTES)
            yield line_number, value


def read_object(path: Path) -> dict[str, Any]:
    """Reads a file with one JSON object. Raises FileNotFoundError, or ValueError that names the file."""
    with path.open("rb") as file:
        content = file.read(MAX_OBJECT_BYTES + 1)
    with field_errors(path):
        return _parse_object(content, MAX_OBJECT_BYTES)


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
        raise ValueError(f"{location}: field {describe(error.args[0])} is missing") from error
    # A member of another type than expected shows as any of these.
    except (TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"{location}: {to_one_line(str(error))}") from error


def to_line(value: dict[str, Any]) -> str:
    """An object as one line. Raises ValueError on NaN and infinity, which JSON does not have."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n"


def validate_choice(value: Any, allowed: tuple[Any, ...], name: str) -> Any:
    """Returns the value. Raises ValueError if it is not one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} is {describe(value)}; it has to be one of {', '.join(map(str, allowed))}")
    return value


def _parse_object(content: bytes, max_bytes: int) -> dict[str, Any]:
    """Raises ValueError for anything but one JSON object in UTF-8 within the limits."""
    if len(content) > max_bytes:
        raise ValueError(f"more than {max_bytes} bytes; this is another kind of file, or is damaged")
    if _measure_depth(content) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    value = json.loads(
        content.decode("utf-8"),
        object_pairs_hook=_make_object,
        parse_int=_parse_integer,
        parse_float=_parse_float,
        parse_constant=_refuse_constant,
    )
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {type(value).__name__}")
    return value


def _measure_depth(content: bytes) -> int:
    """How deeply brackets are nested, at most."""
    # With escapes, a quotation mark need not end a text; without them, all that is not structure can go first.
    text = content if b"\\" in content else content.translate(None, _WITHOUT_STRUCTURE)
    depth = deepest = 0
    for character in _TEXT.sub(b"", text):
        if character in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif character in _CLOSING:
            depth -= 1
    return deepest


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses doubled keys, of which JSON would silently use the last one."""
    found = dict(pairs)
    if len(found) != len(pairs):
        doubled, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{describe(doubled)} is listed twice")
    if any(len(name) > MAX_NAME_LENGTH for name in found):
        raise ValueError(f"a name has more than {MAX_NAME_LENGTH} characters")
    return found


def _parse_integer(digits: str) -> int:
    if len(digits) > _MAX_NUMBER_LENGTH or abs(number := int(digits)) > MAX_INTEGER:
        raise ValueError(f"the whole number {describe(digits)} is larger than {MAX_INTEGER}")
    return number


def _parse_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {describe(digits)} is too large")
    return number


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not finite; JSON has finite numbers only")
