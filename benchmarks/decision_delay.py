"""Event F1 against the delay from touch to decision, on the test set `sensor_matrix`, the camera facing the typist:

    python benchmarks/decision_delay.py
    python benchmarks/decision_delay.py --picture delay.png

Recordings that are missing are rendered first, which takes hours; measuring them takes minutes once, the rest seconds.
The delay counts in whole frames of 30 Hz: of a touch between two frames, the one after it is the first to be decided.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.files import atomic_write
from fingertip_contact.keyboard.layout import load_layout
from fingertip_research.evaluation.contact_counts import ContactCounts, compute_metrics, count_contacts
from fingertip_research.evaluation.fingertip_recording import detect, measure_recording
from fingertip_research.evaluation.recording_sets import load_recording_set
from fingertip_research.evaluation.rendered_suite import load_or_render
from fingertip_research.evaluation.sources import select_cues
from fingertip_research.ground_truth.recording import ground_truth_path, read_ground_truth

SOURCES = ("none", "sensor", "stereo")
# One frame of 30 Hz apart, in the middle between two counts of frames.
DELAYS_S = (0.0, 0.017, 0.05, 0.083)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="default", help="contact profile: a built-in one's name, or a YAML file")
    parser.add_argument("--picture", type=Path, help="PNG to draw the curves to; needs matplotlib")
    arguments = parser.parse_args()
    counts = _count(arguments.profile)
    metrics = {key: compute_metrics(total) for key, total in counts.items()}
    print("| source | delay ms | decided after ms | event F1 | precision | recall | onset ms |\n" + "|---" * 7 + "|")
    for (source, delay_s), found in metrics.items():
        print(
            f"| {source} | {1e3 * delay_s:.0f} | {found['latency_ms_median']:.0f} | {found['event_f1']:.3f} | "
            f"{found['event_precision']:.3f} | {found['event_recall']:.3f} | {found['onset_error_ms_median']:.1f} |"
        )
    if arguments.picture is not None:
        _draw(metrics, arguments.picture)


def _count(profile: str) -> dict[tuple[str, float], ContactCounts]:
    """By source and delay, over all recordings."""
    layout, parameters = load_layout("qwerty"), load_profile(profile)
    counts = {(source, delay_s): ContactCounts() for source in SOURCES for delay_s in DELAYS_S}
    for spec in load_recording_set("sensor_matrix"):
        if spec.view != "facing" or not spec.text:
            continue
        bag = load_or_render(spec, layout, 2, lambda frames, total: nullcontext(frames))
        truth = read_ground_truth(ground_truth_path(bag))
        measured = measure_recording(bag, layout, truth.header.calibration_seconds or 1.0)
        for source, delay_s in counts:
            seen = select_cues(measured, source, measured.samples.appearance)
            events = detect(seen, replace(parameters, decision_delay_s=delay_s), layout)
            counts[source, delay_s] += count_contacts(events, truth, measured.stamps_ns)
    return counts


def _draw(metrics: Mapping[tuple[str, float], Mapping[str, float]], picture: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for source in SOURCES:
        own = [metrics[source, delay_s] for delay_s in DELAYS_S]
        axes.plot([m["latency_ms_median"] for m in own], [m["event_f1"] for m in own], marker="o", label=source)
    axes.set(xlabel="decided after the touch, median, ms", ylabel="event F1", ylim=(0, 1))
    axes.legend(title="beside colour")
    axes.grid(alpha=0.3)
    with atomic_write(picture, overwrite=True) as temporary_path:
        figure.savefig(temporary_path, format="png")


if __name__ == "__main__":
    main()
