"""`fingertip-contact dataset record`: records a session from a live camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import takewhile
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.json_file import validate_choice
from fingertip_research.cli import dataset_options

if TYPE_CHECKING:
    from fingertip_contact.datatypes import Frame

SOURCES = ("topics", "realsense")


def record(
    out: dataset_options.Root,
    participant: dataset_options.Participant,
    surface: dataset_options.Surface = None,
    angle: dataset_options.Angle = None,
    action: dataset_options.Action = "typing",
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Duration; by default until Ctrl-C.")] = None,
    source: Annotated[str, typer.Option(help="topics (ROS) or realsense (pyrealsense2, without ROS).")] = "topics",
    color: Annotated[str, typer.Option(help="Topic of the colour images.")] = D405.driver_topics[0],
    depth: Annotated[str, typer.Option(help="Topic of the depth aligned to colour.")] = D405.driver_topics[2],
    filtered: Annotated[
        bool,
        typer.Option("--filters", help="With --source realsense: smooth and fill depth as in the published dataset."),
    ] = False,
) -> None:
    """Record a session frame by frame; an interrupted session contains complete frames only.

    Depth from topics is in the driver's millimetres; directly from the camera it keeps the sensor's unit, which other
    readers of the layout do not support (`depth_png_unit_m` in metadata.json). Add annotations and labels afterwards
    with `dataset label`.

    Example: fingertip-contact dataset record --out d405 --participant P19 --surface white_desk --angle 60 --seconds 60
    """
    from fingertip_contact.cameras.realsense import AUTHORS_FILTERS, FRAMES_PER_SECOND
    from fingertip_research.datasets.conversion import record_session
    from fingertip_research.datasets.dataset import DEPTH_PNG_UNIT_M
    from fingertip_research.datasets.writer import SessionInfo

    validate_choice(source, SOURCES, "--source")
    if filtered and source == "topics":
        raise ValueError("--filters requires --source realsense; the ROS driver has its own filters")
    info = SessionInfo(
        participant=dataset_options.check_participant(participant),
        angle_deg=dataset_options.require("--angle", angle),
        surface=dataset_options.require("--surface", surface),
        action=action,
    )
    typer.echo(f"recording into {out}; Ctrl-C ends it", err=True)
    with _open_camera(source, color, depth, filtered) as frames:
        result = record_session(
            _record_for(frames, seconds),
            out,
            info,
            frames_per_second=FRAMES_PER_SECOND,
            depth_png_unit_m=D405.depth_unit_m if source == "realsense" else DEPTH_PNG_UNIT_M,
            extra_metadata={"filters": AUTHORS_FILTERS} if filtered else None,
        )
    typer.echo(f"{result.frames} frames; {result.path}", err=True)


@contextmanager
def _open_camera(source: str, color: str, depth: str, filtered: bool) -> Iterator[Iterator[Frame]]:
    if source == "realsense":
        from fingertip_contact.cameras.realsense import stream_realsense_frames

        with closing(stream_realsense_frames(filtered=filtered)) as frames:
            yield frames
        return
    from fingertip_research.ros.live_camera import open_live_camera

    with open_live_camera(color, depth) as camera:
        yield camera.frames()
        if camera.dropped:
            typer.echo(f"note: {camera.dropped} frames were dropped; the disk is too slow", err=True)


def _record_for(frames: Iterator[Frame], seconds: float | None) -> Iterator[Frame]:
    """Frames of the first `seconds`, or all."""
    if seconds is None:
        yield from frames
        return
    first = next(frames, None)
    if first is None:
        return
    yield first
    yield from takewhile(lambda frame: frame.stamp_ns - first.stamp_ns < seconds * 1e9, frames)
