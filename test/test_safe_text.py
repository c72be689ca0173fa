"""Text of others is printed without effects."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.table import Table

from fingertip_contact.safe_text import MAX_VALUE_LENGTH, describe, escape_markup, suggest, to_one_line, to_printable


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31mred", "a\rb", "\x07", "‮abc", "\ud800", "a\u2028b", "\x9b2J"])
def test_characters_without_a_glyph_are_escaped(text):
    """No line ends, no terminal sequences, no changes of direction; the result can be encoded."""
    for printed in (to_printable(text), escape_markup(text), to_one_line(text), describe(text)):
        assert printed.isprintable()
        printed.encode("utf-8")


def test_other_letters_stay():
    """Text of any language is shown as it is."""
    assert to_printable("größer, 日本, 😀 and \\n") == "größer, 日本, 😀 and \\n"


@pytest.mark.parametrize("length", [1501, 3000, 3001, 1_000_000])
def test_the_end_of_a_long_message_stays(length):
    """Errors end with their remedy."""
    printed = to_one_line("x" * length + "; run this command")
    assert len(printed) <= 1500
    assert printed.endswith("; run this command")
    assert " ... " in printed


class Unwilling:
    def __repr__(self) -> str:
        return "x" * 1000


@pytest.mark.parametrize("value", ["x" * 10**6, [[[[[1] * 1000]]]], {"k" * 1000: "v" * 1000}, Unwilling(), 10**300])
def test_values_are_shortened(value):
    """No value fills the screen."""
    assert len(describe(value)) <= MAX_VALUE_LENGTH


def test_a_list_that_contains_itself_is_described():
    """And costs no more than what is shown of it."""
    values: list = []
    for _ in range(100):
        values = [values] * 10
    assert "..." in describe(values)


def test_markup_is_shown_as_text():
    """Brackets in foreign text are neither styles nor errors."""
    table = Table()
    table.add_row(escape_markup("[/nothing] [red]text"))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(table)
    assert "[/nothing] [red]text" in capture.get()


def test_the_nearest_name_is_suggested():
    """A misspelt name is answered with the right one; a name unlike all others with none."""
    assert suggest("profil", ["layout", "profile"]) == "; did you mean 'profile'?"
    assert suggest("Profile", ["layout", "profile"]) == "; did you mean 'profile'?"
    assert suggest("zzz", ["layout", "profile"]) == ""
    assert suggest(3, []) == ""
