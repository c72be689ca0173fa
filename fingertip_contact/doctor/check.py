"""What a check of the machine says, and where checks look."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

# From good to bad. advice: works, and could be better; warning: some uses fail; error: nodes do not run.
Severity = Literal["ok", "advice", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("ok", "advice", "warning", "error")
# Of the command: advice is no reason for a script to stop.
EXIT_CODES: dict[Severity, int] = {"ok": 0, "advice": 0, "warning": 1, "error": 2}


@dataclass(frozen=True)
class CheckResult:
    """name: of the check, for programs, it does not change. text: what was found. remedy: what to do; empty if ok."""

    name: str
    severity: Severity
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class System:
    """The machine that is checked. Tests give folders and an environment of their own."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    dev: Path = Path("/dev")
    etc: Path = Path("/etc")
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def read(self, path: Path) -> str:
        """The text of a small file of the kernel; empty where it is missing or cannot be read."""
        try:
            return path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    def read_number(self, path: Path) -> int | None:
        """A file that holds one whole number; None for any other."""
        text = self.read(path)
        return int(text) if text.isdecimal() else None

    def run_python(self, *arguments: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Python in a process of its own: what is tried there may crash. Raises TimeoutExpired."""
        # With `-c` and `-m` the current folder is first on the path, where a file may have the name of a module.
        paths = os.pathsep.join(os.path.abspath(path) for path in sys.path if path)
        environment = {**self.environment, "PYTHONPATH": paths}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=timeout_s, check=False, env=environment, cwd="/"
        )


def find_worst(results: Iterable[CheckResult]) -> Severity:
    """The worst severity; ok where there are no results."""
    return max((result.severity for result in results), key=SEVERITIES.index, default="ok")
