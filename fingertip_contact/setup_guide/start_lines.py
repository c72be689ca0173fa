"""The lines that start what was set up, with ROS and without."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.recordings.streams import AUTO
from fingertip_contact.setup_guide.source import FrameSource

# In the line without ROS, where the camera is live: `process` reads what was filmed.
VIDEO = "desk.mp4"


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
    if source.depth_source != AUTO and source.recording is not None:
        options["depth-source"] = source.depth_source
    for argument, option in (("camera_info_url", "camera-info"), ("rotate", "rotate")):
        if argument in source.launch_arguments:
            options[option] = source.launch_arguments[argument]
    pairs = _join(part for name, value in options.items() for part in (f"--{name}", value))
    recording = str(source.recording or VIDEO)
    return f"fingertip-contact process {shlex.quote(recording)} --out events.jsonl {pairs}"


def _locate(name: str) -> str:
    path = Path(name)
    return str(path.resolve()) if path.suffix and path.is_file() else name


def _join(parts: Iterable[str]) -> str:
    return " ".join(shlex.quote(part) for part in parts)
