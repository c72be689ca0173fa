"""The reliability diagram of confidences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from fingertip_contact.files import atomic_write
from fingertip_research.evaluation.calibration import (
    Confidences,
    compute_expected_calibration_error,
    compute_reliability,
)


def write_reliability_diagram(path: Path, by_source: Mapping[str, Confidences]) -> None:
    """Write a PNG: the share of taps over confidence, a line per source, and how many touches each bin has.

    by_source: the touches of each line; one without touches is left out. An old file is replaced.
    """
    figure = Figure(figsize=(5.5, 6), layout="constrained")
    shares, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    shares.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    for source, touches in by_source.items():
        bins = compute_reliability(touches)
        error = compute_expected_calibration_error(bins)
        if error is None:
            continue
        confidences = [each.confidence for each in bins]
        shares.plot(confidences, [each.tap_share for each in bins], marker="o", label=f"{source}, ECE {error:.3f}")
        counts.plot(confidences, [each.count for each in bins], marker="o")
    shares.set_ylabel("share of true taps")
    counts.set_ylabel("touches")
    counts.set_xlabel("confidence")
    shares.set(xlim=(0, 1), ylim=(-0.02, 1.02))
    counts.set_ylim(bottom=0)
    for axis in (shares, counts):
        axis.grid(alpha=0.3)
    if shares.get_legend_handles_labels()[0]:
        shares.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path, overwrite=True) as temporary_path:
        figure.savefig(temporary_path, dpi=110, format="png")
