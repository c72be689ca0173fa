"""Opens the recording of a command whose user may have said which camera took it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_contact.recordings.open import CameraRecording


@contextmanager
def open_with_camera(
    path: Path,
    layout: Layout,
    camera_info: Path | None,
    frames_per_second: float | None,
    depth_source: str,
    color_topic: str | None = None,
    depth_unit_m: float | None = None,
) -> Iterator[CameraRecording]:
    """A recording; prints where its camera's intrinsics come from, unless it is the bag, and what users should know.

    camera_info: file with the intrinsics; None: those of the bag, of a video from the sheet. Raises as `open_recording`
    and `load_camera_info` do.
    """
    from fingertip_contact.keyboard.camera_calibration import find_sheet_camera
    from fingertip_contact.recordings.camera_info_file import load_camera_info
    from fingertip_contact.recordings.open import open_recording

    camera = None if camera_info is None else load_camera_info(camera_info)
    find_camera = partial(find_sheet_camera, layout)
    with open_recording(
        path,
        depth_source=depth_source,
        camera=camera,
        find_camera=find_camera,
        frames_per_second=frames_per_second,
        color_topic=color_topic,
        depth_unit_m=depth_unit_m,
    ) as recording:
        if recording.camera_description:
            typer.echo(recording.camera_description, err=True)
        for note in recording.notes:
            typer.echo(f"note: {note}", err=True)
        yield recording
