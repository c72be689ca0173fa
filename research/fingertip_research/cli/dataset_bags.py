"""`fingertip-contact dataset from-bag` and `to-bag`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from fingertip_contact.cli.progress import track_progress
from fingertip_contact.safe_text import to_one_line
from fingertip_research.cli import dataset_options


def from_bag(
    bag: Annotated[Path, typer.Argument(help="A rosbag2 folder, or a .mcap, .db3 or .bag file.")],
    out: dataset_options.Root,
    participant: dataset_options.Participant,
    surface: dataset_options.Surface = None,
    action: dataset_options.Action = "typing",
    angle: dataset_options.Angle = None,
    truth: Annotated[
        Path | None, typer.Option(help="Ground-truth file; by default BAG.truth.jsonl if it exists.")
    ] = None,
    every: Annotated[int, typer.Option(min=1, help="Convert only every N-th frame.")] = 1,
    depth_step_mm: dataset_options.DepthStep = 1.0,
    time: Annotated[
        str | None, typer.Option(help="HHMMSS in the session's name, if that of the first frame is already in use.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing session.")] = False,
) -> None:
    """Convert a recording to a session: the same images, stamps and intrinsics, with labels if ground truth exists.

    Angle and surface may be omitted if the ground truth has them. Frames without depth are skipped and counted.

    Example: fingertip-contact dataset from-bag out/fox.mcap --out out/people --participant P01
    """
    from fingertip_contact.recordings.open import open_recording
    from fingertip_research.datasets.conversion import SessionGroundTruth, frames_to_session, subsample
    from fingertip_research.datasets.writer import SessionInfo
    from fingertip_research.ground_truth.recording import ground_truth_path

    truth_file = truth or (ground_truth_path(bag) if ground_truth_path(bag).exists() else None)
    ground_truth = None if truth_file is None else SessionGroundTruth.read(truth_file)
    info = SessionInfo(
        participant=dataset_options.check_participant(participant),
        angle_deg=dataset_options.require("--angle", angle, ground_truth.header.angle_deg if ground_truth else None),
        surface=dataset_options.require("--surface", surface, ground_truth.surface if ground_truth else None),
        action=action,
        time_of_day="" if time is None else dataset_options.check_time_of_day(time),
    )
    with open_recording(bag, depth_source="sensor") as recording:
        total = -(-recording.frame_count // every)
        with track_progress(subsample(recording.frames(), every), total, bag.name) as frames:
            result = frames_to_session(
                frames,
                out,
                info,
                frames_per_second=recording.frames_per_second / every,
                ground_truth=ground_truth,
                depth_png_unit_m=depth_step_mm / 1000,
                overwrite=force,
            )
    skipped = f"; {result.skipped} without depth were skipped" if result.skipped else ""
    typer.echo(f"{result.frames} frames{skipped}; {result.path}", err=True)


def to_bag(
    session: Annotated[Path, typer.Argument(help="A session's folder.")],
    out: Annotated[Path, typer.Option(help="The bag: a single file if the name ends in .mcap, else a rosbag2 folder.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing bag.")] = False,
) -> None:
    """Convert a session to a recording with realsense2_camera's topics, e.g. for `process` or `ros2 bag play`.

    Frames that cannot be read are reported and skipped.

    Example: fingertip-contact dataset to-bag out/people/P01/P01_angle60_wood_typing_221320 --out fox.mcap
    """
    from fingertip_research.datasets.conversion import session_to_bag
    from fingertip_research.datasets.dataset import open_session

    loaded = open_session(session)
    bar = partial(track_progress, label=session.name)
    count, problems = session_to_bag(loaded, out, overwrite=force, progress=bar)
    for problem in problems:
        typer.echo(f"problem: {to_one_line(problem)}", err=True)
    typer.echo(f"{count} frames; {out}", err=True)
