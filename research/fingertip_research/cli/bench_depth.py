"""`fingertip-contact bench depth`: the depth network in each runtime, precision and size, against torch eager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli import options

if TYPE_CHECKING:
    from fingertip_research.benchmarks.depth import DepthBenchmark

MAX_IMAGES = 12
LIBRARIES = ("torch", "timm", "onnxruntime", "nncf")


def depth(
    checkpoint: options.DepthWeights = None,
    recording: Annotated[
        Path | None, typer.Option(help="Images to measure with and to calibrate int8 on; default: a drawn scene.")
    ] = None,
    region: Annotated[
        str, typer.Option(help="Network input for the window around the hands.", metavar="HxW")
    ] = "154x210",
    rounds: Annotated[int, typer.Option(min=3, help="Interleaved repetitions of each case.")] = 9,
    threads: Annotated[int, typer.Option(min=0, help="Threads of each runtime; 0: its default.")] = 0,
    max_depth: options.MaxDepth = None,
    include_all: Annotated[bool, typer.Option("--all", help="Also int8 in ONNX Runtime, which needs minutes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Milliseconds of the network alone, interleaved medians; the baseline is torch eager in fp32 at 518x518 with
    explicit attention, as in the reference. What does not run on this machine is told, and costs the others nothing.

    Without weights, pulled or given, random ones are measured: time and memory are the same, the deviation is
    meaningless. The first run converts the weights for every runtime and size, which needs some minutes.

    Example: fingertip-contact bench depth --recording out/fox.mcap
    """
    from fingertip_contact import weights
    from fingertip_contact.cli.sample_frames import sample_images
    from fingertip_contact.depth import configuration
    from fingertip_research.benchmarks import depth as benchmark
    from fingertip_research.cli.bench import describe_machine

    path = checkpoint or weights.load_models()["d405"].location
    if checkpoint is None and not path.is_file():
        path, max_depth = benchmark.make_random_weights(), max_depth or configuration.D405_MAX_DEPTH_M
    max_depth_m = configuration.resolve_max_depth_m(path, max_depth)
    cases = benchmark.list_cases(path, max_depth_m, options.parse_input_size(region), include_all)
    images = sample_images(recording, MAX_IMAGES) if recording else benchmark.make_synthetic_images()
    result = benchmark.measure(cases, images, rounds, threads, lambda message: typer.echo(message, err=True))
    inputs = {"weights": path.name, "images": recording.name if recording else "drawn"}
    environment = describe_machine() | {name: version(name) for name in LIBRARIES}
    if as_json:
        typer.echo(json.dumps({**asdict(result), **inputs, "machine": environment}, indent=2))
    else:
        _print_table(result, {**inputs, **environment})


def _print_table(result: DepthBenchmark, details: Mapping[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    from fingertip_contact.safe_text import escape_markup

    table = Table("runtime", "input", "ms", "best", "ratio", "same", "off, mm", "MiB", box=None)
    for column in table.columns:
        column.no_wrap = True
    for row in result.rows:
        size = f"{row.height}x{row.width}"
        times = (
            f"{row.ms_median:.1f}",
            f"{row.ms_best:.1f}",
            f"{row.ratio:.2f}x",
            f"{row.ratio_same_size:.2f}x",
        )
        table.add_row(f"{row.runtime} {row.precision}", size, *times, f"{row.deviation_mm:.2g}", f"{row.peak_mib:.0f}")
    console = Console()
    console.print(table)
    for name, reason in result.failed.items():
        console.print(f"{name}: does not run: {escape_markup(reason)}")
    overhead = ", ".join(f"{value:.1f} ms at {size}" for size, value in result.pre_postprocess_ms.items())
    console.print(f"pre- and post-processing, by image size: {overhead}")
    console.print(f"{result.rounds} rounds; ratio: against plain torch at 518x518, {result.baseline_ms:.0f} ms")
    console.print("off: mean deviation from torch; MiB: peak memory; same: ratio to torch at that input")
    console.print(", ".join(f"{name} {value}" for name, value in details.items()))
