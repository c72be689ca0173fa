"""The report of `evaluate recording` as tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table

from fingertip_contact.recordings.paths import bag_stem
from fingertip_contact.safe_text import escape_markup
from fingertip_research.evaluation.tables import Column, format_value, make_metrics_table, make_table

METRIC_COLUMNS = (
    Column("taps", "taps", "{:d}"),
    Column("presses", "found", "{:d}"),
    Column("event_precision", "prec.", "{:.3f}"),
    Column("event_recall", "recall", "{:.3f}"),
    Column("event_f1", "F1", "{:.3f}"),
    Column("key_accuracy", "keys", "{:.3f}"),
)
RECORDING_COLUMNS = (
    *METRIC_COLUMNS,
    Column("false_presses_per_minute", "false/min", "{:.1f}"),
    Column("cer", "CER", "{:.3f}"),
    Column("cer_with_words", "words", "{:.3f}"),
    Column("wpm", "WPM", "{:.1f}"),
)
# The distributions of a report, their names and units.
ERROR_ROWS = (
    ("latency_ms", "true touch to deciding frame", "ms"),
    ("onset_error_ms", "stamp of a press, late +", "ms"),
    ("release_error_ms", "stamp of a release, late +", "ms"),
    ("position_error_mm", "contact point along the surface", "mm"),
)


def make_recordings_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row per recording. reports: by name."""
    rows = ((bag_stem(Path(name)), report) for name, report in reports.items())
    return make_metrics_table(rows, RECORDING_COLUMNS, "recording", "Recordings")


def make_fingers_table(report: Mapping[str, Any]) -> Table:
    """One row per finger that tapped or was reported."""
    fingers = (
        (name.replace("_", " "), counts)
        for name, counts in report["fingers"].items()
        if counts["taps"] or counts["presses"]
    )
    return make_metrics_table(fingers, METRIC_COLUMNS, "finger", "Fingers")


def make_errors_table(report: Mapping[str, Any]) -> Table:
    """Medians, and percentiles of the magnitude."""
    percentiles = ("median", "p95", "p99")
    rows = (
        [f"{name}, {unit}", *(format_value(report[field][percentile], "{:.1f}") for percentile in percentiles)]
        for field, name, unit in ERROR_ROWS
    )
    return make_table(["error", *percentiles], rows, "Times and places of matched presses")


def make_texts_table(report: Mapping[str, Any]) -> Table:
    """Each typed text above the text that was read, without and with a word list."""
    table = Table("", "text", title="Texts", box=SIMPLE_HEAD)
    for text in report["texts"]:
        table.add_row("typed", escape_markup(text["typed"]))
        table.add_row("read", escape_markup(text["read"]), end_section=text["read_with_words"] is None)
        if text["read_with_words"] is not None:
            table.add_row("with words", escape_markup(text["read_with_words"]), end_section=True)
    return table


def format_confusions(report: Mapping[str, Any]) -> str:
    """The three most frequent confusions of fingers, in words."""
    worst = report["finger_confusions"][:3]
    if not worst:
        return "No tap was reported for a wrong finger."
    return "Wrong finger: " + "; ".join(
        f"{item['true'].replace('_', ' ')} as {item['reported'].replace('_', ' ')} {item['count']}x" for item in worst
    )


def make_report_tables(reports: Mapping[str, Mapping[str, Any]], total: Mapping[str, Any]) -> list[RenderableType]:
    """All tables, from top to bottom. total: the report over all recordings."""
    rows = dict(reports) if len(reports) == 1 else {**reports, "all": total}
    return [
        make_recordings_table(rows),
        make_fingers_table(total),
        make_errors_table(total),
        make_texts_table(total),
        format_confusions(total),
    ]
