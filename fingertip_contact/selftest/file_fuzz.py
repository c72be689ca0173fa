"""Mutated files: every reader reads them, or raises what it documents, soon and within bounds."""

from __future__ import annotations

import json
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import yaml

from fingertip_contact.safe_text import describe, to_one_line
from fingertip_contact.selftest.file_kinds import FileKind, make_file_kinds
from fingertip_contact.selftest.fuzz_case import FuzzCase
from fingertip_contact.selftest.mutations import mutate, mutate_bytes

# What a reader may raise for a file that cannot be used.
DOCUMENTED_ERRORS = (ValueError, OSError)
MAX_SECONDS = 2.0
MAX_GROWTH_MB = 500
# After so long a reader is interrupted.
HANG_S = 20.0
KIB_PER_MB = 1024


def fuzz_files(
    count: int, seed: int, make_kinds: Callable[[Path], Iterable[FileKind]] = make_file_kinds
) -> Iterator[FuzzCase]:
    """So many cases, every kind in turn, the same ones for the same seed. Call it in the main thread.

    Raises what a reader raises for a valid file: then the kind itself is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="selftest-") as name:
        folder = Path(name)
        kinds = list(make_kinds(folder))
        for kind in kinds:
            write_file(folder / kind.name, kind, kind.valid)
            kind.read(folder / kind.name)
        for index in range(count):
            kind = kinds[index % len(kinds)]
            random_ = random.Random(f"{seed} {index}")
            value = mutate_bytes(kind.valid, random_) if isinstance(kind.valid, bytes) else mutate(kind.valid, random_)
            path = folder / kind.name
            write_file(path, kind, value)
            finding, outcome = read_file(path, kind)
            yield FuzzCase(index, Path(kind.name).name, describe(value), outcome, finding)


def write_file(path: Path, kind: FileKind, value: object) -> None:
    """The file of a kind with this content."""
    if isinstance(value, bytes):
        path.write_bytes(value)
        return
    text = yaml.safe_dump(value) if path.suffix == ".yaml" else json.dumps(value)
    path.write_text(kind.head + text, encoding="utf-8")


def read_file(path: Path, kind: FileKind) -> tuple[str, str]:
    """The finding, empty where there is none, and what the reader did: `read`, or `refused`."""
    started_s, before_mb = time.monotonic(), _find_peak_mb()
    outcome = "read"
    try:
        with _interrupt_after(HANG_S):
            kind.read(path)
    except DOCUMENTED_ERRORS as error:
        outcome = "refused"
        if path.stem not in str(error) and path.parent.name not in str(error):
            return to_one_line(f"the error does not name the file: {error}"), outcome
    except Exception as error:
        return to_one_line(f"{type(error).__name__}: {error}"), "failed"
    seconds, growth_mb = time.monotonic() - started_s, _find_peak_mb() - before_mb
    if seconds > MAX_SECONDS:
        return f"it took {seconds:.1f} s", outcome
    if growth_mb > MAX_GROWTH_MB:
        return f"it took {growth_mb:.0f} MB", outcome
    return "", outcome


def _find_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB


@contextmanager
def _interrupt_after(seconds: float) -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise RuntimeError(f"it did not end within {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, previous)
