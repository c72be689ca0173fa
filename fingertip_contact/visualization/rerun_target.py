"""Where a running node's scene goes: a file, a viewer that runs somewhere, or a viewer of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from fingertip_contact.files import atomic_write
from fingertip_contact.resources import PACKAGE
from fingertip_contact.visualization.rerun_file import open_rerun_recording, require_rerun_name
from fingertip_contact.visualization.rerun_import import DEFAULT_URL, LOCALHOST, import_rerun
from fingertip_contact.visualization.rerun_scene import make_blueprint

SCHEMES = ("rerun", "rerun+http", "rerun+https")
_MEMORY_LIMIT = re.compile(r"\d+(\.\d+)?(%|[kKMG]i?B)")
# What the viewer keeps for other viewers that may come: none are meant to.
_SERVER_MEMORY_LIMIT = "64MB"
# `follow` may take as long, and is called all the time.
_REACH_TIMEOUT_S, _FLUSH_TIMEOUT_S = 0.5, 0.3
_CLOSE_TIMEOUT_S = 2.0


class RerunTarget(Protocol):
    """Has to be asked again and again where it is."""

    def follow(self) -> Any | None:
        """The rerun.RecordingStream to log into now; None while nobody takes it.

        Another one than before has nothing of the scene yet. Raises ViewerClosedError when it is over, OSError if the
        disk is full.
        """

    def close(self) -> None:
        """Raises OSError if what was logged could not be written."""


class ViewerClosedError(Exception):
    """The viewer of its own is gone."""


class FileTarget:
    """A file that appears when it is closed."""

    def __init__(self, path: Path) -> None:
        """Raises ValueError for another name than .rrd, FileExistsError if it exists, OSError if it cannot be made."""
        require_rerun_name(path)
        with ExitStack() as stack:
            self._file = stack.enter_context(open_rerun_recording(stack.enter_context(atomic_write(path))))
            self._stack = stack.pop_all()

    def follow(self) -> Any:
        self._file.check()
        return self._file.recording

    def close(self) -> None:
        self._stack.close()


class ViewerTarget:
    """A viewer that runs, here or elsewhere. While it does not, nothing is kept for it.

    rerun-sdk 0.41 keeps some 200 MB for a viewer that is not there or has stopped, and then waits for ever, in every
    call and at the end of the process. So a viewer has to answer before anything more is logged, and whatever waits for
    it without limit is left to a thread that does not hold up the end.
    """

    def __init__(self, url: str) -> None:
        """Raises ValueError if the URL is not that of a viewer."""
        self._address = parse_viewer_url(url)
        self._url = url
        self._rerun = import_rerun()
        self._rerun.unregister_shutdown()
        self._recording: Any = None

    def follow(self) -> Any | None:
        if self._recording is not None:
            try:
                self._recording.flush(timeout_sec=_FLUSH_TIMEOUT_S)
            except RuntimeError as error:
                if "timed out" not in str(error):  # Then it is gone; else it may come back.
                    self._disconnect()
                return None
        elif self._is_there():
            self._recording = self._rerun.RecordingStream(PACKAGE)
            self._recording.connect_grpc(self._url, default_blueprint=make_blueprint())
        return self._recording

    def close(self) -> None:
        if self._recording is not None:
            self._disconnect().join(_CLOSE_TIMEOUT_S)

    def _disconnect(self) -> threading.Thread:
        recording, self._recording = self._recording, None
        thread = threading.Thread(target=recording.disconnect, name="rerun end", daemon=True)
        thread.start()
        return thread

    def _is_there(self) -> bool:
        try:
            socket.create_connection(self._address, _REACH_TIMEOUT_S).close()
        except OSError:
            return False
        return True


class OwnViewerTarget(ViewerTarget):
    """A viewer that is started here, heard by this computer alone, and ended with its target."""

    def __init__(self, memory_limit: str) -> None:
        """memory_limit: what the viewer keeps at most, e.g. 2GB or 25%. Raises ValueError where it is none."""
        if not _MEMORY_LIMIT.fullmatch(memory_limit):
            raise ValueError(f"memory_limit is {memory_limit!r}; it has to be a size such as 2GB, 500MB or 25%")
        with socket.socket() as free:
            free.bind((LOCALHOST, 0))
            port = free.getsockname()[1]
        super().__init__(f"rerun+http://{LOCALHOST}:{port}/proxy")
        self._has_begun = False
        # A process group of its own: Ctrl-C in the terminal ends the node, and the node ends the viewer.
        self._process = subprocess.Popen(
            make_viewer_command(port, memory_limit), env=make_viewer_environment(), start_new_session=True
        )

    def follow(self) -> Any | None:
        if (exit_code := self._process.poll()) is not None:
            if self._has_begun:
                raise ViewerClosedError
            raise OSError(
                f"Rerun's viewer ended with exit code {exit_code}, as its lines above say; "
                "where there is no display use mode connect or save"
            )
        recording = super().follow()
        self._has_begun |= recording is not None
        return recording

    def close(self) -> None:
        super().close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_CLOSE_TIMEOUT_S)


def make_viewer_command(port: int, memory_limit: str) -> list[str]:
    """Of a viewer that only this computer can reach: what is typed may be a password."""
    command = [find_viewer(), "--bind", LOCALHOST, "--port", str(port)]
    command += ["--memory-limit", memory_limit, "--server-memory-limit", _SERVER_MEMORY_LIMIT]
    return [*command, "--expect-data-soon"]


def find_viewer() -> str:
    """The program of rerun-sdk, or the one that RERUN_CLI_PATH names, as for `python -m rerun_cli`: that would be a
    process more, which does not end its viewer."""
    import rerun_cli

    return os.environ.get("RERUN_CLI_PATH") or str(Path(rerun_cli.__file__).parent / "rerun")


def make_viewer_environment() -> dict[str, str]:
    """Without usage data for the viewer's makers: rerun-sdk 0.41 knows no other variable for that (RUST_LOG=debug shows
    "Analytics disabled on CI")."""
    return {**os.environ, "CI": "true"}


def parse_viewer_url(url: str) -> tuple[str, int]:
    """Host and port. Raises ValueError, with an example, for what is no URL of a viewer."""
    try:
        parts = urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and parts.port and parts.path == "/proxy":
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise ValueError(f"url is {url!r}; it has to be that of a viewer with its port, such as {DEFAULT_URL}")
