"""Tables of a depth report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table

from fingertip_research.evaluation.depth_published import CARD, NOTES

# Field, heading and format.
METRIC_COLUMNS = (
    ("frames", "frames", "{:d}"),
    ("mae_mm", "MAE mm", "{:.2f}"),
    ("rmse_mm", "RMSE mm", "{:.2f}"),
    ("abs_rel", "AbsRel", "{:.4f}"),
    ("silog", "SiLog", "{:.4f}"),
    ("delta1", "delta1", "{:.4f}"),
    ("coverage", "cover", "{:.3f}"),
)
EXTRA_COLUMNS = (
    ("sq_rel", "SqRel m", "{:.5f}"),
    ("rmse_log", "RMSElog", "{:.4f}"),
    ("log10", "log10", "{:.4f}"),
    ("delta2", "delta2", "{:.4f}"),
    ("delta3", "delta3", "{:.4f}"),
)
GROUP_TITLES = {
    "by_angle": "Angle, degrees",
    "by_surface": "Surface",
    "by_action": "Action",
    "by_participant": "Participant",
    "bands": "Part of the image",
}


def format_value(value: Any, form: str) -> str:
    return "–" if value is None else form.format(value)


def make_groups_table(name: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row per group: mean over images."""
    table = Table(name, box=SIMPLE_HEAD, collapse_padding=True)
    for _, heading, _ in METRIC_COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    for group, metrics in groups.items():
        table.add_row(group, *(format_value(metrics[field], form) for field, _, form in METRIC_COLUMNS))
    return table


def make_overall_table(report: Mapping[str, Any]) -> Table:
    """Every metric, averaged over images and over pixels."""
    table = Table("metric", title="All frames", box=SIMPLE_HEAD)
    for heading in ("mean over images", "all pixels"):
        table.add_column(heading, justify="right")
    for field, heading, form in (*METRIC_COLUMNS, *EXTRA_COLUMNS):
        if field in report["pixel"]:
            table.add_row(heading, format_value(report[field], form), format_value(report["pixel"][field], form))
    table.add_row("frames", format_value(report["frames"], "{:d}"), "", end_section=True)
    table.add_row("cover", format_value(report["coverage"], "{:.3f}"), "")
    return table


def make_card_table(report: Mapping[str, Any]) -> Table:
    """Our metrics beside the model card's. The data differ: this shows orders of magnitude, not a comparison."""
    table = Table("metric", title="Beside the model card (D405, other data)", box=SIMPLE_HEAD)
    for heading in ("here", "card, pre-trained", "card, fine-tuned"):
        table.add_column(heading, justify="right")
    for field, heading, form in METRIC_COLUMNS:
        if field in CARD:
            table.add_row(heading, format_value(report[field], form), *(form.format(value) for value in CARD[field]))
    return table


def make_depth_tables(report: Mapping[str, Any]) -> list[RenderableType]:
    """All tables and notes, in order."""
    groups = [make_groups_table(name, report[field]) for field, name in GROUP_TITLES.items()]
    return [make_overall_table(report), *groups, make_card_table(report), *(f"* {note}" for note in NOTES)]
