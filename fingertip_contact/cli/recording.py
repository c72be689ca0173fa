"""`fingertip-contact recording`: what is in a recording."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from fingertip_contact.cli import options

app = typer.Typer(
    help="What is in a recording, and whether it can be used.", no_args_is_help=True, add_completion=False
)


@app.callback()
def _keep_subcommands() -> None:
    """What is in a recording, and whether it can be used."""


@app.command()
def info(
    path: Annotated[Path, typer.Argument(help="A bag, a recording of librealsense, a video, or a folder of images.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    layout: options.Layout = "qwerty",
    color_topic: options.ColorTopic = None,
    depth_unit_m: options.DepthUnit = None,
    fps: options.FramesPerSecond = None,
) -> None:
    """Show topics, encodings, rates, gaps, sizes, intrinsics and pairing; whether the sheet and hands are seen; and
    whether the recording can be used, or why not. The first thing to add to a bug report.

    Exit code 1 if it cannot be used. Example: fingertip-contact recording info hello.mcap
    """
    from fingertip_contact.cli.recording_report import format_report, make_report
    from fingertip_contact.keyboard.layout import load_layout

    report = make_report(path, load_layout(layout), color_topic, depth_unit_m, fps)
    typer.echo(json.dumps(report, indent=2) if as_json else format_report(report))
    raise typer.Exit(_find_exit_code(report))


def _find_exit_code(report: dict[str, Any]) -> int:
    return 0 if report["usable"] else 1
