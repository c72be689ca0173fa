"""`fingertip-contact bench soak`: what nodes give and take over minutes to hours."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fingertip_contact.cli.outputs import reserve_folder

if TYPE_CHECKING:
    from fingertip_research.benchmarks.soak_report import SoakReport


def soak(
    recording: Annotated[Path, typer.Argument(help="A recording with typing hands; the camera plays it in loops.")],
    minutes: Annotated[float, typer.Option(min=0.1, max=10_000, help="For each form, rounded up to whole passes.")] = 5,
    busy: Annotated[float, typer.Option(min=0, max=1, help="Share of one core that another process takes.")] = 0,
    form: Annotated[
        Literal["both", "separate", "composed"], typer.Option(help="Nodes in processes of their own, or in one.")
    ] = "both",
    depth_source: Annotated[
        Literal["none", "sensor", "stereo"], typer.Option(help="What is read beside colour.")
    ] = "sensor",
    picture: Annotated[
        Path | None, typer.Option(help="Draw memory and latency into this file (extra `plots`).", metavar="FILE.png")
    ] = None,
    logs: Annotated[Path, typer.Option(help="Folder for the nodes' logs.")] = Path("out/soak"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Frames in and out by node, latency by minute, processor time, growth of memory, and the keys of each pass.

    A leak, frames that vanish uncounted and passes with other keys end it with exit code 1 and name what is wrong.

    Example: fingertip-contact bench soak out/fox.mcap --minutes 30 --busy 0.5
    """
    from fingertip_contact.files import atomic_write
    from fingertip_research.benchmarks.soak import FORMS
    from fingertip_research.benchmarks.soak import soak as run
    from fingertip_research.benchmarks.soak_report import find_faults
    from fingertip_research.cli.bench import describe_machine
    from fingertip_research.demo.run import RunError

    if picture is not None:
        import fingertip_research.benchmarks.soak_plot as plots

    reserve_folder(logs)
    runs = []
    with ExitStack() as stack:
        drawing = None if picture is None else stack.enter_context(atomic_write(picture))
        for name in FORMS if form == "both" else (form,):
            try:
                runs.append(run(recording, name, minutes, logs / name, busy=busy, depth_source=depth_source))
            except RunError as error:
                typer.echo(f"error: {error}", err=True)
                raise typer.Exit(1) from error
        if drawing is not None:
            plots.plot_soak(runs, drawing)
    reports = [report for report, _ in runs]
    faults = {report.form: find_faults(report) for report in reports}
    if as_json:
        entries = [asdict(report) | {"faults": faults[report.form]} for report in reports]
        settings = {"recording": recording.name, "busy": busy, "depth_source": depth_source}
        typer.echo(json.dumps({"runs": entries, **settings, "machine": describe_machine()}, indent=2))
    else:
        for report in reports:
            _print_report(report, faults[report.form])
        typer.echo(", ".join(f"{key} {value}" for key, value in describe_machine().items()))
    if any(faults.values()):
        raise typer.Exit(1)


def _print_report(report: SoakReport, faults: list[str]) -> None:
    typer.echo(
        f"{report.form}: {report.minutes:.1f} min, {len(report.passes)} passes of the recording, the camera at most "
        f"{report.camera_late_ms:.0f} ms late"
    )
    for node, stage in report.stages.items():
        lost = ", ".join(f"{name} {count}" for name, count in stage.lost.items() if count) or "none lost"
        halves = "".join(f", {name} {count}" for name, count in stage.halves.items())
        typer.echo(
            f"  {node}: {stage.out} of {stage.sent} frames ({lost}); unexplained {stage.unexplained}, "
            f"at most {stage.longest_gap} in a row{halves}"
        )
    for minute, latency in enumerate(report.latency):
        typer.echo(
            f"  minute {minute}: p50 {latency.p50_ms:.0f} ms, p99 {latency.p99_ms:.0f} ms, {latency.frames} frames"
        )
    for name, cores in report.cores.items():
        resident = f", {report.resident_mb[name]:.0f} MB resident at most" if name in report.resident_mb else ""
        typer.echo(f"  {name}: {cores:.2f} cores{resident}")
    for name, memory in report.memory.items():
        typer.echo(
            f"  {name}: {memory.start_mb:.1f} to {memory.end_mb:.1f} MB, {memory.slope_mb_per_h:+.1f} MB/h, "
            f"largest step {memory.largest_step_mb:.1f} MB"
        )
    shifts_ms = [report.touch_shift_ms for report in report.passes if report.touch_shift_ms is not None]
    later_ms = [report.to_second_ms for report in report.passes[1:] if report.to_second_ms is not None]
    later = max(later_ms, default=0.0)
    typer.echo(
        f"  keys of the first pass: {' '.join(report.passes[0].keys)}; passes with the same: {len(shifts_ms)}; "
        f"touch-downs off by at most {max(shifts_ms):.1f} ms, from the second pass on {later:.1f} ms"
    )
    typer.echo(f"  {'; '.join(faults) or 'no fault found'}")
