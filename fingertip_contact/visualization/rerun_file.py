"""A recording for Rerun's viewer: an .rrd file."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.file_locks import scratch_folder
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.resources import PACKAGE
from fingertip_contact.visualization.rerun_import import import_rerun
from fingertip_contact.visualization.rerun_scene import RerunScene, make_blueprint

SUFFIX = ".rrd"
_PIECE_BYTES = 1 << 20


def require_rerun_name(path: Path) -> None:
    """Raises ValueError if the name does not end in .rrd, or rerun-sdk is not installed."""
    if path.suffix != SUFFIX:
        raise ValueError(f"Rerun's recording {path} has to end in {SUFFIX}")
    import_rerun()


@dataclass(frozen=True)
class RerunFile:
    """recording: a rerun.RecordingStream that is written to a file. errors: why that has failed, if it has."""

    recording: Any
    errors: list[OSError]

    def check(self) -> None:
        """Raises OSError if the disk is full."""
        if self.errors:
            raise self.errors[0]


@contextmanager
def open_rerun_file(path: Path, layout: Layout) -> Iterator[Callable[[Frame | None, FrameResult], None]]:
    """Gives a function that logs one frame's result; without a frame, its events and text. The file is there at once,
    and complete when the block ends. Raises OSError if the disk is full."""
    with open_rerun_recording(path) as file:
        yield RerunScene(file.recording, layout).log_result


@contextmanager
def open_rerun_recording(path: Path) -> Iterator[RerunFile]:
    """The file is there at once, and complete when the block ends, which raises OSError if the disk is full."""
    recording = import_rerun().RecordingStream(PACKAGE)
    with _open_pipe(path) as (pipe, errors):
        try:
            recording.save(pipe, default_blueprint=make_blueprint())
            yield RerunFile(recording, errors)
        finally:
            recording.disconnect()


@contextmanager
def _open_pipe(path: Path) -> Iterator[tuple[Path, list[OSError]]]:
    """A named pipe whose content goes to the file, and why it does not.

    rerun-sdk 0.41 waits for ever, deaf to Ctrl-C, once a write has failed. Writes to this pipe do not fail.
    """
    errors: list[OSError] = []
    with scratch_folder() as folder:
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        thread = threading.Thread(target=_copy, args=(pipe, path, errors), name="rerun file", daemon=True)
        thread.start()
        try:
            yield pipe, errors
        finally:
            # The thread waits for somebody to open the pipe, if nobody has; if somebody has, it is at its end.
            with suppress(OSError):
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            thread.join()
    if errors:
        raise errors[0]


def _copy(pipe: Path, path: Path, errors: list[OSError]) -> None:
    with pipe.open("rb") as source:
        try:
            with path.open("wb") as target:
                shutil.copyfileobj(source, target, _PIECE_BYTES)
        except OSError as error:
            errors.append(error)
            while source.read(_PIECE_BYTES):
                pass
