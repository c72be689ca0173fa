"""`fingertip-contact dataset`: folders of colour and depth pictures to train on."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from fingertip_contact.cli.dataset_bags import from_bag, to_bag
from fingertip_contact.cli.dataset_label import label
from fingertip_contact.cli.dataset_record import record
from fingertip_contact.cli.progress import progress_over

app = typer.Typer(
    help="Make, check and split datasets in the D405 Hand-Surface layout.", no_args_is_help=True, add_completion=False
)
app.command("record", no_args_is_help=True)(record)
app.command("from-bag", no_args_is_help=True)(from_bag)
app.command("to-bag", no_args_is_help=True)(to_bag)
app.command("label", no_args_is_help=True)(label)

DatasetFolder = Annotated[Path, typer.Argument(help="The dataset, one participant's folder in it, or one session's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
MinValidDepth = Annotated[float, typer.Option(min=0, max=1, help="Share of the middle of the picture with a depth.")]
MinSharpness = Annotated[float, typer.Option(min=0, help="Variance of the Laplacian of the grey picture.")]
# As a variable, so that it is the same in help and text.
SHOWN_PROBLEMS = 20


@app.command()
def info(dataset: DatasetFolder, as_json: AsJson = False) -> None:
    """Say what a dataset holds: frames by participant, angle, surface and action. No picture is read.

    Example: fingertip-contact dataset info out/people
    """
    from rich.console import Console
    from rich.table import Table

    from fingertip_contact.recordings.dataset import open_dataset

    opened = open_dataset(dataset)
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("participant", "angle", "surface", "action")}
    for session in opened.sessions:
        frames = len(session.frame_numbers)
        values = (session.participant, f"{session.angle_deg:g}", session.surface, session.action)
        for counter, value in zip(counts.values(), values, strict=True):
            counter[value] += frames
    total = sum(counts["participant"].values())
    _tell(opened.problems)
    if as_json:
        found = {name: dict(sorted(counter.items())) for name, counter in counts.items()}
        told = {"sessions": len(opened.sessions), "frames": total, **found, "problems": list(opened.problems)}
        typer.echo(json.dumps(told, indent=2))
        return
    table = Table("", "", "frames", title=f"{len(opened.sessions)} sessions, {total} frames", title_justify="left")
    for name, counter in counts.items():
        for index, (value, frames) in enumerate(sorted(counter.items())):
            table.add_row("" if index else name, value, str(frames))
    Console().print(table)


@app.command()
def check(
    dataset: DatasetFolder,
    as_json: AsJson = False,
    every: Annotated[int, typer.Option(min=1, help="Read each such frame only; files are counted all the same.")] = 1,
    min_valid_depth: MinValidDepth = 0.80,
    min_sharpness: MinSharpness = 100.0,
    threads: Annotated[int | None, typer.Option(min=1, help="One a core by default.")] = None,
) -> None:
    """Look for missing, corrupt and mismatched files, wrong units and odd surfaces, and count poor frames.

    A poor frame (too little depth, blurred: the filter of the dataset's authors) is not a broken one: `dataset split
    --filter` leaves it out. Exit code 1 where something is broken; each file is named.

    Example: fingertip-contact dataset check out/people
    """
    from rich.console import Console

    from fingertip_contact.recordings.dataset import open_dataset
    from fingertip_contact.recordings.dataset_check import Quality, check_dataset

    quality = Quality(min_valid_depth, min_sharpness)
    opened = open_dataset(dataset)
    checks = check_dataset(opened, quality, stride=every, threads=threads or os.cpu_count() or 1)
    with progress_over(checks, len(opened.sessions), dataset.name) as sessions:
        summaries = [session.summary(quality) for session in sessions]
    problems = [*opened.problems, *(problem for summary in summaries for problem in summary["problems"])]
    if as_json:
        typer.echo(json.dumps({"sessions": summaries, "problems": problems}, indent=2, allow_nan=False))
    else:
        Console().print(_check_table(summaries))
        _tell([note for summary in summaries for note in summary["notes"]], "note")
        _tell(problems)
    checked, rejected = (sum(summary[name] for summary in summaries) for name in ("checked", "rejected"))
    typer.echo(f"{len(problems)} problems; {checked} frames looked at, {rejected} below the filter", err=True)
    if problems:
        raise typer.Exit(1)


@app.command()
def split(
    dataset: DatasetFolder,
    out: Annotated[Path | None, typer.Option(help="The manifest (.json), small enough to be committed.")] = None,
    text: Annotated[Path | None, typer.Option(help="Also a folder for train.txt, val.txt and test.txt.")] = None,
    name: Annotated[
        str | None, typer.Option(help="A published split (card, repository) or a manifest, instead of a new one.")
    ] = None,
    train: Annotated[float, typer.Option(min=0, help="Share of the frames to train on.")] = 0.80,
    val: Annotated[float, typer.Option(min=0, help="Share to validate with.")] = 0.05,
    test: Annotated[float, typer.Option(min=0, help="Share to test with.")] = 0.15,
    seed: Annotated[int, typer.Option(min=0, help="Draws who goes where.")] = 42,
    keep_good: Annotated[bool, typer.Option("--filter", help="Leave out the frames that `check` calls poor.")] = False,
    min_valid_depth: MinValidDepth = 0.80,
    min_sharpness: MinSharpness = 100.0,
    focal: Annotated[bool, typer.Option("--focal", help="Write the focal length, too, into the text files.")] = False,
) -> None:
    """Deal the participants to train, val and test, so that nobody is in two of them.

    The text files are those of Depth Anything V2's metric training: colour path, depth path, and a focal length if
    wanted. With --text alone nothing else is written; with neither, the split is only shown.

    Examples: fingertip-contact dataset split out/people --out people.split.json;
    fingertip-contact dataset split d405 --name card --text splits/card
    """
    from fingertip_contact.recordings.dataset import open_dataset
    from fingertip_contact.recordings.dataset_check import Quality, find_rejected_frames
    from fingertip_contact.recordings.dataset_split import PARTS, draw_split, load_split, save_pairs, save_split

    opened = open_dataset(dataset)
    _tell(opened.problems)
    chosen = load_split(name) if name else draw_split(opened, {"train": train, "val": val, "test": test}, seed)
    if keep_good:
        quality = Quality(min_valid_depth, min_sharpness)
        with progress_over(find_rejected_frames(opened, quality), len(opened.sessions), dataset.name) as sessions:
            chosen = chosen.exclude(dict(sessions))
    if out is not None:
        save_split(chosen, opened, out)
    if text is not None:
        save_pairs(chosen, opened, text, focal=focal)
    for part in PARTS:
        frames = chosen.count(opened, part)
        typer.echo(f"{part:5} {frames:7d} frames of {', '.join(chosen.participants[part]) or 'nobody'}")
    unassigned = chosen.find_unassigned(opened)
    if unassigned:
        typer.echo(f"in no part: {', '.join(unassigned)}", err=True)


def _check_table(summaries: list[dict[str, Any]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    # Field, heading, and how a value is shown.
    columns = (
        ("frames", "frames", "{:d}"),
        ("rejected", "poor", "{:d}"),
        ("valid_ratio", "depth", "{:.0%}"),
        ("sharpness", "sharp", "{:.0f}"),
        ("without_hands", "empty", "{:d}"),
        ("contact_frames", "touch", "{:d}"),
        ("surface_residual_mm", "mm", "{:.2f}"),
        ("camera_angle_deg", "angle", "{:.0f}"),
    )
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("session", overflow="fold", min_width=20)
    for _, heading, _ in columns:
        table.add_column(heading, justify="right")
    for summary in summaries:
        cells = ("-" if summary[name] is None else shown.format(summary[name]) for name, _, shown in columns)
        table.add_row(summary["session"].split("/")[1], *cells)
    return table


def _tell(lines: list[str] | tuple[str, ...], what: str = "problem") -> None:
    """On stderr, the first of them."""
    for line in lines[:SHOWN_PROBLEMS]:
        typer.echo(f"{what}: {line}", err=True)
    if len(lines) > SHOWN_PROBLEMS:
        typer.echo(f"... and {len(lines) - SHOWN_PROBLEMS} more {what}s; --json names them all", err=True)
