"""The parameters of each node.

`python -m fingertip_contact.ros.parameter_tables` prints the tables as Markdown, with `--yaml NODE` a parameter file.
"""

from __future__ import annotations

import json
import sys

from fingertip_contact.ros.parameters import Parameter

AUTOSTART_PARAMETER = Parameter(
    "autostart", True, "configure and activate at start; false if a lifecycle manager does that", read_only=True
)

HAND_PARAMETERS = (
    Parameter("hand_tracker", "mediapipe", "hand tracker: a registered name, or module:attribute"),
    Parameter("max_hands", 2, "maximum number of hands to track", limits=(1, 2)),
    Parameter("threads", 2, "simultaneous inferences: one per hand", limits=(1, 64)),
    Parameter("mirrored", False, "the image is mirrored, like a webcam's selfie view"),
)

CONTACT_PARAMETERS = (
    Parameter("profile", "default", "contact profile: a name in config/profiles.yaml, or a YAML file"),
    Parameter("outputs", [""], "outputs: registered names, or module:attribute; one empty name: none"),
    Parameter("layout", "qwerty", "keyboard layout: a built-in name, or a YAML or JSON file"),
    Parameter("sheet_pose", "", "file with the sheet's pose, saved by `keyboard pose`; empty: found by its markers"),
    Parameter("words", "", "word list of the language model, english or a file; empty: none"),
    Parameter("repeat_delay_s", 0.0, "keys held for longer repeat; 0: never, else 0.1 or more", limits=(0.0, 10.0)),
    Parameter("depth_source", "sensor", "source of depth", choices=("sensor", "model", "fused")),
    Parameter(
        "camera_timeout_s", 0.5, "held keys are cancelled after this long without frames, s", limits=(0.05, 60.0)
    ),
    Parameter("marker_rate_hz", 10.0, "maximum rate of markers", limits=(0.1, 60.0)),
)

DEPTH_PARAMETERS = (
    Parameter("checkpoint", "", "weights of the depth network; empty: those of `fingertip-contact models pull d405`"),
    Parameter("input_height", 252, "height of the network's input, a multiple of 14", limits=(14, 1008)),
    Parameter("input_width", 336, "width of the network's input, a multiple of 14", limits=(14, 1344)),
    Parameter(
        "region_height",
        154,
        "height of the input for a region around the hands, in proportion to input_height as region to image; "
        "0: always the full image",
        limits=(0, 1008),
    ),
    Parameter("region_width", 210, "width of the input for a region around the hands", limits=(0, 1344)),
    Parameter(
        "every_frame",
        True,
        "depth for every image, propagated from the last inference; false: only for inferred images",
    ),
    Parameter(
        "max_depth_m",
        0.0,
        "maximum depth that the weights were trained for; 0: as stored with the weights",
        (0.0, 100.0),
    ),
    Parameter("runtime", "auto", "runtime of the network", choices=("auto", "openvino", "onnxruntime", "torch")),
    Parameter(
        "precision",
        "auto",
        "auto: int8 if it was exported, else fp32; bf16: on a CPU that supports it; fp16: on a GPU",
        choices=("auto", "int8", "bf16", "fp16", "fp32"),
    ),
    Parameter("threads", 0, "CPU threads for inference; 0: half as many as there are cores", limits=(0, 64)),
)

RECORDING_PARAMETER = Parameter("recording", "", "the bag to play: an MCAP file or a rosbag2 folder", read_only=True)
RATE_PARAMETER = Parameter("rate", 1.0, "playback rate; 1 is as recorded", limits=(0.01, 100.0), read_only=True)
LOOP_PARAMETER = Parameter("loop", False, "start again at the end", read_only=True)
WAIT_FOR_SUBSCRIBERS_PARAMETER = Parameter(
    "wait_for_subscribers",
    0,
    "subscribers to the colour image to wait for before the first frame",
    (0, 100),
    read_only=True,
)
START_DELAY_PARAMETER = Parameter(
    "start_delay_s", 2.0, "wait before the first frame or message, s", limits=(0.0, 600.0), read_only=True
)

PARAMETER_TABLES: dict[str, tuple[Parameter, ...]] = {
    "hand_tracking_node": (AUTOSTART_PARAMETER, *HAND_PARAMETERS),
    "depth_estimation_node": (AUTOSTART_PARAMETER, *DEPTH_PARAMETERS),
    "contact_node": (AUTOSTART_PARAMETER, *CONTACT_PARAMETERS),
    "pipeline_node": (AUTOSTART_PARAMETER, *HAND_PARAMETERS, *CONTACT_PARAMETERS),
    "simulated_camera_node": (
        RECORDING_PARAMETER,
        RATE_PARAMETER,
        LOOP_PARAMETER,
        WAIT_FOR_SUBSCRIBERS_PARAMETER,
        START_DELAY_PARAMETER,
    ),
    "replay_node": (
        RECORDING_PARAMETER,
        RATE_PARAMETER,
        LOOP_PARAMETER,
        START_DELAY_PARAMETER,
        Parameter("topics", [""], "topics to play; one empty name: all of them", read_only=True),
        Parameter("clock_rate_hz", 100.0, "rate of /clock", limits=(1.0, 1000.0), read_only=True),
    ),
    "record_node": (
        Parameter("output", "", "the recording to write; it must not exist yet", read_only=True),
        Parameter("topics", [""], "topics to record; one empty name: the camera's and the results", read_only=True),
    ),
}


def format_markdown(node: str) -> str:
    """A Markdown table of a node's parameters."""
    lines = [f"### {node}", "", "| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    for parameter in PARAMETER_TABLES[node]:
        note = " (set at start only)" if parameter.read_only else ""
        cells = (
            f"`{parameter.name}`",
            f"`{parameter.default!r}`",
            parameter.allowed_text,
            parameter.description + note,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def format_parameter_file(node: str) -> str:
    """A parameter file with a node's defaults.

    The section is named /** because one named after the node would win against the arguments of a launch file.
    """
    lines = [
        f"# Parameters of {node} and their defaults.",
        f"# Made by: python -m fingertip_contact.ros.parameter_tables --yaml {node}",
        "/**:",
        "  ros__parameters:",
    ]
    for parameter in PARAMETER_TABLES[node]:
        allowed_text = f" ({parameter.allowed_text})" if parameter.allowed_text else ""
        lines += [
            f"    # {parameter.description}{allowed_text}",
            f"    {parameter.name}: {json.dumps(parameter.default)}",
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--yaml"]:
        sys.stdout.write(format_parameter_file(sys.argv[2]))
    else:
        sys.stdout.write("\n".join(map(format_markdown, PARAMETER_TABLES)))
