"""Keeps a share of one core busy, as other programs on a robot do: `python -m fingertip_research.benchmarks.busy_core
0.5`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

# Short: a load that comes in bursts of a camera's period would hit every other frame.
PERIOD_S = 0.01


def burn(share: float, parent_pid: int) -> None:
    """Compute for this share of each PERIOD_S, until the parent process has ended."""
    while os.getppid() == parent_pid:
        started_s = time.monotonic()
        while time.monotonic() - started_s < share * PERIOD_S:
            pass
        time.sleep((1.0 - share) * PERIOD_S)


@contextmanager
def keep_busy(share: float) -> Iterator[None]:
    """Load one core by this share, 0 to 1, for the duration of the block."""
    if not share:
        yield
        return
    arguments = ["-m", "fingertip_research.benchmarks.busy_core", str(share), str(os.getpid())]
    process = subprocess.Popen([sys.executable, *arguments])
    try:
        yield
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    burn(float(sys.argv[1]), int(sys.argv[2]))
