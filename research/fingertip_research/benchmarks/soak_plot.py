"""A picture of soak runs: memory, latency and losses over time."""

from __future__ import annotations

from pathlib import Path

from fingertip_contact.files import atomic_write
from fingertip_research.benchmarks.soak_report import SoakReport

Samples = dict[str, list[tuple[float, float]]]


def plot_soak(runs: list[tuple[SoakReport, Samples]], path: Path) -> None:
    """One column for each run: resident memory by process, latency by minute. Needs matplotlib."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0 * len(runs), 6.5), layout="constrained")
    grid = figure.subplots(2, len(runs), squeeze=False)
    for (report, samples), (memory, latency) in zip(runs, grid.T, strict=True):
        for name, entries in samples.items():
            times_s, resident_mb = zip(*entries, strict=True)
            memory.plot([(time_s - times_s[0]) / 60.0 for time_s in times_s], resident_mb, label=name)
        memory.set(title=report.form, ylabel="resident memory, MB", ylim=(0, None))
        memory.legend(fontsize="small")
        minutes = range(len(report.latency))
        latency.plot(minutes, [entry.p50_ms for entry in report.latency], marker="o", label="median")
        latency.plot(minutes, [entry.p99_ms for entry in report.latency], marker="o", label="p99")
        latency.set(xlabel="minutes", ylabel="image to fingertips, ms", ylim=(0, None))
        latency.legend(fontsize="small")
    with atomic_write(path) as partial:
        figure.savefig(partial, format=path.suffix.lstrip(".") or "png", dpi=120)
