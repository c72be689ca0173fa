"""Sizes and rates of a RealSense camera's streams: what is asked for, and what the camera has."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

StreamName = Literal["color", "depth", "infra1", "infra2"]
# Of each stream: name and index in librealsense, and the format that is read.
STREAMS: dict[StreamName, tuple[str, int, str]] = {
    "color": ("color", 0, "bgr8"),
    "depth": ("depth", 0, "z16"),
    "infra1": ("infrared", 1, "y8"),
    "infra2": ("infrared", 2, "y8"),
}


@dataclass(frozen=True)
class StreamMode:
    """Of a stream: pixels, and images per second."""

    width: int
    height: int
    rate_hz: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {self.rate_hz} Hz"


def parse_mode(text: str, name: str) -> StreamMode:
    """ "640x480x30" -> StreamMode, as realsense2_camera's profiles are written. name: of the option, for the error.

    Raises ValueError for any other text.
    """
    match = re.fullmatch(r"([1-9]\d{1,4})[x,]([1-9]\d{1,4})[x,]([1-9]\d{0,2})", text.replace(" ", ""))
    if match is None:
        raise ValueError(f"{name} is {text!r}; it has to be width, height and rate, such as 640x480x30")
    return StreamMode(*map(int, match.groups()))


@dataclass(frozen=True)
class FoundStream:
    """A stream that a camera has. sensor, profile: librealsense's."""

    sensor: Any
    profile: Any


def find_streams(rs: Any, device: Any, modes: Mapping[StreamName, StreamMode]) -> dict[StreamName, FoundStream]:
    """Each stream in its mode. rs: the module pyrealsense2.

    Raises ValueError, which names all modes of a stream, if it does not have the one asked for.
    """
    # Each query makes new objects of the same sensors.
    sensors = list(device.query_sensors())
    return {name: _find_stream(rs, device, sensors, name, mode) for name, mode in modes.items()}


def _find_stream(rs: Any, device: Any, sensors: list[Any], name: StreamName, mode: StreamMode) -> FoundStream:
    modes: set[StreamMode] = set()
    for sensor in sensors:
        for profile in sensor.get_stream_profiles():
            if is_stream(rs, profile, name):
                video = profile.as_video_stream_profile()
                modes.add(read_mode(video))
                if read_mode(video) == mode:
                    return FoundStream(sensor, video)
    raise ValueError(
        f"{describe_device(rs, device)} has no {name} images of {mode}; {_describe_modes(rs, device, modes)}"
    )


def read_mode(profile: Any) -> StreamMode:
    """The mode of a video stream profile."""
    return StreamMode(profile.width(), profile.height(), profile.fps())


def is_stream(rs: Any, profile: Any, name: StreamName) -> bool:
    """Whether a profile is of this stream, in the format that is read."""
    stream, index, pixel_format = STREAMS[name]
    return (
        profile.is_video_stream_profile()
        and profile.stream_type() == getattr(rs.stream, stream)
        and profile.format() == getattr(rs.format, pixel_format)
        # A stream of which there is one has index 0 or -1.
        and max(profile.stream_index(), 0) == index
    )


def describe_device(rs: Any, device: Any) -> str:
    """Name, serial number and USB of a camera."""
    name, serial = (read_info(rs, device, key) for key in ("name", "serial_number"))
    return f"{name or 'the camera'} {serial}{_describe_usb(rs, device)}"


def read_info(rs: Any, device: Any, key: str) -> str:
    """What a camera says of itself; empty where it does not."""
    field = getattr(rs.camera_info, key)
    return str(device.get_info(field)) if device.supports(field) else ""


def _describe_usb(rs: Any, device: Any) -> str:
    usb = read_info(rs, device, "usb_type_descriptor")
    return f" (USB {usb})" if usb else ""


def _describe_modes(rs: Any, device: Any, modes: set[StreamMode]) -> str:
    if not modes:
        return "it has none of these images at all; is it a stereo camera such as the D405?"
    rates: dict[tuple[int, int], list[int]] = defaultdict(list)
    for mode in modes:
        rates[mode.width, mode.height].append(mode.rate_hz)
    listed = "; ".join(
        f"{width}x{height} at {', '.join(map(str, sorted(found)))} Hz"
        for (width, height), found in sorted(rates.items(), reverse=True)
    )
    hint = ""
    if read_info(rs, device, "usb_type_descriptor").startswith("2"):
        hint = ". USB 2 leaves only these: use a USB 3 port and its cable"
    return f"choose one of {listed}{hint}"
