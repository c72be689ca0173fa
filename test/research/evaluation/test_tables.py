"""Rules of report tables."""

from __future__ import annotations

from rich.console import Console

from fingertip_research.evaluation.tables import MISSING, Column, make_metrics_table

COLUMNS = (Column("f1", "F1", "{:.2f}"), Column("taps", "taps", "{:d}"))


def test_every_row_is_shown() -> None:
    """Rows keep their order, repeated names stay separate, and None is a dash."""
    rows = [("hello", {"f1": 0.5, "taps": 12}), ("hello", {"f1": None, "taps": 0})]
    console = Console(width=80)
    with console.capture() as capture:
        console.print(make_metrics_table(rows, COLUMNS, "recording"))
    lines = [line.split() for line in capture.get().splitlines() if "hello" in line]
    assert lines == [["hello", "0.50", "12"], ["hello", MISSING, "0"]]


def test_long_names_fold_before_numbers_do() -> None:
    """A name longer than the screen is folded; numbers stay whole."""
    console = Console(width=40)
    with console.capture() as capture:
        console.print(make_metrics_table([("x" * 60, {"f1": 0.5, "taps": 1000})], COLUMNS))
    assert max(map(len, capture.get().splitlines())) <= 40
    assert "1000" in capture.get()
