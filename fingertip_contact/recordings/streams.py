"""What each depth source reads of a recording beside its colour images."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from fingertip_contact.registry import DEPTH_SOURCES

Stream = Literal["depth", "imagers"]

# Whatever was recorded.
AUTO = "auto"
# The streams that each depth source cannot do without.
NEEDED_STREAMS: dict[str, tuple[Stream, ...]] = {
    "none": (),
    "sensor": ("depth",),
    "model": (),
    "stereo": ("imagers",),
    "fused": ("depth",),
}
# Those that read nothing but colour.
COLOR_SOURCES = ("none", "model")
# Those that it also reads where they were recorded.
_ALSO_READ: dict[str, tuple[Stream, ...]] = {"stereo": ("depth",)}
_DESCRIPTIONS: dict[Stream, str] = {"depth": "depth aligned to colour", "imagers": "images of both imagers"}
_REMEDIES: dict[Stream, str] = {
    "depth": "start the driver with align_depth.enable:=true and record aligned depth",
    "imagers": (
        "start the driver with enable_infra1:=true enable_infra2:=true and record both image_rect_raw and "
        "infra2's camera_info"
    ),
}


def select_streams(depth_source: str, recorded: Collection[Stream], path: Path, found: str) -> frozenset[Stream]:
    """The streams to read for a depth source: `auto`, and sources of other packages, get all that are recorded.

    Raises ValueError for an unknown source, or for one whose stream was not recorded, with the sources that would work;
    path, found: the recording and what it holds, for that message.
    """
    if depth_source == AUTO:
        return frozenset(recorded)
    if depth_source not in NEEDED_STREAMS:
        DEPTH_SOURCES.get(depth_source)  # Raises for an unknown one.
        return frozenset(recorded)
    for stream in NEEDED_STREAMS[depth_source]:
        if stream not in recorded:
            raise ValueError(
                f"{path} has no {_DESCRIPTIONS[stream]}, which depth source {depth_source} needs: {_REMEDIES[stream]}, "
                f"or choose one of {', '.join(_find_possible_sources(recorded))}; {found}"
            )
    wanted = (*NEEDED_STREAMS[depth_source], *_ALSO_READ.get(depth_source, ()))
    return frozenset(stream for stream in wanted if stream in recorded)


def describe_streams(streams: Collection[Stream]) -> str:
    """What is read, in words: "colour and depth aligned to colour"."""
    chosen = [text for stream, text in _DESCRIPTIONS.items() if stream in streams]
    return f"colour, {' and '.join(chosen)}" if chosen else "colour alone"


def _find_possible_sources(recorded: Collection[Stream]) -> list[str]:
    return [source for source, needed in NEEDED_STREAMS.items() if set(needed) <= set(recorded)]
