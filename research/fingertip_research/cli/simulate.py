"""`fingertip-contact simulate`: renders a recording or a dataset of typing hands, with exact ground truth."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import track_progress

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True, no_args_is_help=True)
def simulate(
    context: typer.Context,
    text: Annotated[
        str | None, typer.Option(help="Text to type; each character has to be on the layout. Required.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Bag to write: a file if the name ends in .mcap, else a rosbag2 folder. Required."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of participant, desk, light and noise.")] = 0,
    angle: Annotated[float, typer.Option(help="Elevation of the camera above the desk, 30 to 90 degrees.")] = 60.0,
    difficulty: Annotated[str, typer.Option(help="Typing habits and image quality: calm, normal or hard.")] = "normal",
    layout: options.Layout = "qwerty",
    distance_m: Annotated[
        float | None, typer.Option(help="Distance from camera to sheet, metres; by default drawn from 0.32 to 0.40.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Rendering processes; by default one per core.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Render hands that type a text under a simulated D405, as a ROS bag with the topics of realsense2_camera.

    The ground truth of each frame is written beside it, to <out>.truth.jsonl; docs/recordings.md describes it. The
    same arguments give the same bytes.

    Example: fingertip-contact simulate --text "the quick brown fox" --seed 7 --angle 60 --out out/fox.mcap
    """
    if context.invoked_subcommand is not None:
        return
    if text is None or out is None:
        raise ValueError(f"simulate: {'--text' if text is None else '--out'} is missing; see simulate --help")
    frames = render(text, seed, angle, difficulty, out, layout, distance_m, workers, force)
    typer.echo(f"{frames} frames, typist: {difficulty}, {out}", err=True)


@app.command(no_args_is_help=True)
def dataset(
    out: Annotated[Path, typer.Option(help="Folder of the dataset; existing sessions are kept.")],
    frames: Annotated[
        int, typer.Option(min=1, help="Number of frames, dealt evenly to participants, angles and actions.")
    ],
    participants: Annotated[int, typer.Option(min=1, help="Number of participants: P01, P02, ...")] = 15,
    angles: Annotated[str, typer.Option(help="Elevations of the camera above the desk, degrees.")] = "30,45,60,90",
    surfaces: Annotated[
        str, typer.Option(help="Desks, used in turn: white_desk, wood_grain, dark, speckled, grey.")
    ] = "white_desk,wood_grain,dark,speckled",
    seed: Annotated[int, typer.Option(min=0, help="Seed of participants, desks, light and noise.")] = 0,
    difficulty: Annotated[str, typer.Option(help="Typing habits and image quality: calm, normal or hard.")] = "normal",
    every: Annotated[int, typer.Option(min=1, help="Render every n-th frame of the camera's 30 Hz.")] = 5,
    workers: Annotated[int | None, typer.Option(min=1, help="Rendering processes; by default one per core.")] = None,
) -> None:
    """Render a dataset of typing, hovering and transition sessions in the D405 Hand-Surface layout.

    Each session has exact labels of all fingertips; docs/dataset.md describes them. The same arguments give the same
    images with any number of workers; repeating an interrupted call continues it.

    Example: fingertip-contact simulate dataset --participants 15 --frames 3000 --angles 30,45,60,90 --out out/people
    """
    from fingertip_research.simulation.dataset import simulate_dataset
    from fingertip_research.simulation.dataset_plan import DatasetConfig, plan_dataset

    config = DatasetConfig(seed=seed, difficulty=difficulty, every=every)
    blocks = plan_dataset(participants, frames, _parse_numbers(angles, "--angles"), _split_words(surfaces), config)
    bar = partial(track_progress, label=out.name)
    count = simulate_dataset(blocks, out, workers=workers or os.cpu_count() or 1, progress=bar)
    typer.echo(f"{count} frames of {participants} participants; {out}", err=True)


def _parse_numbers(text: str, option: str) -> list[float]:
    """Parses `30,45`. Raises ValueError naming the option."""
    try:
        return [float(word) for word in _split_words(text)]
    except ValueError:
        raise ValueError(f"{option} is {text!r}; it has to be numbers separated by commas") from None


def _split_words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def render(
    text: str,
    seed: int,
    angle: float,
    difficulty: str,
    out: Path,
    layout: str = "qwerty",
    distance_m: float | None = None,
    workers: int | None = None,
    overwrite: bool = False,
) -> int:
    """Writes the bag `out` and its ground truth, with a progress bar; returns the number of frames.

    Raises ValueError or OSError as `simulation.recording.simulate` does.
    """
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.simulation.recording import simulate as simulate_recording
    from fingertip_research.simulation.scene import make_scene

    return simulate_recording(
        text,
        load_layout(layout),
        make_scene(seed, angle, difficulty, distance_m),
        out,
        workers=workers or os.cpu_count() or 1,
        overwrite=overwrite,
        progress=partial(track_progress, label=out.name),
    )
