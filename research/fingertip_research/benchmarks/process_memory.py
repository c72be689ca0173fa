"""Resident memory of processes over time, and how fast it grows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

BYTES_PER_MB = 1e6
SECONDS_PER_HOUR = 3600.0
# A line through less says what the allocator did, not whether memory leaks.
MIN_SPAN_S = 120.0


@dataclass
class MemoryMonitor:
    """Samples of each process by name: (monotonic time in s, resident MB). At most one in `period_s`."""

    pids: dict[str, int]
    period_s: float = 1.0
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    _due_s: float = 0.0

    def sample(self) -> None:
        """Called now and then."""
        now_s = time.monotonic()
        if now_s < self._due_s:
            return
        self._due_s = now_s + self.period_s
        for name, pid in self.pids.items():
            resident_mb = read_resident_mb(pid)
            if resident_mb is not None:
                self.samples.setdefault(name, []).append((now_s, resident_mb))


@dataclass(frozen=True)
class MemoryGrowth:
    """Of one process, after the warm-up.

    start_mb, end_mb: medians of the first and the last tenth. slope_mb_per_h: of the least-squares line.
    largest_step_mb: the largest rise between two samples; a leak rises in many small ones.
    """

    start_mb: float
    end_mb: float
    slope_mb_per_h: float
    largest_step_mb: float


def read_resident_mb(pid: int) -> float | None:
    """The resident memory of a process in 10^6 bytes; None where it has ended, or off Linux (proc(5))."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / BYTES_PER_MB
    return None


def measure_growth(samples: list[tuple[float, float]], warm_up_s: float) -> MemoryGrowth | None:
    """samples: (s, MB) in order. None where less than MIN_SPAN_S is left after the warm-up."""
    if not samples or samples[-1][0] - samples[0][0] - warm_up_s < MIN_SPAN_S:
        return None
    kept = np.array([sample for sample in samples if sample[0] >= samples[0][0] + warm_up_s])
    times_s, resident_mb = kept.T
    tenth = max(len(kept) // 10, 1)
    slope_mb_per_s = np.polyfit(times_s - times_s[0], resident_mb, 1)[0]
    return MemoryGrowth(
        float(np.median(resident_mb[:tenth])),
        float(np.median(resident_mb[-tenth:])),
        float(slope_mb_per_s * SECONDS_PER_HOUR),
        float(np.diff(resident_mb).max(initial=0.0)),
    )
