"""A depth report as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table

from fingertip_contact.evaluation.depth_published import CARD, NOTES

# Field, heading, and how a value is shown.
COLUMNS = (
    ("frames", "frames", "{:d}"),
    ("mae_mm", "MAE mm", "{:.2f}"),
    ("rmse_mm", "RMSE mm", "{:.2f}"),
    ("abs_rel", "AbsRel", "{:.4f}"),
    ("silog", "SiLog", "{:.4f}"),
    ("delta1", "delta1", "{:.4f}"),
    ("coverage", "cover", "{:.3f}"),
)
MORE = (
    ("sq_rel", "SqRel m", "{:.5f}"),
    ("rmse_log", "RMSElog", "{:.4f}"),
    ("log10", "log10", "{:.4f}"),
    ("delta2", "delta2", "{:.4f}"),
    ("delta3", "delta3", "{:.4f}"),
)
GROUP_NAMES = {
    "by_angle": "Angle, degrees",
    "by_surface": "Surface",
    "by_action": "Action",
    "by_participant": "Participant",
    "bands": "Part of the picture",
}


def shown(value: Any, form: str) -> str:
    return "–" if value is None else form.format(value)


def groups_table(name: str, groups: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row for each group: mean over pictures."""
    table = Table(name, box=SIMPLE_HEAD, collapse_padding=True)
    for _, heading, _ in COLUMNS:
        table.add_column(heading, justify="right", no_wrap=True)
    for group, figures in groups.items():
        table.add_row(group, *(shown(figures[field], form) for field, _, form in COLUMNS))
    return table


def overall_table(report: Mapping[str, Any]) -> Table:
    """Every metric, averaged both ways."""
    table = Table("metric", title="All frames", box=SIMPLE_HEAD)
    for heading in ("mean over pictures", "all pixels"):
        table.add_column(heading, justify="right")
    for field, heading, form in (*COLUMNS, *MORE):
        if field in report["pixel"]:
            table.add_row(heading, shown(report[field], form), shown(report["pixel"][field], form))
    table.add_row("frames", shown(report["frames"], "{:d}"), "", end_section=True)
    table.add_row("cover", shown(report["coverage"], "{:.3f}"), "")
    return table


def card_table(report: Mapping[str, Any]) -> Table:
    """Ours beside the model card's. Different data: a look at the size of things, not a comparison."""
    table = Table("metric", title="Beside the model card (D405, other data)", box=SIMPLE_HEAD)
    for heading in ("here", "card, pre-trained", "card, fine-tuned"):
        table.add_column(heading, justify="right")
    for field, heading, form in COLUMNS:
        if field in CARD:
            table.add_row(heading, shown(report[field], form), *(form.format(value) for value in CARD[field]))
    return table


def depth_tables(report: Mapping[str, Any]) -> list[RenderableType]:
    """Everything, one thing below the other."""
    groups = [groups_table(name, report[field]) for field, name in GROUP_NAMES.items()]
    return [overall_table(report), *groups, card_table(report), *(f"* {note}" for note in NOTES)]
