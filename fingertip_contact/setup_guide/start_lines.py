"""The lines that start what was set up, with ROS and without."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.live.source import FrameSource
from fingertip_contact.recordings.streams import AUTO


@dataclass(frozen=True)
class StartLines:
    """Commands to copy. ros: empty where no launch file reads the source. plain: without ROS."""

    ros: str
    plain: str


def make_start_lines(source: FrameSource, profile: str | Path, layout: str, words: str) -> StartLines:
    """profile, layout, words: as the launch files and `process` take them; words may be empty."""
    # Of a built-in one the name, else the file wherever the command is given.
    common = {"profile": str(profile), "layout": _locate(layout)} | ({"words": _locate(words)} if words else {})
    ros = ""
    if source.launch_file:
        arguments = _join(f"{name}:={value}" for name, value in (source.launch_arguments | common).items())
        ros = f"ros2 launch fingertip_contact {source.launch_file} {arguments}"
    return StartLines(ros, _make_plain_line(source, common))


def _make_plain_line(source: FrameSource, common: Mapping[str, str]) -> str:
    options = dict(common)
    if source.depth_source != AUTO:
        options["depth-source"] = source.depth_source
    for argument, option in (("camera_info_url", "camera-info"), ("rotate", "rotate")):
        if argument in source.launch_arguments:
            options[option] = source.launch_arguments[argument]
    if source.recording is None:
        return f"fingertip-contact live {_to_options(_name_camera(source) | options)}"
    recording = shlex.quote(str(source.recording))
    return f"fingertip-contact process {recording} --out events.jsonl {_to_options(options)}"


def _name_camera(source: FrameSource) -> dict[str, str]:
    arguments = source.launch_arguments
    if "device" in arguments:
        rate_hz = float(arguments["fps"])
        return {"camera": arguments["device"], "mode": f"{arguments['width']}x{arguments['height']}x{rate_hz:.0f}"}
    return {"camera": "d405", "mode": arguments["color_profile"]}


def _to_options(options: Mapping[str, str]) -> str:
    return _join(part for name, value in options.items() for part in (f"--{name}", value))


def _locate(name: str) -> str:
    path = Path(name)
    return str(path.resolve()) if path.suffix and path.is_file() else name


def _join(parts: Iterable[str]) -> str:
    return " ".join(shlex.quote(part) for part in parts)
