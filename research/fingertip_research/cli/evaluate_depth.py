"""`fingertip-contact evaluate depth`: the accuracy of depth, against a dataset."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import track_progress
from fingertip_contact.safe_text import to_one_line

if TYPE_CHECKING:
    from fingertip_research.datasets.dataset import DatasetFrame
    from fingertip_research.evaluation.depth_sources import DepthPredictor


def depth(
    dataset: Annotated[Path, typer.Argument(help="Folder in the D405 Hand-Surface layout.")],
    source: Annotated[Literal["model", "sensor", "fused", "constant"], typer.Option(help="Depth source.")] = "model",
    weights: Annotated[Path | None, typer.Option(help="Network weights; default: the pulled ones (d405).")] = None,
    size: Annotated[str | None, typer.Option(help="Input of the network, HxW; default: as trained.")] = None,
    max_depth: options.MaxDepth = None,
    constant_m: Annotated[float, typer.Option(min=0.001, help="Depth of the source `constant`, metres.")] = 0.35,
    split: Annotated[str | None, typer.Option(help="Split manifest or published split; default: all.")] = None,
    part: Annotated[str, typer.Option(help="Part of the split: train, val or test.")] = "test",
    frames: Annotated[int, typer.Option(min=0, help="Number of frames, evenly spaced; 0: all.")] = 0,
    html: Annotated[Path | None, typer.Option(help="Write a report with plots and error maps.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Compare depth with a dataset: by angle, surface, action, participant, distance, near the desk, at fingertips.

    The truth is the session's exact depth if it has one (simulation), else the sensor's. docs/training.md defines every
    metric. Depth is not aligned: a depth that is too large by a tenth has an error of a tenth.

    Examples: fingertip-contact evaluate depth data --split card --weights runs/card/best.safetensors;
    fingertip-contact evaluate depth data --source sensor --json
    """
    from rich.console import Console

    from fingertip_contact.files import atomic_write
    from fingertip_research.evaluation.depth_score import make_report, score_frames
    from fingertip_research.evaluation.depth_sources import make_constant_source, require_independent_ground_truth
    from fingertip_research.evaluation.depth_tables import make_depth_tables

    if html is not None:
        # Before the long work: it needs matplotlib and jinja2.
        from fingertip_research.evaluation.depth_html import write_html
    selected = _select_frames(dataset, split, part, frames)
    require_independent_ground_truth(source, selected[0])
    predict = (
        make_constant_source(constant_m)
        if source == "constant"
        else make_depth_source(source, weights, size, max_depth)
    )
    with ExitStack() as stack:
        page = None if html is None else stack.enter_context(atomic_write(html, overwrite=True))
        tracked = stack.enter_context(track_progress(selected, len(selected), source))
        scores, problems = score_frames(tracked, predict)
        for problem in problems:
            typer.echo(f"left out: {to_one_line(problem)}", err=True)
        result: dict[str, Any] = {"source": source, "skipped_frames": len(problems), **make_report(scores)}
        if page is not None:
            write_html(page, f"Depth of {source} on {dataset.resolve().name}", result, scores, predict)
    if as_json:
        typer.echo(json.dumps(result, indent=2, allow_nan=False))
    else:
        Console().print(*make_depth_tables(result), sep="\n")


def _select_frames(dataset: Path, split: str | None, part: str, count: int) -> list[DatasetFrame]:
    from fingertip_research.datasets.dataset import open_dataset
    from fingertip_research.datasets.split import PARTS, load_split
    from fingertip_research.evaluation.depth_score import sample_evenly

    loaded = open_dataset(dataset)
    if split is None:
        return sample_evenly(list(loaded.frames()), count)
    parts = {name: name for name in PARTS}
    if part not in parts:
        raise ValueError(f"part {part!r} is not one of {', '.join(PARTS)}")
    return sample_evenly(list(load_split(split).frames(loaded, parts[part])), count)


def make_depth_source(
    source: str, weights: Path | None, size: str | None, max_depth_m: float | None = None
) -> DepthPredictor:
    """The depth source of a name: sensor, model (the network) or fused. Raises ValueError for invalid weights."""
    from fingertip_contact.depth.estimator import DepthEstimator
    from fingertip_research.evaluation import depth_sources

    if source == "sensor":
        return depth_sources.make_sensor_source()
    spec = options.make_network_spec(weights, size or _read_trained_size(weights), max_depth_m)
    estimator = DepthEstimator(spec.weights, height=spec.height, width=spec.width, max_depth_m=spec.max_depth_m)
    return (
        depth_sources.make_network_source(estimator)
        if source == "model"
        else depth_sources.make_fused_source(estimator)
    )


def _read_trained_size(weights: Path | None) -> str:
    """The input size in config.json beside the weights, as `train` writes it; default: one with the camera's aspect."""
    from fingertip_contact.json_file import read_object

    config = weights.with_name("config.json") if weights else None
    fields = read_object(config) if config and config.is_file() else {}
    return f"{fields.get('input_height', 252)}x{fields.get('input_width', 336)}"
