"""Tables of recording reports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from fingertip_contact.recordings.paths import bag_stem

# Field of the report, heading and format.
METRIC_COLUMNS = (
    ("taps", "taps", "{:d}"),
    ("presses", "found", "{:d}"),
    ("event_precision", "prec.", "{:.3f}"),
    ("event_recall", "recall", "{:.3f}"),
    ("event_f1", "F1", "{:.3f}"),
    ("key_accuracy", "keys", "{:.3f}"),
)
RECORDING_COLUMNS = (
    *METRIC_COLUMNS,
    ("false_presses_per_minute", "false/min", "{:.1f}"),
    ("cer", "CER", "{:.3f}"),
    ("wpm", "WPM", "{:.1f}"),
)
# Field of the report, name and unit of an error.
ERROR_ROWS = (
    ("latency_ms", "touch-down to deciding frame", "ms"),
    ("onset_error_ms", "stamp of a press, late +", "ms"),
    ("release_error_ms", "stamp of a release, late +", "ms"),
    ("position_error_mm", "contact point along the surface", "mm"),
)


def make_recordings_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row per recording. reports: name -> report."""
    table = Table(title="Recordings", box=SIMPLE_HEAD, collapse_padding=True)
    table.add_column("recording", overflow="fold", min_width=12)
    for _, heading, _ in RECORDING_COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    for name, report in reports.items():
        cells = (template.format(report[field]) for field, _, template in RECORDING_COLUMNS)
        table.add_row(bag_stem(Path(name)), *cells)
    return table


def make_fingers_table(report: Mapping[str, Any]) -> Table:
    """One row per finger with true or reported taps."""
    table = Table("finger", title="Fingers", box=SIMPLE_HEAD)
    for _, heading, _ in METRIC_COLUMNS:
        table.add_column(heading, justify="right")
    for name, counts in report["fingers"].items():
        if counts["taps"] or counts["presses"]:
            table.add_row(
                name.replace("_", " "), *(template.format(counts[field]) for field, _, template in METRIC_COLUMNS)
            )
    return table


def make_errors_table(report: Mapping[str, Any]) -> Table:
    """Medians, and percentiles of the magnitude."""
    table = Table("error", "unit", title="Times and places of matched presses", box=SIMPLE_HEAD)
    for heading in ("median", "p95", "p99"):
        table.add_column(heading, justify="right")
    for field, name, unit in ERROR_ROWS:
        values = report[field]
        template = ("–" if values[key] is None else f"{values[key]:.1f}" for key in ("median", "p95", "p99"))
        table.add_row(name, unit, *template)
    return table


def make_texts_table(report: Mapping[str, Any]) -> Table:
    """Typed text above decoded text."""
    table = Table("", "text", title="Texts", box=SIMPLE_HEAD)
    for text in report["texts"]:
        table.add_row("typed", escape(text["typed"]))
        table.add_row("read", escape(text["read"]), end_section=True)
    return table


def format_confusions(report: Mapping[str, Any]) -> str:
    """The most frequent confusions of fingers, as a sentence."""
    worst = report["finger_confusions"][:3]
    if not worst:
        return "No tap was reported for a wrong finger."
    return "Wrong finger: " + "; ".join(
        f"{item['true'].replace('_', ' ')} as {item['reported'].replace('_', ' ')} {item['count']}x" for item in worst
    )


def make_report_tables(reports: Mapping[str, Mapping[str, Any]], total: Mapping[str, Any]) -> list[RenderableType]:
    """All tables and lines, in order. total: the report over all recordings."""
    rows = dict(reports) if len(reports) == 1 else {**reports, "all": total}
    return [
        make_recordings_table(rows),
        make_fingers_table(total),
        make_errors_table(total),
        make_texts_table(total),
        format_confusions(total),
    ]
