"""A depth report as one self-contained HTML file: tables, plots and error maps.

Needs matplotlib and jinja2 (extra `plots`).
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import jinja2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from fingertip_contact.files import atomic_write
from fingertip_research.evaluation.depth_published import NOTES
from fingertip_research.evaluation.depth_score import FrameScore
from fingertip_research.evaluation.depth_sources import DepthPredictor, load_true_depth_m
from fingertip_research.evaluation.depth_tables import (
    CARD_HEADINGS,
    GROUP_TITLES,
    METRIC_COLUMNS,
    list_card_rows,
    list_overall_rows,
)
from fingertip_research.evaluation.tables import format_cells
from fingertip_research.resources import find_config_file

TEMPLATE_FILE = "depth_report.html.j2"
MAX_SHOWN_ERROR_MM = 30.0
ERROR_MAP_NAMES = ("best", "median", "worst")


def write_html(
    path: Path, title: str, report: Mapping[str, Any], scores: Sequence[FrameScore], predict: DepthPredictor
) -> None:
    """Raises OSError where the file cannot be written."""
    matplotlib.use("Agg")
    template = jinja2.Template(find_config_file(TEMPLATE_FILE).read_text(encoding="utf-8"), autoescape=True)
    page = template.render(
        title=title,
        metric_headings=[column.heading for column in METRIC_COLUMNS],
        all_cells=format_cells(report, METRIC_COLUMNS),
        overall_rows=list_overall_rows(report),
        groups={
            name: [[group, *format_cells(metrics, METRIC_COLUMNS)] for group, metrics in report[field].items()]
            for field, name in GROUP_TITLES.items()
        },
        plots=[_encode_png(_plot_bars(report)), _encode_png(_plot_histogram(scores))],
        error_maps=_render_error_maps(scores, predict),
        card_headings=CARD_HEADINGS,
        card_rows=list_card_rows(report),
        notes=NOTES,
    )
    with atomic_write(path, overwrite=True) as temporary_path:
        temporary_path.write_text(page, encoding="utf-8")


def _plot_bars(report: Mapping[str, Any]) -> Figure:
    """MAE of every group."""
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    panels = figure.subplots(2, 3).ravel()
    for panel, (field, name) in zip(panels, GROUP_TITLES.items(), strict=False):
        groups = report[field]
        panel.bar(list(groups), [metrics["mae_mm"] or math.nan for metrics in groups.values()])
        panel.set_title(name)
        panel.set_ylabel("MAE, mm")
        panel.tick_params(axis="x", rotation=45 if len(groups) > 4 else 0)
    panels[-1].set_axis_off()
    return figure


def _plot_histogram(scores: Sequence[FrameScore]) -> Figure:
    figure = Figure(figsize=(10, 3), layout="constrained")
    panel = figure.subplots()
    values = [score.mae_mm for score in scores if score.overall.predicted_pixels]
    panel.hist(values, bins=40)
    panel.set_xlabel("MAE of an image, mm")
    panel.set_ylabel("images")
    return figure


def _render_error_maps(scores: Sequence[FrameScore], predict: DepthPredictor) -> dict[str, str]:
    """Caption -> image, of the best, the median and the worst frame; empty where the source predicted nothing."""
    ranked = sorted((score for score in scores if score.overall.predicted_pixels), key=lambda score: score.mae_mm)
    if not ranked:
        return {}
    chosen = (ranked[0], ranked[len(ranked) // 2], ranked[-1])
    return {
        f"{name}: {score.frame.session.name}, frame {score.frame.number}, MAE {score.mae_mm:.2f} mm": _encode_png(
            _plot_error_map(score, predict)
        )
        for name, score in zip(ERROR_MAP_NAMES, chosen, strict=True)
    }


def _plot_error_map(score: FrameScore, predict: DepthPredictor) -> Figure:
    frame = score.frame.load()
    true_m, predicted_m = load_true_depth_m(score.frame), predict(frame)
    low, high = np.nanpercentile(true_m, (1, 99))
    figure = Figure(figsize=(14, 3), layout="constrained")
    panels = figure.subplots(1, 4)
    panels[0].imshow(cv2.cvtColor(frame.color_bgr, cv2.COLOR_BGR2RGB))
    panels[0].set_title("colour")
    for panel, depth_m, name in ((panels[1], true_m, "true"), (panels[2], predicted_m, "predicted")):
        drawn = panel.imshow(depth_m, vmin=low, vmax=high, cmap="viridis")
        panel.set_title(f"{name}, m")
    figure.colorbar(drawn, ax=list(panels[1:3]))
    error_mm = 1000 * (predicted_m - true_m)
    drawn = panels[3].imshow(error_mm, vmin=-MAX_SHOWN_ERROR_MM, vmax=MAX_SHOWN_ERROR_MM, cmap="RdBu")
    panels[3].set_title("predicted - true, mm")
    figure.colorbar(drawn, ax=panels[3])
    for panel in panels:
        panel.set_axis_off()
    return figure


def _encode_png(figure: Figure) -> str:
    """The figure as a PNG image in base64."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=90)
    return base64.b64encode(data.getvalue()).decode("ascii")
