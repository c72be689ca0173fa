"""`fingertip-contact setup`: leads a person from a camera on a desk to a typed text."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.main import describe_missing_module
from fingertip_contact.cli.setup_lines import StepLines

if TYPE_CHECKING:
    from fingertip_contact.datatypes import Frame, FrameResult
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_contact.setup_guide.guide import SetupGuide
    from fingertip_contact.setup_guide.page import GuidePage
    from fingertip_contact.setup_guide.start_lines import StartLines
    from fingertip_contact.setup_guide.typing_step import TypingStep

DECISION_PROFILES = {"sure": "default", "fast": "fast"}


def setup(
    camera: Annotated[
        str,
        typer.Option(help="auto, d405, webcam, a device (/dev/video0 or its number), a URL, or a recording or video."),
    ] = "auto",
    mode: Annotated[str, typer.Option(help="What to ask of the camera: WIDTHxHEIGHTxRATE.")] = "640x480x30",
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
    from fingertip_contact.contact.parameters import load_profile
    from fingertip_contact.factory import KeyboardOptions, build_pipeline
    from fingertip_contact.files import require_not_exists
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.setup_guide.placement_step import USER_SIDES
    from fingertip_contact.setup_guide.run import run_guide
    from fingertip_contact.setup_guide.saved_profile import find_profile_path, save_profile
    from fingertip_contact.setup_guide.source import SourceRequest, open_source
    from fingertip_contact.setup_guide.start_lines import make_start_lines
    from fingertip_contact.setup_guide.steps import make_guide
    from fingertip_contact.setup_guide.typing_step import TypingStep

    started_s = time.monotonic()
    _require_choice("--user-side", user_side, USER_SIDES)
    _require_choice("--decision", decision, DECISION_PROFILES)
    announce = partial(typer.echo, err=True)
    path = find_profile_path(profile)
    is_saved = "profile" not in (skip or ())
    if is_saved and not force:
        require_not_exists(path)
    base = DECISION_PROFILES[decision]
    loaded_layout = load_layout(layout)
    weights.pull("hands", announce)
    with ExitStack() as stack:
        request = SourceRequest(camera, loaded_layout, parse_mode(mode, "--mode"), depth_source, camera_info, rotate)
        source = stack.enter_context(open_source(request, lambda note: announce(f"note: {note}")))
        pipeline = build_pipeline(
            loaded_layout, base, keyboard=KeyboardOptions(words=words), depth_source=source.depth_source
        )
        typing = TypingStep(text, pipeline.contact.clear_text, max_cer)
        lines = make_start_lines(source, path if is_saved else base, layout, words)

        def save() -> str:
            found = [f"{report.name}: {report.text}" for report in guide.reports if report.text]
            comments = ["Written by `fingertip-contact setup`.", *found, *filter(None, (lines.ros, lines.plain))]
            save_profile(path, profile, load_profile(base), comments, overwrite=force)
            return f"saved as {path}"

        guide = make_guide(source, loaded_layout, user_side, typing, save, skip or (), timeout_s)
        companion = _open_page(stack, loaded_layout, port, announce) if page else None
        printer = StepLines(is_quiet=as_json)
        _follow(guide, companion, printer)

        def show(frame: Frame, result: FrameResult) -> None:
            if companion is not None:
                companion.show(frame, result)
            _follow(guide, companion, printer)

        run_guide(source.frames, pipeline, guide, show)
        _follow(guide, companion, printer)
    elapsed_s = time.monotonic() - started_s
    summary = _summarise(guide, typing, lines, str(path), elapsed_s)
    if as_json:
        typer.echo(json.dumps(summary, indent=2))
    else:
        _print_end(summary)
    raise typer.Exit(1 if guide.has_failed else 0)


def _require_choice(option: str, value: str, choices: Any) -> None:
    if value not in choices:
        raise ValueError(f"{option} is {value!r}; choose one of {', '.join(choices)}")


def _open_page(stack: ExitStack, layout: Layout, port: int, announce: Any) -> GuidePage | None:
    """None, and a note, where what serves it is not installed: the steps do not need it."""
    try:
        from fingertip_contact.setup_guide.page import open_page

        opened = stack.enter_context(open_page(layout, port))
    except ModuleNotFoundError as error:
        announce(f"note: no page is served: {describe_missing_module(error)}")
        return None
    announce(f"the live picture and the steps are at {opened.address}")
    return opened


def _follow(guide: SetupGuide, companion: GuidePage | None, printer: StepLines) -> None:
    printer.show(guide.reports)
    if companion is not None:
        companion.show_steps(guide.reports)


def _summarise(guide: SetupGuide, typing: TypingStep, lines: StartLines, path: str, elapsed_s: float) -> dict[str, Any]:
    """The result: profile and lines are null where no profile was saved and was to be."""
    states = {report.name: report.state for report in guide.reports}
    is_usable = not guide.is_blocked
    score = typing.score
    return {
        "result": "failed" if guide.has_failed else "done",
        "elapsed_s": round(elapsed_s, 1),
        "steps": [asdict(report) | {"duration_s": round(report.duration_s, 2)} for report in guide.reports],
        "text": None if score is None else score.read,
        "wpm": None if score is None else round(score.wpm, 1),
        "cer": None if score is None else round(score.cer, 4),
        "profile": path if states["profile"] == "done" else None,
        "launch": lines.ros or None if is_usable else None,
        "without_ros": lines.plain if is_usable else None,
    }


def _print_end(summary: dict[str, Any]) -> None:
    failed = [step["name"] for step in summary["steps"] if step["state"] == "failed"]
    if failed:
        typer.echo(f"failed: {', '.join(failed)}; follow what is said above, and run setup again", err=True)
    typer.echo(f"\n{summary['elapsed_s']:.0f} s in all")
    for title, key in (("Start, with ROS 2:", "launch"), ("Without ROS, what a camera has recorded:", "without_ros")):
        if summary[key]:
            typer.echo(f"\n{title}\n  {summary[key]}")
