"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fingertip_contact.depth.configuration import NetworkSpec

Layout = Annotated[
    str,
    typer.Option(help="Keyboard layout: a built-in name, or a YAML or JSON file.", metavar="FILE"),
]
LiveCamera = Annotated[
    str,
    typer.Option(help="auto, d405, webcam, a device (/dev/video0 or its number), a URL, or a recording or video."),
]
CameraMode = Annotated[
    str | None, typer.Option(help="What to ask of a camera: WIDTHxHEIGHTxRATE. By default 640x480x30.")
]
CalibrationSeconds = Annotated[
    float | None,
    typer.Option(min=0.0, max=60.0, help="Seconds of empty desk at the start; by default the profile's value."),
]
SheetPose = Annotated[
    Path | None,
    typer.Option(help="File with the sheet's pose, saved by `keyboard pose`; by default found by its markers."),
]
CameraInfo = Annotated[
    Path | None,
    typer.Option(
        help="Intrinsics of the camera (YAML), written by `keyboard calibrate-camera` or by ROS. By default those of "
        "the bag; for a video they are estimated from the sheet."
    ),
]
FramesPerSecond = Annotated[
    float | None,
    typer.Option(
        "--fps", min=0.1, max=1000.0, help="Frame rate of a folder of images, or instead of the stamps of a video."
    ),
]
ColorTopic = Annotated[
    str | None,
    typer.Option(help="Topic of the colour images, in a bag of several cameras or with other names.", metavar="TOPIC"),
]
DepthUnit = Annotated[
    float | None,
    typer.Option(
        "--depth-unit-m",
        min=1e-6,
        max=0.1,
        help="Metres of one step of 16UC1 depth, where a recorder kept the sensor's (D405: 0.0001). By default 0.001.",
    ),
]
Rotation = Annotated[
    int,
    typer.Option(
        help="Turn the images clockwise by 90, 180 or 270 degrees: of a camera that was mounted upside down or on its "
        "side."
    ),
]
Words = Annotated[
    str,
    typer.Option(help="Word list: english, french, german, spanish, or a file, one word per line; default: none."),
]
RepeatDelay = Annotated[
    float, typer.Option(help="Keys held for longer than this repeat, seconds; 0: never.", show_default=True)
]
HandTracker = Annotated[str, typer.Option(help="Hand tracker: a registered name, or module:attribute.", metavar="NAME")]
DepthSource = Annotated[
    str,
    typer.Option(
        help="What to use beside colour: auto (whatever was recorded), none, sensor, model, stereo, fused, another "
        "registered name, or module:attribute.",
        metavar="NAME",
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(help="Also pass the results to an output, e.g. console; may be given several times.", metavar="NAME"),
]
Profile = Annotated[
    str, typer.Option(help="Contact profile: a built-in name, one that `setup` has saved, or a YAML file.")
]
DepthWeights = Annotated[
    Path | None,
    typer.Argument(
        help="Depth weights, .pth or .safetensors; by default those of `models pull d405`.", show_default=False
    ),
]
InputSize = Annotated[
    str, typer.Option(help="Input of the depth network, height x width, multiples of 14.", metavar="HxW")
]
MaxDepth = Annotated[
    float | None, typer.Option(help="Maximum depth of the weights, metres; needed if config.json does not state it.")
]


def make_network_spec(weights: Path | None, size: str, max_depth_m: float | None) -> NetworkSpec:
    """The network of DepthWeights, InputSize and MaxDepth. Raises ValueError if one of them cannot be used."""
    from fingertip_contact import weights as model_weights
    from fingertip_contact.depth import configuration

    height, width = parse_input_size(size)
    configuration.check_input_size(height, width)
    path = weights or model_weights.get_verified_path("d405")
    return configuration.NetworkSpec(path, height, width, configuration.resolve_max_depth_m(path, max_depth_m))


def parse_input_size(text: str) -> tuple[int, int]:
    """(height, width) of "252x336". Raises ValueError for anything else."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal()):
        raise ValueError(f"the size {text!r} has to be height x width in pixels, like 252x336")
    return int(height), int(width)
