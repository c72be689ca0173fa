"""`fingertip-contact export`: converts depth weights to a network that runs without torch."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Literal

import typer

from fingertip_contact.cli import options


def export(
    checkpoint: options.DepthWeights = None,
    format_: Annotated[
        Literal["openvino", "onnx"], typer.Option("--format", help="For OpenVINO, or for ONNX Runtime.")
    ] = "openvino",
    precision: Annotated[
        Literal["fp32", "int8"], typer.Option(help="int8 is several times faster and less accurate.")
    ] = "fp32",
    size: options.InputSize = "252x336",
    calibration: Annotated[
        list[Path] | None,
        typer.Option(help="Recording of typical input, to calibrate int8; may be given several times."),
    ] = None,
    images: Annotated[int, typer.Option(min=8, help="Number of calibration images, evenly spaced.")] = 48,
    max_depth: options.MaxDepth = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder; by default one in the cache, where nodes find it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing export.")] = False,
) -> None:
    """Convert depth weights for images of one size, and compare the result with torch.

    Using the folder needs neither torch nor the weights: DepthEstimator.from_export reads it on any computer.
    depth_estimation_node finds it in the cache, and prefers int8 to single precision.

    Example: fingertip-contact export --precision int8 --size 252x336 --calibration out/fox.mcap
    """
    from fingertip_contact.cli.sample_frames import sample_images
    from fingertip_contact.depth import conversions, selection
    from fingertip_contact.files import atomic_write

    spec = options.make_network_spec(checkpoint, size, max_depth)
    folder = out or conversions.get_cache_folder(spec, format_, precision)
    if folder.exists() and not force:
        raise ValueError(f"{folder} exists already; choose another name, or allow replacing it (--force)")
    if precision == "int8" and not calibration:
        raise ValueError("int8 is calibrated on images; give a recording: --calibration out/fox.mcap")
    # The conversion imports them last.
    convert = selection.import_export(spec)
    if precision == "int8":
        importlib.import_module("nncf")
    if format_ == "onnx":
        importlib.import_module("onnx")
    if folder.exists():
        conversions.read(folder)  # Only a conversion is ever replaced.
    recordings = calibration or []
    calibration_images = [
        image for recording in recordings for image in sample_images(recording, -(-images // len(recordings)))
    ]
    typer.echo(f"converting {spec.weights}; int8 takes a minute or two", err=True)
    with atomic_write(folder, overwrite=force, replaceable=conversions.is_conversion) as partial_folder:
        partial_folder.mkdir()
        convert(spec, format_, precision, partial_folder, calibration_images)
        try:
            runtime, deviation_m = selection.open_conversion(conversions.read(partial_folder))
        except ValueError as error:
            raise ValueError(f"nothing was exported: {error}") from error
    typer.echo(
        f"{runtime.name} {runtime.precision}: {1e3 * deviation_m:.2g} mm from torch on the stored image", err=True
    )
    typer.echo(folder)
