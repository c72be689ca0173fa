"""`fingertip-contact bench pipeline`: all nodes at once on a recording that plays as a live camera."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fingertip_contact.cli.outputs import reserve_folder

if TYPE_CHECKING:
    from fingertip_contact.depth.configuration import NetworkSpec

# Few: the accuracy of int8 is irrelevant for random weights.
CALIBRATION_FRAMES = 8


def pipeline(
    recording: Annotated[Path, typer.Argument(help="A recording with typing hands, 10 s or more.")],
    checkpoint: Annotated[
        Path | None, typer.Option(help="Weights of the depth network; default: the pulled ones.")
    ] = None,
    max_depth: Annotated[float, typer.Option(help="Largest depth of the weights, metres; 0: their own.")] = 0.0,
    depth_source: Annotated[Literal["fused", "model"], typer.Option(help="Depth for contact detection.")] = "fused",
    region: Annotated[bool, typer.Option(help="Use a window around the hands, or the full image.")] = True,
    threads: Annotated[int, typer.Option(min=0, help="Threads of the depth network; 0: half the number of cores.")] = 0,
    logs: Annotated[Path, typer.Option(help="Folder for the nodes' logs.")] = Path("out/bench"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Frames per second of hand tracking, contact and depth while all of them run, and the age of depth.

    Without weights, pulled or given, random ones run in int8: the network's duration does not depend on them.

    Example: fingertip-contact bench pipeline out/fox.mcap
    """
    from fingertip_research.benchmarks.pipeline import measure
    from fingertip_research.cli.bench import describe_machine
    from fingertip_research.demo.run import RunError

    sizes = {"full_image": "input", "region": "region"} if region else {"full_image": "input"}
    networks = {}
    for name, size in sizes.items():
        spec, networks[name] = _prepare_network(checkpoint, max_depth, size, recording)
    depth: dict[str, object] = {
        "checkpoint": spec.weights.resolve(),
        "max_depth_m": spec.max_depth_m,
        "threads": threads,
    }
    if not region:
        depth["region_height"] = 0
    processing_nodes: dict[str, dict[str, object]] = {
        "hand_tracking_node": {},
        "contact_node": {"depth_source": depth_source},
        "depth_estimation_node": depth,
    }
    reserve_folder(logs)
    try:
        result = measure(recording, processing_nodes, logs, lambda received: None)
    except RunError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps({**asdict(result), "networks": networks, "machine": describe_machine()}, indent=2))
        return
    for name, value in {**asdict(result), "networks": networks, "machine": describe_machine()}.items():
        typer.echo(f"{name:24} {_format_value(value)}")


def _prepare_network(checkpoint: Path | None, max_depth: float, size: str, recording: Path) -> tuple[NetworkSpec, str]:
    """The network at one of the node's input sizes, and a description with its runtime.

    Converts the weights in advance, because conversion would delay the start of the nodes. Random weights get int8 too.
    """
    from fingertip_contact import weights
    from fingertip_contact.cli.sample_frames import sample_images
    from fingertip_contact.depth import configuration, conversions, selection
    from fingertip_contact.ros.parameter_tables import DepthEstimationSettings
    from fingertip_research.benchmarks import depth as benchmark

    defaults = DepthEstimationSettings()
    height, width = (getattr(defaults, f"{size}_{side}") for side in ("height", "width"))
    path = checkpoint or weights.load_models()["d405"].location
    is_random = checkpoint is None and not path.is_file()
    if is_random:
        path, max_depth = benchmark.make_random_weights(), max_depth or configuration.D405_MAX_DEPTH_M
    spec = configuration.NetworkSpec(path, height, width, configuration.resolve_max_depth_m(path, max_depth or None))
    folder = conversions.get_cache_folder(spec, "openvino", "int8")
    if is_random and not folder.is_dir():
        typer.echo(f"making int8 of random weights at {height}x{width}, a minute or two", err=True)
        selection.build_conversion(spec, "openvino", "int8", folder, sample_images(recording, CALIBRATION_FRAMES))
    runtime = selection.select(spec).runtime
    return spec, f"{path.name} {height}x{width} {runtime.name} {runtime.precision}"


def _format_value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {_format_value(entry)}" for key, entry in value.items())
    return str(value)
