"""`fingertip-contact simulate`: renders a recording of typing hands, with exact truth beside it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import progress_over


def simulate(
    text: Annotated[str, typer.Option(help="What is typed; every character has to be on the layout.")],
    out: Annotated[Path, typer.Option(help="The bag: one file where the name ends in .mcap, else a rosbag2 folder.")],
    seed: Annotated[int, typer.Option(min=0, help="Draws typist, hands, desk, light and noise.")] = 0,
    angle: Annotated[float, typer.Option(help="Elevation of the camera over the desk, 30 to 90 degrees.")] = 60.0,
    difficulty: Annotated[str, typer.Option(help="How it is typed and seen: calm, normal or hard.")] = "normal",
    layout: options.Layout = "qwerty",
    distance_m: Annotated[
        float | None, typer.Option(help="From camera to sheet, metres; by the seed, 0.32 to 0.40, where not given.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that draw; one a core by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Render hands that type a text under a simulated D405, as a ROS bag with realsense2_camera's topics.

    The truth of every frame goes beside it, into <out>.truth.jsonl; docs/recordings.md describes it. The same
    arguments give the same bytes.

    Example: fingertip-contact simulate --text "the quick brown fox" --seed 7 --angle 60 --out out/fox.mcap
    """
    frames = render(text, seed, angle, difficulty, out, layout, distance_m, workers, force)
    typer.echo(f"{frames} frames, typist: {difficulty}, {out}", err=True)


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
    """Writes the bag `out` and its truth, with a progress bar; returns the number of frames.

    Raises ValueError or OSError as `simulation.recording.simulate` does.
    """
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.simulation.recording import simulate as simulate_recording
    from fingertip_contact.simulation.scene import make_scene

    return simulate_recording(
        text,
        load_layout(layout),
        make_scene(seed, angle, difficulty, distance_m),
        out,
        workers=workers or os.cpu_count() or 1,
        overwrite=overwrite,
        progress=partial(progress_over, label=out.name),
    )
