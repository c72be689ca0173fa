"""The first self-test of a runtime on this processor: in a process of its own, whose end is the verdict.

A runtime may end its process: OpenVINO in bf16 at 518x518 does on processors with AMX. So each new combination of
runtime, version, precision, network and processor is tried once in a child process; the verdict is kept in the cache,
and later starts run no child.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from fingertip_contact.depth.conversions import Conversion
from fingertip_contact.depth.runtimes import RuntimeRejectedError
from fingertip_contact.depth.self_test import RuntimeClass
from fingertip_contact.files import atomic_write
from fingertip_contact.json_file import field_errors, read_object
from fingertip_contact.processor import describe_processor
from fingertip_contact.resources import get_cache_directory
from fingertip_contact.safe_text import to_one_line

logger = logging.getLogger(__name__)

# Loading and one image take seconds, and a minute on the slowest machine that is of use. One that hangs never ends.
DEADLINE_S = 120.0
# The modules that a verdict depends on.
_SOURCES = ("parity.py", "preprocessing.py", "runtimes.py", "self_test.py")
# Somebody stopped the child, and the runtime may be well.
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Verdict:
    """subject: runtime, precision and input size, as text. version: of the runtime. processor: digest of its model and
    flags. reason: why it may not be used, empty if it may."""

    subject: str
    library: str
    version: str
    processor: str
    reason: str


def require_pass(
    library: str, runtime_class: RuntimeClass, conversion: Conversion, precision: str, threads: int
) -> None:
    """Raises RuntimeRejectedError, with the reason, if the runtime has failed its first self-test on this processor.

    library: of the runtime, openvino or onnxruntime. The test runs now if there is no verdict yet.
    """
    path = _make_path(library, runtime_class, conversion, precision)
    verdict = _read(path)
    if verdict is None:
        subject = f"{library} {precision} {conversion.height}x{conversion.width}"
        logger.info("%s is tried in a process of its own, once on this processor", subject)
        reason, is_kept = _try(runtime_class, conversion, precision, threads)
        verdict = Verdict(subject, library, find_version(library), describe_processor(), reason)
        if is_kept:
            _write(path, verdict)
    if verdict.reason:
        raise RuntimeRejectedError(verdict.reason)


def list_verdicts() -> Iterator[tuple[Path, Verdict]]:
    """The verdicts on the installed runtimes on this processor, with their files. Damaged ones are left out: the next
    start of that runtime replaces them."""
    for path in sorted(get_folder().glob("*.json")):
        verdict = _read(path)
        if verdict and (verdict.version, verdict.processor) == (find_version(verdict.library), describe_processor()):
            yield path, verdict


def get_folder() -> Path:
    """The folder of the verdicts; it need not exist."""
    return get_cache_directory() / "depth" / "verdicts"


def find_version(library: str) -> str:
    """Of the installed package; unknown where it has none."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "unknown"


def _make_path(library: str, runtime_class: RuntimeClass, conversion: Conversion, precision: str) -> Path:
    """The file of a verdict: its name is a digest of all that the verdict depends on."""
    # A repaired or replaced network is a new one. Its content is 95 MB, too much to read at each start.
    states = [entry.stat() for entry in sorted(conversion.folder.iterdir())]
    identity = (
        _name(runtime_class), library, find_version(library), precision, conversion.format, conversion.precision,
        conversion.height, conversion.width, conversion.max_depth_m, conversion.weights_sha256, describe_processor(),
        [(state.st_size, state.st_mtime_ns) for state in states],
    )  # fmt: skip
    digest = hashlib.sha256(repr(identity).encode())
    for name in _SOURCES:
        digest.update((files("fingertip_contact.depth") / name).read_bytes())
    return get_folder() / f"{digest.hexdigest()[:32]}.json"


def _name(runtime_class: RuntimeClass) -> str:
    return f"{runtime_class.__module__}:{runtime_class.__qualname__}"


def _try(runtime_class: RuntimeClass, conversion: Conversion, precision: str, threads: int) -> tuple[str, bool]:
    """The reason against it, empty if there is none; whether it holds for later starts too."""
    # With `-m` the current folder is first on the path, where a file may have the name of a module: hence `cwd`.
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
    arguments = (_name(runtime_class), str(conversion.folder.resolve()), precision, str(threads))
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fingertip_contact.depth.self_test", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=DEADLINE_S,
            check=False,
            env={**os.environ, "PYTHONPATH": paths},
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        return f"its self-test did not end within {DEADLINE_S:g} s", True
    except OSError as error:
        return f"its self-test could not start: {error}", False
    if done.returncode == 0:
        return "", True
    if done.returncode < 0:
        return _describe_signal(-done.returncode), -done.returncode not in _STOPS
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return to_one_line(lines[-1]) if lines else f"its self-test ended with status {done.returncode}", True


def _describe_signal(number: int) -> str:
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    if number in _STOPS:
        return f"its self-test was stopped ({name})"
    if number == signal.SIGKILL:
        return f"its self-test was killed ({name}), as for want of memory"
    return f"it crashed in its self-test ({name}): a fault of the runtime on this processor"


def _read(path: Path) -> Verdict | None:
    """None if there is none, or it is damaged, which is told."""
    try:
        fields = read_object(path)
        with field_errors(path):
            verdict = Verdict(**fields)
            if not all(isinstance(value, str) for value in fields.values()):
                raise ValueError("a field is no text")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        logger.warning("a verdict on a depth runtime cannot be read, the runtime is tried again: %s", error)
        return None
    return verdict


def _write(path: Path, verdict: Verdict) -> None:
    try:
        with atomic_write(path, overwrite=True) as temporary_path:
            temporary_path.write_text(json.dumps(asdict(verdict), indent=2) + "\n", encoding="utf-8")
    except FileExistsError:  # Another process has tried the same.
        return
    except OSError as error:
        logger.warning("the verdict on %s is not kept, so each start will try it again: %s", verdict.subject, error)
