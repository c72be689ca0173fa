"""`fingertip-contact evaluate sensor`: the simulated D405 beside a real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fingertip_contact.cli.outputs import reserve_folder
from fingertip_contact.cli.progress import track_progress

if TYPE_CHECKING:
    from fingertip_research.evaluation.sensor.real import RealMeasurement
    from fingertip_research.evaluation.sensor.still import StillFrames
    from fingertip_research.evaluation.sensor.targets import Target
    from fingertip_research.simulation.scene import SensorKind


def sensor(
    recording: Annotated[
        Path | None,
        typer.Argument(
            help="A real camera's recording, or a folder of NNN_color.png and NNN_depth_0.1mm.png.", show_default=False
        ),
    ] = None,
    frames: Annotated[int, typer.Option(min=2, help="Still frames of each simulated target.")] = 24,
    simulation: Annotated[bool, typer.Option(help="Measure the simulated sensor.")] = True,
    sensor_name: Annotated[
        Literal["stereo", "ideal"], typer.Option("--sensor", help="The simulated one; ideal: sharp depth.")
    ] = "stereo",
    target: Annotated[
        list[str] | None, typer.Option(help="Measure this target only, e.g. print_294mm. May be repeated.")
    ] = None,
    still_seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="Take the recording's first seconds, instead of looking for a part without motion."),
    ] = None,
    focal_px: Annotated[
        float | None, typer.Option(min=1.0, help="Focal length of a folder's images; default: a D405's at 640x480.")
    ] = None,
    baseline_mm: Annotated[
        float | None, typer.Option(min=1.0, help="Baseline of the camera that recorded; default: a D405's.")
    ] = None,
    pictures: Annotated[Path | None, typer.Option(help="Folder for pictures side by side and plots.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit with code 1 if a figure is off its tolerance.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Hold the simulated sensor against a real D405, and against a recording of your own: noise, holes, melted fingers.

    Simulated are boards, fingers of known size and a typing hand, in two minutes. Of RECORDING, a part in which nothing
    moves is found; its largest plane and stretched fingers are measured. docs/simulation.md explains every figure.

    Examples: fingertip-contact evaluate sensor --check;
    fingertip-contact evaluate sensor my_desk.mcap --pictures out/sensor
    """
    from rich.console import Console

    from fingertip_research.evaluation.sensor.reference import load_reference
    from fingertip_research.evaluation.sensor.report import make_report, make_rows, make_sensor_table
    from fingertip_research.evaluation.sensor.run import SimulatedMeasurement, measure_targets

    if not simulation and recording is None:
        raise ValueError("nothing to do: --no-simulation needs a RECORDING")
    if pictures is not None:
        # Before minutes of rendering: it needs matplotlib.
        from fingertip_research.evaluation.sensor.pictures import write_pictures

        reserve_folder(pictures)
    targets = _select_targets(target, sensor_name) if simulation else {}
    # The recording first: one that cannot be used is reported before minutes of rendering.
    shots = _read_shots(recording, still_seconds, focal_px, baseline_mm) if recording else []
    real = _measure_shots(shots) if shots else None
    simulated = measure_targets(targets, frames, track_progress) if targets else SimulatedMeasurement()
    reference = load_reference()
    rows = make_rows(reference, simulated.figures if simulation else None, real.figures if real else None)
    notes = real.notes if real else ()
    if pictures is not None:
        write_pictures(pictures, reference, simulated, shots, real)
    if as_json:
        report = make_report(
            rows,
            reference,
            notes,
            sensor=sensor_name if simulation else None,
            frames=frames if simulation else None,
            recording=str(recording) if recording else None,
        )
        typer.echo(json.dumps(report, indent=2, allow_nan=False))
    else:
        console = Console()
        console.print(make_sensor_table(rows, has_recording=real is not None))
        for note in notes:
            console.print(f"{shots[0].name}: {note}", highlight=False, markup=False, soft_wrap=True)
    if check and any(row.is_off for row in rows):
        raise typer.Exit(1)


def _select_targets(names: list[str] | None, sensor_name: SensorKind) -> Mapping[str, Target]:
    from fingertip_research.evaluation.sensor.targets import make_targets

    targets = make_targets(sensor_name)
    unknown = [name for name in names or [] if name not in targets]
    if unknown:
        raise ValueError(f"target {unknown[0]!r} is not one of {', '.join(targets)}")
    return {name: targets[name] for name in names} if names else targets


def _read_shots(
    recording: Path, still_seconds: float | None, focal_px: float | None, baseline_mm: float | None
) -> list[StillFrames]:
    from fingertip_research.evaluation.sensor.recording import read_still_frames

    return read_still_frames(
        recording,
        lambda frames, total: track_progress(frames, total, recording.name),
        still_seconds,
        focal_px,
        None if baseline_mm is None else baseline_mm / 1000,
    )


def _measure_shots(shots: list[StillFrames]) -> RealMeasurement:
    from fingertip_research.evaluation.sensor.real import measure_real

    return measure_real(shots)
