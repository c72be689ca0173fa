"""`fingertip-contact bench transport`: what DDS delivers of a camera's images."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer


def transport(
    seconds: Annotated[float, typer.Option(min=1, max=3600, help="Of images at 30 Hz, for each case.")] = 10,
    profile: Annotated[Path | None, typer.Option(help="Settings of Fast DDS; default: this package's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Share and latency of colour and depth images that reach two other processes, with and without the Fast DDS
    settings of this package, raw and compressed.

    Images are 640x480 at 30 Hz, made up; coding is not part of the latency. The ROS at hand is measured.

    Example: fingertip-contact bench transport --seconds 20
    """
    from rich.console import Console
    from rich.table import Table

    from fingertip_research.benchmarks.transport import measure_transport
    from fingertip_research.cli.bench import describe_machine
    from fingertip_research.demo.run import RunError

    try:
        rows = measure_transport(seconds, profile.resolve(strict=True) if profile else None)
    except RunError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    ros = {"rmw": os.environ.get("RMW_IMPLEMENTATION", "default"), "ros": os.environ.get("ROS_DISTRO", "wheels")}
    if as_json:
        typer.echo(json.dumps({"rows": [asdict(row) for row in rows], "machine": describe_machine() | ros}, indent=2))
        return
    table = Table("images", "settings", "arrived", "worst topic", "median ms", "p99 ms")
    for row in rows:
        settings = "this package's" if row.with_profile else "defaults"
        shares = f"{row.share:.1%}", f"{row.worst_share:.1%}"
        table.add_row(row.form, settings, *shares, f"{row.median_ms:.1f}", f"{row.p99_ms:.1f}")
    console = Console()
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in (describe_machine() | ros).items()))
