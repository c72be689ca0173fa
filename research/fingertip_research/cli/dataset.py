"""`fingertip-contact dataset`: makes, checks and splits folders of colour and depth images for training."""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from fingertip_contact.cli.outputs import reserve_folder
from fingertip_contact.cli.progress import track_progress
from fingertip_contact.safe_text import escape_markup, to_one_line
from fingertip_research.cli.dataset_bags import from_bag, to_bag
from fingertip_research.cli.dataset_label import label
from fingertip_research.cli.dataset_record import record

app = typer.Typer(
    help="Make, check and split datasets in the D405 Hand-Surface layout.", no_args_is_help=True, add_completion=False
)
app.command("record", no_args_is_help=True)(record)
app.command("from-bag", no_args_is_help=True)(from_bag)
app.command("to-bag", no_args_is_help=True)(to_bag)
app.command("label", no_args_is_help=True)(label)

DatasetFolder = Annotated[Path, typer.Argument(help="Folder of the dataset, of one participant, or of one session.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
MinValidDepth = Annotated[
    float, typer.Option(min=0, max=1, help="Smallest fraction of valid depth in the central window.")
]
MinSharpness = Annotated[float, typer.Option(min=0, help="Smallest variance of the Laplacian of the grey image.")]
MAX_SHOWN = 20


@app.command()
def info(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """Count the frames of a dataset by participant, angle, surface and action. No image is read.

    Example: fingertip-contact dataset info out/people
    """
    from rich.console import Console
    from rich.table import Table

    from fingertip_research.datasets.dataset import open_dataset

    loaded = open_dataset(dataset)
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("participant", "angle", "surface", "action")}
    for session in loaded.sessions:
        frames = len(session.frame_numbers)
        values = (session.participant, f"{session.angle_deg:g}", session.surface, session.action)
        for counter, value in zip(counts.values(), values, strict=True):
            counter[value] += frames
    total = sum(counts["participant"].values())
    _report(loaded.problems)
    if as_json:
        totals = {name: dict(sorted(counter.items())) for name, counter in counts.items()}
        report = {"sessions": len(loaded.sessions), "frames": total, **totals, "problems": list(loaded.problems)}
        typer.echo(json.dumps(report, indent=2))
        return
    table = Table("", "", "frames", title=f"{len(loaded.sessions)} sessions, {total} frames", title_justify="left")
    for name, counter in counts.items():
        for index, (value, frames) in enumerate(sorted(counter.items())):
            table.add_row("" if index else name, escape_markup(value), str(frames))
    Console().print(table)


@app.command()
def check(
    dataset: DatasetFolder,
    as_json: AsJson = False,
    every: Annotated[
        int, typer.Option(min=1, help="Read only every N-th frame; missing files are found in all frames.")
    ] = 1,
    min_valid_depth: MinValidDepth = 0.80,
    min_sharpness: MinSharpness = 100.0,
    threads: Annotated[int | None, typer.Option(min=1, help="By default one per core.")] = None,
) -> None:
    """Find missing, corrupt and mismatched files, wrong units and implausible surfaces, and count poor frames.

    A poor frame (blurred, or with too little depth by the filter of the dataset's authors) is not an error: `dataset
    split --filter` excludes it. Exit code 1 if there are errors; each file is named.

    Example: fingertip-contact dataset check out/people
    """
    from rich.console import Console

    from fingertip_research.datasets.check import Quality, check_dataset
    from fingertip_research.datasets.dataset import open_dataset

    quality = Quality(min_valid_depth, min_sharpness)
    loaded = open_dataset(dataset)
    checks = check_dataset(loaded, quality, stride=every, threads=threads or os.cpu_count() or 1)
    with track_progress(checks, len(loaded.sessions), dataset.name) as sessions:
        summaries = [session.summary(quality) for session in sessions]
    problems = [*loaded.problems, *(problem for summary in summaries for problem in summary["problems"])]
    if as_json:
        typer.echo(json.dumps({"sessions": summaries, "problems": problems}, indent=2, allow_nan=False))
    else:
        Console().print(_make_check_table(summaries))
        _report([note for summary in summaries for note in summary["notes"]], "note")
        _report(problems)
    checked, rejected = (sum(summary[name] for summary in summaries) for name in ("checked", "rejected"))
    typer.echo(f"{len(problems)} problems; {checked} frames checked, {rejected} below the filter", err=True)
    if problems:
        raise typer.Exit(1)


@app.command()
def split(
    dataset: DatasetFolder,
    out: Annotated[Path | None, typer.Option(help="Write a manifest (.json), small enough to be committed.")] = None,
    text: Annotated[Path | None, typer.Option(help="Write train.txt, val.txt and test.txt into this folder.")] = None,
    name: Annotated[
        str | None, typer.Option(help="A published split (card, repository) or a manifest, instead of a new one.")
    ] = None,
    train: Annotated[float, typer.Option(min=0, help="Fraction of the frames for training.")] = 0.80,
    val: Annotated[float, typer.Option(min=0, help="Fraction for validation.")] = 0.05,
    test: Annotated[float, typer.Option(min=0, help="Fraction for testing.")] = 0.15,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the assignment.")] = 42,
    quality_filter: Annotated[
        bool, typer.Option("--filter", help="Exclude the frames that `check` counts as poor.")
    ] = False,
    min_valid_depth: MinValidDepth = 0.80,
    min_sharpness: MinSharpness = 100.0,
    focal: Annotated[bool, typer.Option("--focal", help="Also write the focal length into the text files.")] = False,
) -> None:
    """Assign the participants to train, val and test, so that nobody is in two of them.

    The text files have the format of Depth Anything V2's metric training: colour path, depth path, and optionally the
    focal length. Without --out and --text the split is only shown.

    Examples: fingertip-contact dataset split out/people --out people.split.json;
    fingertip-contact dataset split d405 --name card --text splits/card
    """
    from fingertip_contact.files import atomic_write
    from fingertip_research.datasets.check import Quality, find_rejected_frames
    from fingertip_research.datasets.dataset import open_dataset
    from fingertip_research.datasets.split import PARTS, draw_split, load_split, save_pairs, save_split

    loaded = open_dataset(dataset)
    _report(loaded.problems)
    if text is not None:
        reserve_folder(text)
    selected = load_split(name) if name else draw_split(loaded, {"train": train, "val": val, "test": test}, seed)
    with ExitStack() as stack:
        # Before minutes of filtering.
        manifest = None if out is None else stack.enter_context(atomic_write(out, overwrite=True))
        if quality_filter:
            quality = Quality(min_valid_depth, min_sharpness)
            tracked = track_progress(find_rejected_frames(loaded, quality), len(loaded.sessions), dataset.name)
            selected = selected.exclude(dict(stack.enter_context(tracked)))
        if manifest is not None:
            save_split(selected, loaded, manifest)
    if text is not None:
        save_pairs(selected, loaded, text, focal=focal)
    for part in PARTS:
        frames = selected.count(loaded, part)
        typer.echo(f"{part:5} {frames:7d} frames of {to_one_line(', '.join(selected.participants[part])) or 'nobody'}")
    unassigned = selected.find_unassigned(loaded)
    if unassigned:
        typer.echo(f"in no part: {to_one_line(', '.join(unassigned))}", err=True)


def _make_check_table(summaries: list[dict[str, Any]]) -> Any:
    from fingertip_research.evaluation.tables import Column, make_metrics_table

    columns = (
        Column("frames", "frames", "{:d}"),
        Column("rejected", "poor", "{:d}"),
        Column("valid_ratio", "depth", "{:.0%}"),
        Column("sharpness", "sharp", "{:.0f}"),
        Column("without_hands", "empty", "{:d}"),
        Column("contact_frames", "touch", "{:d}"),
        Column("surface_residual_mm", "mm", "{:.2f}"),
        Column("camera_angle_deg", "angle", "{:.0f}"),
    )
    return make_metrics_table(((s["session"].split("/")[1], s) for s in summaries), columns, "session")


def _report(lines: list[str] | tuple[str, ...], label: str = "problem") -> None:
    """Prints the first lines on stderr."""
    for line in lines[:MAX_SHOWN]:
        typer.echo(f"{label}: {to_one_line(line)}", err=True)
    if len(lines) > MAX_SHOWN:
        typer.echo(f"... and {len(lines) - MAX_SHOWN} more {label}s; --json lists all", err=True)
