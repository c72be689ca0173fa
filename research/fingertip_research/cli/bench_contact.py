"""`fingertip-contact bench contact`: duration of contact detection for ten fingers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

BASELINE = "paper"


def contact(
    recording: Annotated[Path | None, typer.Argument(help="Also measure in this recording.")] = None,
    profile: Annotated[str, typer.Option(help="Contact profile: a built-in one's name, or a YAML file.")] = "default",
    frames: Annotated[int, typer.Option(min=100, help="Number of frames to measure.")] = 1500,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Contact detection: milliseconds per frame with ten typing fingers, and of the published rule in the same run.

    From measured fingertips to events; with a recording also the measurement in everything that it holds, and the
    decision upon that. Processor time does not include the time of other programs.

    Example: fingertip-contact bench contact
    """
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_research.benchmarks.contact import measure_decision_latency, measure_stage_latency
    from fingertip_research.cli.bench import describe_machine

    rows = measure_decision_latency(load_layout("qwerty"), list(dict.fromkeys([profile, BASELINE])), frames)
    if recording is not None:
        rows |= measure_stage_latency(recording, profile, frames)
    ratio = rows[profile]["processor_median_ms"] / rows[BASELINE]["processor_median_ms"]
    if as_json:
        typer.echo(json.dumps({**rows, "ratio_to_baseline": ratio, "machine": describe_machine()}, indent=2))
        return
    for name, row in rows.items():
        typer.echo(
            f"{name:14} median {row['median_ms']:.2f} ms, p99 {row['p99_ms']:.2f} ms; "
            f"processor {row['processor_median_ms']:.2f} ms, p99 {row['processor_p99_ms']:.2f} ms"
        )
    typer.echo(f"{ratio:.1f} times the processor time of {BASELINE}; ten fingers, up to {frames} frames")
    typer.echo(", ".join(f"{key} {value}" for key, value in describe_machine().items()))
