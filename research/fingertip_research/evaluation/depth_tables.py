"""A depth report as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from fingertip_research.evaluation.depth_published import CARD, NOTES
from fingertip_research.evaluation.tables import Column, format_value, make_metrics_table, make_table

METRIC_COLUMNS = (
    Column("frames", "frames", "{:d}"),
    Column("mae_mm", "MAE mm", "{:.2f}"),
    Column("rmse_mm", "RMSE mm", "{:.2f}"),
    Column("abs_rel", "AbsRel", "{:.4f}"),
    Column("silog", "SiLog", "{:.4f}"),
    Column("delta1", "delta1", "{:.4f}"),
    Column("coverage", "cover", "{:.3f}"),
)
EXTRA_COLUMNS = (
    Column("sq_rel", "SqRel m", "{:.5f}"),
    Column("rmse_log", "RMSElog", "{:.4f}"),
    Column("log10", "log10", "{:.4f}"),
    Column("delta2", "delta2", "{:.4f}"),
    Column("delta3", "delta3", "{:.4f}"),
)
GROUP_TITLES = {
    "by_angle": "Angle, degrees",
    "by_surface": "Surface",
    "by_action": "Action",
    "by_participant": "Participant",
    "bands": "Part of the image",
}


def make_overall_table(report: Mapping[str, Any]) -> Table:
    """Every metric, averaged both over images and over pixels."""
    return make_table(["metric", "mean over images", "all pixels"], list_overall_rows(report), "All frames")


def list_overall_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """Heading, mean over images and value over all pixels of each metric; then what has one value."""
    averaged = [column for column in (*METRIC_COLUMNS, *EXTRA_COLUMNS) if column.field in report["pixel"]]
    single = [column for column in METRIC_COLUMNS if column.field not in report["pixel"]]
    return [
        *(
            [heading, format_value(report[field], form), format_value(report["pixel"][field], form)]
            for field, heading, form in averaged
        ),
        *([heading, format_value(report[field], form), ""] for field, heading, form in single),
    ]


CARD_HEADINGS = ("metric", "here", "card, pre-trained", "card, fine-tuned")


def make_card_table(report: Mapping[str, Any]) -> Table:
    """Our metrics beside the model card's. The data differ: the table shows orders of magnitude, not a comparison."""
    return make_table(CARD_HEADINGS, list_card_rows(report), "Beside the model card (D405, other data)")


def list_card_rows(report: Mapping[str, Any]) -> list[list[str]]:
    """Rows of CARD_HEADINGS."""
    return [
        [heading, format_value(report[field], form), *(form.format(value) for value in CARD[field])]
        for field, heading, form in METRIC_COLUMNS
        if field in CARD
    ]


def make_depth_tables(report: Mapping[str, Any]) -> list[RenderableType]:
    """All tables, from top to bottom. A group's rows are means over images."""
    groups = [make_metrics_table(report[field].items(), METRIC_COLUMNS, title) for field, title in GROUP_TITLES.items()]
    return [make_overall_table(report), *groups, make_card_table(report), *(f"* {note}" for note in NOTES)]
