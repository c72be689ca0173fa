"""Event F1 against the delay from touch to decision, the camera facing the typist; by frame rate:

    python benchmarks/decision_delay.py
    python benchmarks/decision_delay.py --picture delay.png
    python benchmarks/decision_delay.py --set frame_rates

Recordings that are missing are rendered first, which takes hours; measuring them takes minutes once, the rest seconds.
The delay counts in whole frames: of a touch between two frames, the one after it is the first to be decided.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
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
# In the middle between two counts of frames.
DELAYS_FRAMES = (0.0, 0.5, 1.5, 2.5)

# Frame rate in Hz, source, delay in frames.
Key = tuple[float, str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", default="default", help="contact profile: a built-in one's name, or a YAML file")
    parser.add_argument("--set", default="sensor_matrix", help="set of config/recordings.yaml")
    parser.add_argument("--picture", type=Path, help="PNG to draw the curves to; needs matplotlib")
    arguments = parser.parse_args()
    counts = _count(arguments.profile, arguments.set)
    metrics = {key: compute_metrics(total) for key, total in counts.items()}
    print(
        "| Hz | source | delay ms | decided after ms | event F1 | precision | recall | onset ms |\n" + "|---" * 8 + "|"
    )
    for (rate_hz, source, frames), found in metrics.items():
        print(
            f"| {rate_hz:g} | {source} | {1e3 * frames / rate_hz:.0f} | {found['latency_ms_median']:.0f} | "
            f"{found['event_f1']:.3f} | {found['event_precision']:.3f} | {found['event_recall']:.3f} | "
            f"{found['onset_error_ms_median']:.1f} |"
        )
    if arguments.picture is not None:
        _draw(metrics, arguments.picture)


def _count(profile: str, recording_set: str) -> dict[Key, ContactCounts]:
    """Over the recordings of a set."""
    layout, parameters = load_layout("qwerty"), load_profile(profile)
    counts: dict[Key, ContactCounts] = defaultdict(ContactCounts)
    for spec in load_recording_set(recording_set):
        if spec.view != "facing" or not spec.text:
            continue
        bag = load_or_render(spec, layout, 2, lambda frames, total: nullcontext(frames))
        truth = read_ground_truth(ground_truth_path(bag))
        measured = measure_recording(bag, layout, truth.header.calibration_seconds or 1.0)
        for source in SOURCES:
            seen = select_cues(measured, source, measured.samples.appearance)
            for frames in DELAYS_FRAMES:
                delayed = replace(parameters, decision_delay_s=frames / spec.frame_rate_hz)
                found = count_contacts(detect(seen, delayed, layout), truth, measured.stamps_ns)
                counts[spec.frame_rate_hz, source, frames] += found
    return counts


def _draw(metrics: Mapping[Key, Mapping[str, float]], picture: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for rate_hz, source in dict.fromkeys(key[:2] for key in metrics):
        own = [metrics[rate_hz, source, frames] for frames in DELAYS_FRAMES]
        axes.plot(
            [m["latency_ms_median"] for m in own],
            [m["event_f1"] for m in own],
            marker="o",
            label=f"{source}, {rate_hz:g} Hz",
        )
    axes.set(xlabel="decided after the touch, median, ms", ylabel="event F1", ylim=(0, 1))
    axes.legend(title="beside colour")
    axes.grid(alpha=0.3)
    with atomic_write(picture, overwrite=True) as temporary_path:
        figure.savefig(temporary_path, format="png")


if __name__ == "__main__":
    main()
