"""`fingertip-contact simulate`: renders a recording or a dataset of typing hands, with exact ground truth."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.outputs import reserve_folder
from fingertip_contact.cli.progress import track_progress

if TYPE_CHECKING:
    from fingertip_research.simulation.scene import Scene

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True, no_args_is_help=True)
def simulate(
    context: typer.Context,
    text: Annotated[
        str | None, typer.Option(help="Text to type; each character has to be on the layout. Required for typing.")
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
    view: Annotated[
        str, typer.Option(help="Camera beyond the sheet (facing), or over the typist's side of it (own_side).")
    ] = "facing",
    posture: Annotated[str, typer.Option(help="Fingers: curled, or stretched.")] = "curled",
    clutter: Annotated[
        str | None, typer.Option(help="Things around the sheet: none, some or much; by default by difficulty.")
    ] = None,
    sensor: Annotated[
        str, typer.Option(help="Depth: matched as the camera does (stereo), or sharp (ideal).")
    ] = "stereo",
    resolution: Annotated[str, typer.Option(help="Of all images: 640x480 or 848x480.")] = "640x480",
    rate: Annotated[float, typer.Option(help="Frames per second: 5, 15, 30, 60 or 90. The motion is the same.")] = 30.0,
    infra: Annotated[bool, typer.Option("--infra", help="Also write the images of both imagers.")] = False,
    typing: Annotated[bool, typer.Option(help="Without typing, hands come and go for a time: --seconds.")] = True,
    seconds: Annotated[float | None, typer.Option(help="Length of a recording without typing, 30 to 600.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Rendering processes; by default one per core.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Render hands that type a text under a simulated D405, as a ROS bag with the topics of realsense2_camera.

    The ground truth of each frame is written beside it, to <out>.truth.jsonl; docs/recordings.md describes it. The
    same arguments give the same bytes.

    Examples: fingertip-contact simulate --text "the quick brown fox" --seed 7 --angle 60 --out out/fox.mcap
    fingertip-contact simulate --no-typing --seconds 60 --view own_side --out out/hands.mcap
    """
    if context.invoked_subcommand is not None:
        return
    _check_options(text, seconds, out, typing)
    assert out is not None
    from fingertip_research.simulation.scene import make_scene, parse_resolution

    scene = make_scene(
        seed,
        angle,
        difficulty,
        distance_m,
        view=view,
        posture=posture,
        clutter=clutter,
        sensor=sensor,
        resolution=parse_resolution(resolution),
        frame_rate_hz=rate,
    )
    frames = render(text, scene, out, layout, seconds=seconds, workers=workers, overwrite=force, infra=infra)
    typer.echo(f"{frames} frames, {'typist' if typing else 'hands only'}: {difficulty}, {out}", err=True)


def _check_options(text: str | None, seconds: float | None, out: Path | None, typing: bool) -> None:
    """Raises ValueError for options that are missing or exclude each other."""
    if out is None or (text if typing else seconds) is None:
        missing = "--out" if out is None else "--text" if typing else "--seconds"
        raise ValueError(f"simulate: {missing} is missing; see simulate --help")
    if (seconds if typing else text) is not None:
        unused = "--seconds" if typing else "--text"
        raise ValueError(f"simulate: {unused} has no effect with --{'' if typing else 'no-'}typing; leave it out")


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
    reserve_folder(out)
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
    text: str | None,
    scene: Scene,
    out: Path,
    layout: str = "qwerty",
    *,
    seconds: float | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    infra: bool = False,
) -> int:
    """Writes the bag `out` and its ground truth, with a progress bar; returns the number of frames.

    Raises ValueError or OSError as `simulation.recording.simulate` does.
    """
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.simulation.recording import simulate as simulate_recording

    return simulate_recording(
        text,
        load_layout(layout),
        scene,
        out,
        seconds=seconds,
        infra=infra,
        workers=workers or os.cpu_count() or 1,
        overwrite=overwrite,
        progress=partial(track_progress, label=out.name),
    )
