"""The parameters of each node.

`python -m fingertip_contact.ros.parameter_tables` prints the tables as Markdown, with `--yaml NODE` a parameter file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from fingertip_contact.cameras.rotation import ROTATION_TEXT
from fingertip_contact.ros.image_transport import AS_RECORDED, COLOR_TRANSPORTS, DEPTH_TRANSPORTS, RAW, SAME
from fingertip_contact.ros.parameters import format_allowed, names, read_only, value
from fingertip_contact.settings import choice, number
from fingertip_contact.visualization.rerun_import import DEFAULT_URL as RERUN_URL
from fingertip_contact.visualization.upright import AUTO, TURNS

_IMAGE_TRANSPORT = "transport of the camera's images: color/image itself, or a topic such as color/image/compressed"
_DEPTH_TRANSPORT = "transport of depth; same: as image_transport, and compressedDepth where that is compressed"
_INFRA_TRANSPORT = "transport of both imagers' images; same: as image_transport"


@dataclass(frozen=True)
class LifecycleSettings:
    """Of every lifecycle node."""

    autostart: bool = read_only(value(True, "configure and activate at start; false if a lifecycle manager does that"))


@dataclass(frozen=True)
class ImageSettings(LifecycleSettings):
    """Of every lifecycle node that subscribes to a camera's images."""

    image_transport: str = choice(RAW, COLOR_TRANSPORTS, _IMAGE_TRANSPORT)
    rotate: int = number(0, 0, 270, f"0, 90, 180 or 270: {ROTATION_TEXT}; the same in all nodes")


@dataclass(frozen=True)
class HandTrackingSettings(ImageSettings):
    """Of hand_tracking_node."""

    hand_tracker: str = value("mediapipe", "hand tracker: a registered name, or module:attribute")
    max_hands: int = number(2, 1, 2, "maximum number of hands to track")
    threads: int = number(2, 1, 64, "simultaneous inferences: one per hand")
    mirrored: bool = value(False, "the image is mirrored, like a webcam's selfie view")


@dataclass(frozen=True)
class ContactSettings(ImageSettings):
    """Of contact_node."""

    profile: str = value(
        "default", "contact profile: a name in config/profiles.yaml, one that setup has saved, or a YAML file"
    )
    outputs: Sequence[str] = names("outputs: registered names, or module:attribute; one empty name: none")
    layout: str = value("qwerty", "keyboard layout: a built-in name, or a YAML or JSON file")
    sheet_pose: str = value("", "file with the sheet's pose, saved by `keyboard pose`; empty: found by its markers")
    words: str = value("", "word list of the language model: english, french, german, spanish or a file; empty: none")
    repeat_delay_s: float = number(0.0, 0.0, 10.0, "keys held for longer repeat; 0: never, else 0.1 or more")
    depth_source: str = choice(
        "sensor",
        ("none", "sensor", "model", "stereo", "fused"),
        "what is read beside colour; sensor: aligned depth, model: the depth network's, fused: both, "
        "stereo: the images of both imagers",
    )
    depth_image_transport: str = choice(SAME, (SAME, *DEPTH_TRANSPORTS), _DEPTH_TRANSPORT)
    infra_image_transport: str = choice(SAME, (SAME, *COLOR_TRANSPORTS), _INFRA_TRANSPORT)
    camera_timeout_s: float = number(
        0.5, 0.05, 60.0, "held keys are cancelled after this long without frames, s of the node's clock"
    )
    marker_rate_hz: float = number(10.0, 0.1, 60.0, "maximum rate of markers")
    tf_prefix: str = value("", "what the TF frames surface and keyboard begin with, for several cameras")
    overlay_rotate: str = choice(
        AUTO,
        TURNS,
        "turn overlay/image clockwise, degrees, a text ('180'); auto: so that the sheet can be read, once it is found",
    )


@dataclass(frozen=True)
class PipelineSettings(ContactSettings, HandTrackingSettings):
    """Of pipeline_node."""


@dataclass(frozen=True)
class DepthEstimationSettings(ImageSettings):
    """Of depth_estimation_node."""

    checkpoint: str = value("", "weights of the depth network; empty: those of `fingertip-contact models pull d405`")
    input_height: int = number(252, 14, 1008, "height of the network's input, a multiple of 14")
    input_width: int = number(336, 14, 1344, "width of the network's input, a multiple of 14")
    region_height: int = number(
        154,
        0,
        1008,
        "height of the input for a region around the hands, in proportion to input_height as region to image; "
        "0: always the full image",
    )
    region_width: int = number(210, 0, 1344, "width of the input for a region around the hands")
    every_frame: bool = value(
        True, "depth for every image, propagated from the last inference; false: only for inferred images"
    )
    max_depth_m: float = number(
        0.0, 0.0, 100.0, "maximum depth that the weights were trained for; 0: as stored with the weights"
    )
    runtime: str = choice("auto", ("auto", "openvino", "onnxruntime", "torch"), "runtime of the network")
    precision: str = choice(
        "auto",
        ("auto", "int8", "bf16", "fp16", "fp32"),
        "auto: int8 if it was exported, else fp32; bf16: on a CPU that supports it; fp16: on a GPU",
    )
    threads: int = number(0, 0, 64, "CPU threads for inference; 0: half as many as there are cores")


@dataclass(frozen=True)
class WebcamSettings(LifecycleSettings):
    """Of webcam_node."""

    device: str = value("/dev/video0", "a V4L2 device or its number, a video file, a folder of images, or a URL")
    width: int = number(640, 16, 7680, "width to ask of a camera; files and URLs have their own")
    height: int = number(480, 16, 4320, "height to ask of a camera")
    fps: float = number(30.0, 0.1, 1000.0, "frame rate to ask of a camera, or of a folder of images")
    pixel_format: str = value(
        "MJPG",
        "pixel format to ask of a camera; without compression USB carries few images; empty: the driver's choice",
    )
    camera_info_url: str = value(
        "", "file with the intrinsics, a path or file:// URL; empty: estimated from the sheet, guessed until it is seen"
    )
    frame_id: str = value("camera_color_optical_frame", "frame of the images: x right, y down, z forward")
    mirrored: bool = value(False, "the device gives mirrored images (selfie view): turn them round")
    rotate: int = number(0, 0, 270, f"0, 90, 180 or 270: {ROTATION_TEXT}")
    loop: bool = value(False, "start a file again at its end; otherwise the node ends with it")
    layout: str = value("qwerty", "layout of the sheet, for the intrinsics: a built-in name, or a YAML or JSON file")


@dataclass(frozen=True)
class RealsenseSettings(LifecycleSettings):
    """Of realsense_node."""

    camera_name: str = value("camera", "name of the camera: of its topics, after the namespace, and its frames")
    camera_namespace: str = value("camera", "namespace of the camera's topics")
    tf_prefix: str = value("", "what its frames begin with, for several cameras of one name")
    serial_no: str = value("", "serial number, with or without an underscore before it; empty: the first camera")
    color_profile: str = value("640x480x30", "width, height and rate of colour")
    depth_profile: str = value("", "width, height and rate of depth and imagers; empty: as colour")
    enable_depth: bool = value(True, "publish depth aligned to colour")
    enable_infra: bool = value(False, "publish both imagers' images, for depth_source stereo")
    rotate: int = number(0, 0, 270, f"0, 90, 180 or 270: {ROTATION_TEXT}; imagers by 180 only")
    depth_format: str = choice(
        "16UC1", ("16UC1", "32FC1"), "16UC1: rounded millimetres; 32FC1: metres, without loss, twice the bytes"
    )


@dataclass(frozen=True)
class PlayerSettings:
    """Of every node that plays a recording."""

    recording: str = read_only(value("", "the bag to play: an MCAP file or a rosbag2 folder"))
    rate: float = read_only(number(1.0, 0.01, 100.0, "playback rate; 1 is as recorded"))
    loop: bool = read_only(value(False, "start again at the end"))
    start_delay_s: float = read_only(number(2.0, 0.0, 600.0, "wait before the first frame or message, s"))


@dataclass(frozen=True)
class SimulatedCameraSettings(PlayerSettings):
    """Of simulated_camera_node."""

    wait_for_subscribers: int = read_only(
        number(0, 0, 100, "subscribers to the colour image to wait for before the first frame")
    )


@dataclass(frozen=True)
class ReplaySettings(PlayerSettings):
    """Of replay_node."""

    topics: Sequence[str] = read_only(names("topics to play; one empty name: all of them"))
    image_transport: str = read_only(
        choice(
            AS_RECORDED,
            (AS_RECORDED, RAW),
            "raw: compressed images are decoded and published as sensor_msgs/Image under their plain topics",
        )
    )
    clock_rate_hz: float = read_only(number(100.0, 1.0, 1000.0, "rate of /clock"))


@dataclass(frozen=True)
class RecordSettings:
    """Of record_node."""

    output: str = read_only(value("", "the recording to write; it must not exist yet"))
    topics: Sequence[str] = read_only(names("topics to record; one empty name: the camera's and the results"))
    infra: bool = read_only(value(False, "also record the images of a stereo camera's two imagers"))
    image_transport: str = read_only(choice(RAW, COLOR_TRANSPORTS, _IMAGE_TRANSPORT))
    depth_image_transport: str = read_only(choice(SAME, (SAME, *DEPTH_TRANSPORTS), _DEPTH_TRANSPORT))
    infra_image_transport: str = read_only(choice(SAME, (SAME, *COLOR_TRANSPORTS), _INFRA_TRANSPORT))


@dataclass(frozen=True)
class WebSettings:
    """Of web_node."""

    host: str = read_only(
        value("127.0.0.1", "address to serve the page at; 0.0.0.0: to the network, for those with the token")
    )
    port: int = read_only(number(8420, 0, 65535, "port of the page; 0: any that is free"))
    token_file: str = read_only(
        value("", "file with the token for the page beyond this computer; empty: a new one at each start")
    )
    layout: str = read_only(value("qwerty", "keyboard layout to draw: a built-in name, or a YAML or JSON file"))
    rate_hz: float = read_only(number(30.0, 1.0, 120.0, "messages to each client in a second, at most"))
    image_rate_hz: float = read_only(number(15.0, 0.5, 60.0, "images of the overlay in a second, at most"))


@dataclass(frozen=True)
class RerunSettings:
    """Of rerun_node."""

    mode: str = read_only(
        choice(
            "spawn",
            ("spawn", "connect", "save"),
            "spawn: start a viewer, and end it with the node; connect: send to a viewer that runs; save: write a file",
        )
    )
    url: str = read_only(value(RERUN_URL, "of mode connect: the viewer's address"))
    file: str = read_only(value("", "of mode save: the recording to write, .rrd; it must not exist yet"))
    memory_limit: str = read_only(
        value("2GB", "of mode spawn: what the viewer keeps at most, e.g. 500MB or 25%; the oldest goes first")
    )
    image_rate_hz: float = read_only(number(5.0, 0.0, 60.0, "images of the overlay in a second, at most; 0: none"))
    layout: str = read_only(value("qwerty", "keyboard layout to draw: a built-in name, or a YAML or JSON file"))
    rotate: int = read_only(number(0, 0, 270, f"0, 90, 180 or 270: {ROTATION_TEXT}; as of the other nodes"))


@dataclass(frozen=True)
class KeyInjectorSettings:
    """Of key_injector_node. One of allow, deadman_topic and deadman_key has to be set."""

    allow: bool = read_only(value(False, "inject keys all the time, without a deadman"))
    deadman_topic: str = read_only(
        value("", "std_msgs/Bool: keys are injected only while true has come within deadman_timeout_s")
    )
    deadman_timeout_s: float = read_only(number(0.5, 0.05, 5.0, "how long a true of deadman_topic holds"))
    deadman_key: str = read_only(value("", "key of the layout: keys are injected only while a finger holds it"))
    kill_key: str = read_only(value("", "key of the layout that stops the injection until the node is started again"))
    physical_kill_key: str = read_only(
        value("", "the same on a real keyboard: a Linux key code such as KEY_PAUSE; needs the group input")
    )
    layout: str = read_only(value("qwerty", "keyboard layout: a built-in name, or a YAML or JSON file"))
    silence_timeout_s: float = read_only(
        number(1.0, 0.2, 10.0, "keys come up when the contact node has sent nothing for this long")
    )
    sink: str = read_only(value("uinput", "where keys go: a registered name, or module:attribute"))


PARAMETER_TABLES: dict[str, Any] = {
    "hand_tracking_node": HandTrackingSettings,
    "depth_estimation_node": DepthEstimationSettings,
    "contact_node": ContactSettings,
    "pipeline_node": PipelineSettings,
    "webcam_node": WebcamSettings,
    "realsense_node": RealsenseSettings,
    "simulated_camera_node": SimulatedCameraSettings,
    "replay_node": ReplaySettings,
    "record_node": RecordSettings,
    "web_node": WebSettings,
    "rerun_node": RerunSettings,
    "key_injector_node": KeyInjectorSettings,
}


def format_markdown(node: str) -> str:
    """A Markdown table of a node's parameters."""
    lines = [f"### {node}", "", "| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    defaults = PARAMETER_TABLES[node]()
    for entry in fields(defaults):
        note = " (set at start only)" if entry.metadata.get("read_only") else ""
        cells = (
            f"`{entry.name}`",
            f"`{getattr(defaults, entry.name)!r}`",
            format_allowed(entry),
            entry.metadata["description"] + note,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def format_parameter_file(node: str) -> str:
    """A parameter file with a node's defaults.

    The section is named /** because one named after the node would override the arguments of a launch file.
    """
    lines = [
        f"# Parameters of {node} and their defaults.",
        f"# Made by: python -m fingertip_contact.ros.parameter_tables --yaml {node}",
        "/**:",
        "  ros__parameters:",
    ]
    defaults = PARAMETER_TABLES[node]()
    for entry in fields(defaults):
        allowed = f" ({format_allowed(entry)})" if format_allowed(entry) else ""
        lines += [
            f"    # {entry.metadata['description']}{allowed}",
            f"    {entry.name}: {json.dumps(getattr(defaults, entry.name))}",
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--yaml"]:
        sys.stdout.write(format_parameter_file(sys.argv[2]))
    else:
        sys.stdout.write("\n".join(map(format_markdown, PARAMETER_TABLES)))
