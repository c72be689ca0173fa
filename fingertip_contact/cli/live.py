"""`fingertip-contact live`: types from a camera, without ROS."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.interruption import until_interrupted

if TYPE_CHECKING:
    from fingertip_contact.datatypes import FrameResult

# The same advice is told again after this long, by the images' stamps.
ADVICE_PERIOD_NS = 10_000_000_000


def live(
    camera: options.LiveCamera = "auto",
    mode: options.CameraMode = None,
    layout: options.Layout = "qwerty",
    profile: options.Profile = "default",
    words: options.Words = "",
    depth_source: options.DepthSource = "auto",
    camera_info: options.CameraInfo = None,
    rotate: options.Rotation = 0,
    sheet_pose: options.SheetPose = None,
    calibration_seconds: options.CalibrationSeconds = None,
    repeat_delay_s: options.RepeatDelay = 0.0,
    hand_tracker: options.HandTracker = "mediapipe",
    output: options.Outputs = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print no text, but each event as a line of JSON, as `process` writes it.")
    ] = False,
) -> None:
    """Read the keys that are typed on a printed sheet under a camera, until Ctrl-C. No ROS is needed.

    The text goes to standard output as it is typed; what is seen, and how to see better, to standard error. Of a
    camera the newest image is read each time; a recording or video in its place is read whole. `setup` leads to a good
    place of the camera, and prints the line that starts this command.

    Example: fingertip-contact live --camera webcam --words english
    """
    from fingertip_contact.cameras.realsense_modes import parse_mode
    from fingertip_contact.factory import KeyboardOptions, build_pipeline
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.live.source import SourceRequest, open_source
    from fingertip_contact.pipeline import process_frames
    from fingertip_contact.runtime_tuning import settle_memory, tune_process

    tune_process()
    loaded_layout = load_layout(layout)
    asked = None if mode is None else parse_mode(mode, "--mode")
    request = SourceRequest(camera, loaded_layout, asked, depth_source, camera_info, rotate)
    keyboard = KeyboardOptions(str(sheet_pose or ""), words, repeat_delay_s, rotate)
    names = output if as_json or output else ["console"]
    with ExitStack() as stack:
        source = stack.enter_context(open_source(request, lambda note: _tell(f"note: {note}")))
        pipeline = build_pipeline(
            loaded_layout, profile, calibration_seconds, keyboard, hand_tracker, names or (), source.depth_source
        )
        stack.callback(pipeline.contact.close)
        settle_memory()
        _tell(f"{source.description}; Ctrl-C ends")
        seen = SeenLines()
        frames = stack.enter_context(until_interrupted(source.frames))
        for frame, result in process_frames(frames, pipeline):
            if frame is not None:
                seen.show(result)
            _print_events(result, as_json)


class SeenLines:
    """Tells what is found when it is found first, and what hinders it when it comes up, and again while it stays."""

    def __init__(self) -> None:
        self._surface = self._sheet = False
        self._told_ns: dict[str, int] = {}

    def show(self, result: FrameResult) -> None:
        """Each frame's result, in order."""
        sheet, surface = result.camera_from_sheet is not None, result.surface is not None
        if sheet and not self._sheet:
            _tell("sheet found")
        if surface and not self._surface:
            _tell("surface found: type")
        self._sheet, self._surface = sheet or self._sheet, surface or self._surface
        for advice in result.advice:
            if result.stamp_ns - self._told_ns.get(advice.code, -ADVICE_PERIOD_NS) >= ADVICE_PERIOD_NS:
                self._told_ns[advice.code] = result.stamp_ns
                _tell(f"advice: {advice.message}")


def _print_events(result: FrameResult, as_json: bool) -> None:
    if not as_json:
        return
    from fingertip_contact.json_file import to_line
    from fingertip_contact.recordings.events import make_event_records

    for record in make_event_records(result):
        typer.echo(to_line(asdict(record)), nl=False)


def _tell(text: str) -> None:
    typer.echo(text, err=True)
