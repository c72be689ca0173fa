"""`fingertip-contact bench pipeline`: all nodes at once on a recording that plays as a live camera."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer


def pipeline(
    recording: Annotated[Path, typer.Argument(help="A recording with typing hands, 8 s or more.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of the depth network; by default those that were pulled.")
    ] = None,
    max_depth: Annotated[float, typer.Option(help="Largest depth of the weights, metres; 0: as they say.")] = 0.0,
    depth_source: Annotated[Literal["fused", "model"], typer.Option(help="What contact works on.")] = "fused",
    region: Annotated[bool, typer.Option(help="Look at a window round the hands, or always at everything.")] = True,
    threads: Annotated[int, typer.Option(min=0, help="Of the depth network; 0: half as many as there are cores.")] = 0,
    logs: Annotated[Path, typer.Option(help="Folder for the nodes' logs.")] = Path("out/bench"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Frames a second of hand tracking, contact and depth while all of them run, and how fresh depth is.

    Weights with any values do: how long the network takes does not depend on them.

    Example: fingertip-contact bench pipeline out/fox.mcap
    """
    from fingertip_contact.cli.bench import machine
    from fingertip_contact.demo.pipeline_benchmark import measure
    from fingertip_contact.demo.run import RunError

    sizes = {"whole": "input", "region": "region"} if region else {"whole": "input"}
    networks = {name: _prepared(checkpoint, max_depth, size) for name, size in sizes.items()}
    depth: dict[str, object] = {"max_depth_m": max_depth, "threads": threads}
    if checkpoint:
        depth["checkpoint"] = checkpoint.resolve()
    if not region:
        depth["region_height"] = 0
    readers: dict[str, dict[str, object]] = {
        "hand_tracking_node": {},
        "contact_node": {"depth_source": depth_source},
        "depth_estimation_node": depth,
    }
    try:
        result = measure(recording, readers, logs, lambda heard: None)
    except RunError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({**asdict(result), "networks": networks, "machine": machine()}, indent=2))
        return
    for name, value in {**asdict(result), "networks": networks, "machine": machine()}.items():
        typer.echo(f"{name:24} {_readable(value)}")


def _prepared(checkpoint: Path | None, max_depth: float, size: str) -> str:
    """What will run the network at the node's own input size. Where the weights have not been converted for it yet
    that is done here: the nodes' start would take too long."""
    from fingertip_contact import weights
    from fingertip_contact.depth.estimator import DepthEstimator
    from fingertip_contact.ros.parameter_tables import DEPTH

    defaults = {parameter.name: parameter.default for parameter in DEPTH}
    height, width = (int(str(defaults[f"{size}_{side}"])) for side in ("height", "width"))
    path = checkpoint or weights.path("d405")
    estimator = DepthEstimator(path, height=height, width=width, max_depth_m=max_depth or None)
    return f"{height}x{width} {estimator.diagnostics['runtime']}"


def _readable(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_readable(entry)}" for key, entry in value.items())
    return str(value)
