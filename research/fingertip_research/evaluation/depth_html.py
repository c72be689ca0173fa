"""A depth report as one self-contained HTML file: tables, plots and error maps.

Needs matplotlib (extra `plots`).
"""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from fingertip_contact.files import atomic_write
from fingertip_research.evaluation.depth_published import CARD, NOTES
from fingertip_research.evaluation.depth_score import FrameScore
from fingertip_research.evaluation.depth_sources import DepthPredictor, load_true_depth_m
from fingertip_research.evaluation.depth_tables import EXTRA_COLUMNS, GROUP_TITLES, METRIC_COLUMNS, format_value

MAX_SHOWN_ERROR_MM = 30.0
ERROR_MAP_NAMES = ("best", "median", "worst")
STYLE = (
    "body{font:15px sans-serif;max-width:70em;margin:2em auto;color:#222}table{border-collapse:collapse;margin:1em 0}"
    "td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child"
    "{text-align:left}img{max-width:100%}"
)


def write_html(
    path: Path, title: str, report: Mapping[str, Any], scores: Sequence[FrameScore], predict: DepthPredictor
) -> None:
    """Raises OSError where the file cannot be written."""
    matplotlib.use("Agg")
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{STYLE}</style>",
        f"<h1>{html.escape(title)}</h1>",
        "<p>Means over images, of pixels with a true depth in range for which the source has a depth "
        "(cover: their ratio).</p>",
        _make_table(["", *(heading for _, heading, _ in METRIC_COLUMNS)], [_make_row("all", report)]),
        _make_table(
            ["metric", "mean over images", "all pixels"],
            [
                [heading, format_value(report[field], form), format_value(report["pixel"][field], form)]
                for field, heading, form in (*METRIC_COLUMNS, *EXTRA_COLUMNS)
                if field in report["pixel"]
            ],
        ),
    ]
    for field, name in GROUP_TITLES.items():
        rows = [_make_row(group, metrics) for group, metrics in report[field].items()]
        parts += [f"<h2>{name}</h2>", _make_table(["", *(heading for _, heading, _ in METRIC_COLUMNS)], rows)]
    parts += ["<h2>Plots</h2>", _embed_figure(_plot_bars(report)), _embed_figure(_plot_histogram(scores))]
    parts += ["<h2>Error maps</h2>", *_render_error_maps(scores, predict)]
    parts += [
        "<h2>Beside the model card (other data)</h2>",
        _make_card_table(report),
        *(f"<p>{html.escape(n)}</p>" for n in NOTES),
    ]
    with atomic_write(path, overwrite=True) as temporary_path:
        temporary_path.write_text("\n".join(parts), encoding="utf-8")


def _make_row(name: str, metrics: Mapping[str, Any]) -> list[str]:
    return [name, *(format_value(metrics[field], form) for field, _, form in METRIC_COLUMNS)]


def _make_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _make_card_table(report: Mapping[str, Any]) -> str:
    rows = [
        [heading, format_value(report[field], form), *(form.format(value) for value in CARD[field])]
        for field, heading, form in METRIC_COLUMNS
        if field in CARD
    ]
    return _make_table(["metric", "here", "card, pre-trained", "card, fine-tuned"], rows)


def _plot_bars(report: Mapping[str, Any]) -> Figure:
    """MAE by group."""
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


def _render_error_maps(scores: Sequence[FrameScore], predict: DepthPredictor) -> list[str]:
    """Images of the best, the median and the worst frame."""
    ranked = sorted((score for score in scores if score.overall.predicted_pixels), key=lambda score: score.mae_mm)
    if not ranked:
        return ["<p>The source has no depth in any image.</p>"]
    chosen = (ranked[0], ranked[len(ranked) // 2], ranked[-1])
    parts = []
    for name, score in zip(ERROR_MAP_NAMES, chosen, strict=True):
        label = f"{name}: {score.frame.session.name}, frame {score.frame.number}, MAE {score.mae_mm:.2f} mm"
        parts += [f"<p>{html.escape(label)}</p>", _embed_figure(_plot_error_map(score, predict))]
    return parts


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


def _embed_figure(figure: Figure) -> str:
    """The figure as an <img> element with its data."""
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=90)
    return f'<img src="data:image/png;base64,{base64.b64encode(data.getvalue()).decode("ascii")}">'
