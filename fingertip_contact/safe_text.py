"""Text from files and messages of others, made safe to print: no control characters, no markup, bounded length."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

# Long enough for a sentence with a path; a terminal shows it in a few lines.
MAX_MESSAGE_LENGTH = 1500
MAX_VALUE_LENGTH = 80
_CUT = " ... "
# difflib compares each pair of characters.
_MAX_COMPARED_LENGTH = 60
_MAX_COMPARED_NAMES = 1000

_REPR = reprlib.Repr()
_REPR.maxlevel, _REPR.maxdict, _REPR.maxlist, _REPR.maxtuple, _REPR.maxset = 3, 4, 6, 6, 6
_REPR.maxstring, _REPR.maxlong, _REPR.maxother = 60, 40, 60


def to_printable(text: str, max_length: int = MAX_MESSAGE_LENGTH) -> str:
    """The text on one line: characters that do not print (control, direction and surrogate characters) are escaped, and
    the middle of a long text is left out, since errors end with their remedy."""
    if len(text) > 2 * max_length:
        text = text[:max_length] + text[-max_length:]
    line = "".join(character if character.isprintable() else _escape(character) for character in text)
    if len(line) <= max_length:
        return line
    tail = (max_length - len(_CUT)) // 2
    return line[: max_length - len(_CUT) - tail] + _CUT + line[len(line) - tail :]


def to_one_line(text: str) -> str:
    """A message as one printable line: runs of white space become one space."""
    return to_printable(" ".join(text.split()))


def describe(value: object) -> str:
    """A value as Python writes it, shortened: for errors that show what was found. Nested values cost no more than
    what is shown of them."""
    return to_printable(_REPR.repr(value), MAX_VALUE_LENGTH)


def escape_markup(text: str, max_length: int = MAX_MESSAGE_LENGTH) -> str:
    """A printable text as a cell of a table of rich, which reads [brackets] as styles."""
    from rich.markup import escape

    return escape(to_printable(text, max_length))


def suggest(name: object, known: Iterable[str], min_ratio: float = 0.6) -> str:
    """`; did you mean 'paper'?` for the known name that is nearest, empty where none is near.

    min_ratio: of characters in common, 0 to 1; by default difflib's.
    """
    names = list(islice(known, _MAX_COMPARED_NAMES))
    found = get_close_matches(str(name)[:_MAX_COMPARED_LENGTH].lower(), names, n=1, cutoff=min_ratio)
    return f"; did you mean {found[0]!r}?" if found else ""


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
