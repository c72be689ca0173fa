"""A recording for Rerun's viewer: an .rrd file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.resources import PACKAGE
from fingertip_contact.visualization.rerun_import import import_rerun
from fingertip_contact.visualization.rerun_scene import RerunScene, make_blueprint

SUFFIX = ".rrd"
FLUSH_TIMEOUT_S = 10.0


def require_rerun_name(path: Path) -> None:
    """Raises ValueError if the name does not end in .rrd, or rerun-sdk is not installed."""
    if path.suffix != SUFFIX:
        raise ValueError(f"Rerun's recording {path} has to end in {SUFFIX}")
    import_rerun()


@contextmanager
def open_rerun_file(path: Path, layout: Layout, *, name: Path) -> Iterator[Callable[[Frame | None, FrameResult], None]]:
    """Gives a function that logs one frame's result; without a frame, its events and text. The file is there at once,
    and complete when the block ends. name: for errors.

    Raises OSError where rerun-sdk tells that a write failed.
    """
    recording = import_rerun().RecordingStream(PACKAGE)
    recording.save(path, default_blueprint=make_blueprint())
    yield RerunScene(recording, layout).log_result
    # flush of 0.41 may wait for ever once a write has failed: docs/rerun.md.
    try:
        recording.flush(timeout_sec=FLUSH_TIMEOUT_S)
    except (RuntimeError, TimeoutError) as error:
        raise OSError(f"{name} could not be written to the disk ({error}); free some space, or omit it") from error
    recording.disconnect()
