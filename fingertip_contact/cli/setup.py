"""`fingertip-contact setup`: leads a person from a camera on a desk to a typed text."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.main import describe_missing_module
from fingertip_contact.cli.setup_lines import StepLines

if TYPE_CHECKING:
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_contact.setup_guide.page import GuidePage
    from fingertip_contact.setup_guide.session import SetupResult


def setup(
    camera: options.LiveCamera = "auto",
    mode: options.CameraMode = None,
    depth_source: options.DepthSource = "auto",
    camera_info: options.CameraInfo = None,
    rotate: options.Rotation = 0,
    layout: options.Layout = "qwerty",
    user_side: Annotated[
        str, typer.Option(help="Where the camera is: facing you, on the far side of the sheet, or on your own side.")
    ] = "facing",
    profile: Annotated[str, typer.Option(help="Name under which the profile is saved.", metavar="NAME")] = "desk",
    decision: Annotated[
        str, typer.Option(help="When a press is told: sure, or fast (sooner, errs more often).")
    ] = "sure",
    words: options.Words = "",
    text: Annotated[str, typer.Option(help="The text of the typing test.")] = "the quick brown fox",
    max_cer: Annotated[float, typer.Option(min=0, help="The typing test fails above this character error rate.")] = 0.2,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            help="Leave out a step: camera, sheet, placement, surface, fingers, typing or profile; several times.",
            metavar="STEP",
        ),
    ] = None,
    timeout_s: Annotated[float, typer.Option(min=1, max=3600, help="How long a step may take, seconds.")] = 60.0,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Serve the page with the live picture.")] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the page; 0: any that is free.")] = 8420,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON, and no steps.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a profile of this name.")] = False,
) -> None:
    """Lead from a camera and a printed sheet to a typed text, step by step; save the profile, and say how to start.

    The steps: camera, sheet, placement, surface, fingers, typing, profile. The page shows the live picture and the
    steps. A recording or video may stand in for the camera. docs/setup.md describes each step.

    Exit code 0: all is done (or was left out); 1: a step failed; 2: a wrong option, or the camera cannot be opened.

    Example: fingertip-contact setup --camera webcam --text "hello world"
    """
    from fingertip_contact import weights
    from fingertip_contact.cameras.realsense_modes import parse_mode
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.live.source import SourceRequest
    from fingertip_contact.setup_guide.session import Session, SetupChoices, View

    started_s = time.monotonic()
    loaded_layout = load_layout(layout)
    asked = None if mode is None else parse_mode(mode, "--mode")
    source = SourceRequest(camera, loaded_layout, asked, depth_source, camera_info, rotate)
    choices = SetupChoices(
        source, layout, user_side, profile, decision, words, text, max_cer, tuple(skip or ()), timeout_s, force
    )
    session = Session(choices)
    weights.pull("hands", _announce)
    with ExitStack() as stack:
        views: list[View] = [] if as_json else [StepLines()]
        if page and (companion := _open_page(stack, loaded_layout, port)):
            views.append(companion)
        result = session.run(views, lambda note: _announce(f"note: {note}"))
    summary = _summarise(result, time.monotonic() - started_s)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _print_end(summary)
    raise typer.Exit(1 if result.has_failed else 0)


def _announce(text: str) -> None:
    typer.echo(text, err=True)


def _open_page(stack: ExitStack, layout: Layout, port: int) -> GuidePage | None:
    """None, and a note, where what serves it is not installed: the steps do not need it."""
    try:
        from fingertip_contact.setup_guide.page import open_page

        opened = stack.enter_context(open_page(layout, port))
    except ModuleNotFoundError as error:
        _announce(f"note: no page is served: {describe_missing_module(error)}")
        return None
    _announce(f"the live picture and the steps are at {opened.address}")
    return opened


def _summarise(result: SetupResult, elapsed_s: float) -> dict[str, Any]:
    """What --json prints; null where there is none."""
    score, lines = result.score, result.lines
    return {
        "result": "failed" if result.has_failed else "done",
        "elapsed_s": round(elapsed_s, 1),
        "steps": [asdict(report) | {"duration_s": round(report.duration_s, 2)} for report in result.reports],
        "text": None if score is None else score.read,
        "wpm": None if score is None else round(score.wpm, 1),
        "cer": None if score is None else round(score.cer, 4),
        "profile": None if result.profile is None else str(result.profile),
        "launch": None if lines is None else lines.ros or None,
        "without_ros": None if lines is None else lines.plain,
    }


def _print_end(summary: dict[str, Any]) -> None:
    failed = [step["name"] for step in summary["steps"] if step["state"] == "failed"]
    if failed:
        _announce(f"failed: {', '.join(failed)}; follow what is said above, and run setup again")
    typer.echo(f"\n{summary['elapsed_s']:.0f} s in all")
    for title, key in (("Start, with ROS 2:", "launch"), ("Without ROS:", "without_ros")):
        if summary[key]:
            typer.echo(f"\n{title}\n  {summary[key]}")
