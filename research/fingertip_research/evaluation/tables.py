"""How reports become tables for people: one row per name, one column per metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fingertip_contact.safe_text import escape_markup

MISSING = "–"
# A long name is folded down to this width before the table becomes wider than the screen.
MIN_NAME_WIDTH = 12


class Column(NamedTuple):
    """A metric of a report. form: of str.format."""

    field: str
    heading: str
    form: str


def format_value(value: Any, form: str) -> str:
    return MISSING if value is None else form.format(value)


def format_cells(metrics: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    """The metrics in the order of the columns; a dash for None."""
    return [format_value(metrics[column.field], column.form) for column in columns]


def make_table(headings: Sequence[str], rows: Iterable[Sequence[str]] = (), title: str | None = None) -> Table:
    """A left column of names, and numbers aligned to the right. Names may be foreign text: they are not markup."""
    table = Table(title=title, box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column(headings[0], overflow="fold", min_width=MIN_NAME_WIDTH)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(escape_markup(row[0]), *row[1:])
    return table


def make_metrics_table(
    named_metrics: Iterable[tuple[str, Mapping[str, Any]]],
    columns: Sequence[Column],
    heading: str = "",
    title: str | None = None,
) -> Table:
    """One row per (name, metrics); names may repeat. heading: of the names."""
    rows = ([name, *format_cells(metrics, columns)] for name, metrics in named_metrics)
    return make_table([heading, *(column.heading for column in columns)], rows, title)
