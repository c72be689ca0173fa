"""`fingertip-contact process`: runs the pipeline on a recording, without ROS."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.progress import track_progress
from fingertip_contact.cli.recordings import open_with_camera

# Of the typed text: hours of typing without Enter.
MAX_LINE_LENGTH = 100_000


def process(
    bag: Annotated[
        Path,
        typer.Argument(help="A bag (rosbag2 folder, .mcap, .db3 or .bag), a video file, or a folder of images."),
    ],
    out: Annotated[Path, typer.Option(help="The events file to write: one JSON object per line.")],
    video: Annotated[Path | None, typer.Option(help="Also write the overlay as a video (.mp4).")] = None,
    rerun: Annotated[
        Path | None, typer.Option(help="Also write what Rerun's viewer shows (.rrd): fingertips in 3-D, keys, heights.")
    ] = None,
    midi: Annotated[
        Path | None, typer.Option(help="Also write keys that are named like notes as a MIDI file (.mid).")
    ] = None,
    layout: options.Layout = "qwerty",
    calibration_seconds: options.CalibrationSeconds = None,
    profile: options.Profile = "default",
    sheet_pose: options.SheetPose = None,
    words: options.Words = "",
    repeat_delay_s: options.RepeatDelay = 0.0,
    hand_tracker: options.HandTracker = "mediapipe",
    depth_source: options.DepthSource = "auto",
    output: options.Outputs = None,
    camera_info: options.CameraInfo = None,
    fps: options.FramesPerSecond = None,
    color_topic: options.ColorTopic = None,
    depth_unit_m: options.DepthUnit = None,
    rotate: options.Rotation = 0,
    overlay_rotate: Annotated[
        str, typer.Option(help="Turn the video clockwise: 0, 90, 180 or 270; auto: so that the sheet can be read.")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Find every press, move and release in a recording, with its key.

    The text that was typed goes to standard output, what was read and how to see better to standard error.

    A bag needs colour and its camera_info, under realsense2_camera's topic names; depth aligned to colour and the
    images of both imagers are used where they were recorded. A video has colour alone: docs/video.md.
    docs/recordings.md describes the events file, docs/layout-file.md the layout.

    Example: fingertip-contact process out/fox.mcap --out fox.events.jsonl --video fox.mp4
    """
    from fingertip_contact.advice import advise_stamps
    from fingertip_contact.cameras.rotation import require_rotation, rotate_camera, rotate_frame
    from fingertip_contact.cli.process_views import ViewFiles
    from fingertip_contact.factory import KeyboardOptions, build_pipeline
    from fingertip_contact.files import atomic_write, require_distinct, require_not_exists
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.pipeline import process_frames
    from fingertip_contact.recordings.events import make_event_records, open_events
    from fingertip_contact.recordings.paths import GROUND_TRUTH_SUFFIX, sibling_path
    from fingertip_contact.runtime_tuning import tune_process
    from fingertip_contact.safe_text import to_printable

    tune_process()
    require_rotation(rotate)
    view_files = ViewFiles(video, rerun, midi, overlay_rotate)
    outputs = (out, *view_files.paths)
    # Names of built-in layouts, profiles and word lists are not files.
    named = [Path(name) for name in (layout, profile, words, sheet_pose, camera_info) if name]
    input_files = [path for path in named if path.suffix or path.is_file()]
    require_distinct(outputs, inputs=(bag, sibling_path(bag, GROUND_TRUTH_SUFFIX), *input_files))
    for path in outputs:
        if not force:
            require_not_exists(path)
    view_files.require_usable()
    with ExitStack() as stack:
        # Everything that may be rejected comes before the first file is created.
        loaded_layout = load_layout(layout)
        recording = stack.enter_context(
            open_with_camera(bag, loaded_layout, camera_info, fps, depth_source, color_topic, depth_unit_m)
        )
        keyboard_options = KeyboardOptions(str(sheet_pose or ""), words, repeat_delay_s, rotate)
        pipeline = build_pipeline(
            loaded_layout, profile, calibration_seconds, keyboard_options, hand_tracker, output or (), depth_source
        )
        stack.callback(pipeline.contact.close)
        # All files are complete before the first appears: on a full disk none does.
        unfinished = {path: stack.enter_context(atomic_write(path, overwrite=force)) for path in outputs}
        camera = rotate_camera(recording.camera, rotate)
        views = stack.enter_context(view_files.open(unfinished, loaded_layout, camera, recording.frames_per_second))
        write = stack.enter_context(open_events(unfinished[out]))
        typer.echo(f"reads {recording.streams_text} (depth source {depth_source})", err=True)
        frames = stack.enter_context(track_progress(recording.frames(), recording.frame_count, bag.name))
        presses, text = 0, ""
        advised: Counter[str] = Counter()
        messages: dict[str, str] = {}
        for frame, result in process_frames((rotate_frame(frame, rotate) for frame in frames), pipeline):
            for record in make_event_records(result):
                write(record)
                presses += record.type == "press"
            text = result.text
            advised.update(advice.code for advice in result.advice)
            messages |= {advice.code: advice.message for advice in result.advice}
            for view in views:
                view(frame, result)
        summary = f"{presses} presses in {recording.duration_s:.1f} s"
        for name, count in (
            ("depth", recording.missing_depth_count),
            ("depth of their own stamp, but a near one's", recording.near_depth_count),
            ("images of both imagers", recording.missing_stereo_count),
        ):
            if count:
                summary += f"; {count} of {recording.frame_count} frames had no {name}"
    typer.echo(f"{summary}; {out}", err=True)
    if text:
        typer.echo("\n".join(to_printable(line, MAX_LINE_LENGTH) for line in text.split("\n")))
    order = recording.stamp_order
    if order.repeated_count or order.late_count:
        typer.echo(advise_stamps(order.repeated_count, order.late_count, recording.frame_count).message, err=True)
    for code, count in advised.most_common():
        typer.echo(f"in {count} of {recording.frame_count} frames: {messages[code]}", err=True)
