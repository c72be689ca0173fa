"""`fingertip-contact bench`: medians on this machine, against a named baseline in the same run."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_research.cli.bench_contact import contact
from fingertip_research.cli.bench_depth import depth
from fingertip_research.cli.bench_pipeline import pipeline
from fingertip_research.cli.bench_soak import soak
from fingertip_research.cli.bench_transport import transport

if TYPE_CHECKING:
    from fingertip_research.benchmarks.hands import HandBenchmark

app = typer.Typer(help="Measure how fast things run on this machine.", no_args_is_help=True, add_completion=False)
app.command()(contact)
app.command()(depth)
app.command()(pipeline)
app.command()(soak)
app.command()(transport)


@app.callback()
def bench() -> None:
    """Measure how fast things run on this machine."""


@app.command()
def hands(
    recording: Annotated[Path, typer.Argument(help="A recording that shows two hands.")],
    frames: Annotated[int, typer.Option(min=20, help="Number of its last images to measure with.")] = 150,
    mediapipe_python: Annotated[
        Path | None, typer.Option(help="Interpreter of an environment with mediapipe==0.10.21, to compare with.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Hand tracking: milliseconds per image with two hands, by stage."""
    import numpy as np

    from fingertip_contact.recordings.open import open_recording
    from fingertip_research.benchmarks.hands import measure

    with open_recording(recording, depth_source="none") as source:
        first = max(source.frame_count - frames, 0)
        seen = [(frame.color_bgr, frame.stamp_ns) for frame in islice(source.frames(), first, None)]
    images, stamps_ns = np.stack([image for image, _ in seen]), [stamp_ns for _, stamp_ns in seen]
    result = measure(images, stamps_ns, mediapipe_python)
    if as_json:
        typer.echo(json.dumps({**asdict(result), "machine": describe_machine()}, indent=2))
    else:
        _print_table(result)


def describe_machine() -> dict[str, str | int | None]:
    """The machine and the versions of a measurement."""
    return {
        "processor": _read_processor_name(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "opencv": version("opencv-python-headless"),
        "openvino": version("openvino"),
    }


def _read_processor_name() -> str:
    """The processor's name from Linux, else from Python."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _print_table(result: HandBenchmark) -> None:
    from rich.console import Console
    from rich.table import Table

    rows = {
        "palm detection (only where a hand is missing)": result.palm,
        "landmarks, one hand": result.one_hand,
        "landmarks, two hands": result.two_hands,
        "tracker, two hands": result.tracker,
    }
    if result.mediapipe:
        rows[f"MediaPipe {result.mediapipe_version}, two hands"] = result.mediapipe
    table = Table("", "mean ms", "p95 ms", "processor, mean ms")
    for stage, duration in rows.items():
        table.add_row(stage, f"{duration.wall_ms:.1f}", f"{duration.wall_p95_ms:.1f}", f"{duration.cpu_ms:.1f}")
    console = Console()
    console.print(table)
    if result.mediapipe:
        wall, cpu = (result.tracker.wall_ms / result.mediapipe.wall_ms, result.tracker.cpu_ms / result.mediapipe.cpu_ms)
        console.print(
            f"{wall:.2f} of MediaPipe's wall time, {cpu:.2f} of its processor time; "
            f"fingertips {result.fingertip_difference_px:.2f} px apart (median)"
        )
    console.print(
        f"{result.frame_count} images with two hands; {', '.join(f'{k} {v}' for k, v in describe_machine().items())}"
    )
