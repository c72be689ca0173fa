"""Nodes of this package as processes, started as a user starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from fingertip_contact.selftest.finding import FindingError

# An idle machine needs two seconds; a busy one much longer.
START_DEADLINE_S = 90.0
SHUTDOWN_TIMEOUT_S = 30.0
POLL_S = 0.02
ERROR_WORDS = ("error", "traceback", "fatal")
LOG_LINES = 30


class NodeProcess:
    """A node in a process of its own. arguments: all that follows its name on the command line."""

    def __init__(
        self, name: str, log: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        command = [sys.executable, "-m", "fingertip_contact.start", name, *arguments]
        with log.open("wb") as output, _deliver_hangups():
            self.process = subprocess.Popen(
                command, env={**os.environ, **(environment or {})}, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def log_summary(self) -> str:
        """The first line with an error and the end of the log."""
        return summarize_log(self.log_text)

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_for_log(self, text: str, deadline_s: float = START_DEADLINE_S) -> None:
        """Raises FindingError if the text does not come in time."""
        try:
            wait_until(lambda: text in self.log_text, f"{text!r} in the log of {self.name}", deadline_s)
        except FindingError as error:
            raise FindingError(f"{error}; {self.log_summary}") from None

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send a signal; returns the exit code. Raises FindingError if the process goes on."""
        self.process.send_signal(signal_number)
        return self.wait_for_exit(SHUTDOWN_TIMEOUT_S)

    def wait_for_exit(self, deadline_s: float = START_DEADLINE_S) -> int:
        """The exit code of a process that ends. Raises FindingError if it goes on."""
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            raise FindingError(f"{self.name} did not end within {deadline_s:g} s") from None

    def kill(self) -> None:
        """End it hard, if it is still alive."""
        if self.is_alive:
            self.process.kill()
        self.process.wait(SHUTDOWN_TIMEOUT_S)


class NodeStarter:
    """Starts nodes with their logs in a folder, as a context manager: all of them are killed at the end."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._environment = dict(environment or {})
        self._nodes: list[NodeProcess] = []

    def __enter__(self) -> NodeStarter:
        return self

    def __exit__(
        self, exception_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._nodes:
            self._nodes.pop().kill()

    def start(
        self,
        name: str,
        parameters: Mapping[str, object] | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> NodeProcess:
        """A node with these parameters, and more arguments after --ros-args."""
        log = self._folder / f"{len(list(self._folder.glob('*.log')))}_{name}.log"
        settings = [text for key, value in (parameters or {}).items() for text in ("-p", f"{key}:={value}")]
        node = NodeProcess(
            name, log, ["--ros-args", *settings, *arguments], {**self._environment, **(environment or {})}
        )
        self._nodes.append(node)
        return node

    @property
    def log_text(self) -> str:
        """Of every node that was started."""
        return "\n".join(node.log_text for node in self._nodes)


@contextmanager
def _deliver_hangups() -> Iterator[None]:
    """A process that is started in the block gets SIGHUP, also where `nohup` has made this one ignore it."""
    previous = signal.getsignal(signal.SIGHUP)
    if previous == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, previous)


def wait_until(condition: Callable[[], bool], description: str, deadline_s: float) -> None:
    """Raises FindingError if the condition does not hold in time."""
    expires_s = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > expires_s:
            raise FindingError(f"waited {deadline_s:g} s for {description}")
        time.sleep(POLL_S)


def catches(process: subprocess.Popen[bytes], signal_number: int) -> bool:
    """Whether a process handles or ignores a signal by now, by the bit masks of proc(5)."""
    status = Path(f"/proc/{process.pid}/status")
    masks = [line.split()[1] for line in status.read_text().splitlines() if line.startswith(("SigCgt:", "SigIgn:"))]
    return any(int(mask, 16) >> (signal_number - 1) & 1 for mask in masks)


def summarize_log(text: str) -> str:
    """The first line with an error and the last lines of a log."""
    lines = text.splitlines()
    first_error = next((line for line in lines if any(word in line.lower() for word in ERROR_WORDS)), "none")
    last_lines = "\n".join(lines[-LOG_LINES:])
    return f"first error: {first_error}\nlast {LOG_LINES} of {len(lines)} log lines:\n{last_lines}"
